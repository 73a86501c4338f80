import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toEmail } from '../../shared/alert/email.ts';
import { alertOf } from '../support/alert.ts';

describe('a mail', () => {
  it('reads well in a fixed width', () => {
    expect(toEmail(alertOf())).toEqual({
      subject: '[CRITICAL] EC2 in ml-dev costs $786 a day more than expected',
      body: `EC2 in ml-dev costs $786 a day more than expected

Since Friday 2026-11-13, almost certainly: a p4d.24xlarge that nobody
stopped.

Account   ml-dev (210987654321)
Expected  $64.20 a day

- p4d.24xlarge i-0a1b2c3d4e5f60718: $32.77 an hour

What to do:
Stop i-0a1b2c3d4e5f60718, or tag it auto-stop:keep-until if it is
needed.

Links:
- Cost Explorer
  https://console.aws.amazon.com/costmanagement/home#/cost-explorer

-- 
spend-anomaly / 210987654321 / eu-west-1 / search / 2026-11-16T06:00:00Z
incident/p4d/opened
`,
    });
  });

  it.each([
    ['Größe – “p4d” × 8…', '[INFO] Grosse - "p4d" x 8...'],
    ['Łódź costs €5', '[INFO] Lodz costs EUR 5'],
    ['🔥🔥 fire', '[INFO] ? fire'],
    ['two\nlines\u0007', '[INFO] two lines'],
    ['', '[INFO] -'],
    ['\u0300', '[INFO] -'],
  ])('has an ASCII subject for %j', (title, subject) => {
    expect(toEmail(alertOf({ title, severity: 'info' })).subject).toBe(subject);
  });

  it('cuts a subject at 100 characters', () => {
    const { subject } = toEmail(alertOf({ title: 'x'.repeat(200) }));
    expect(subject).toBe(`[CRITICAL] ${'x'.repeat(86)}...`);
    expect(subject).toHaveLength(100);
  });

  it('breaks a value of 5,000 characters under its own column', () => {
    const { body } = toEmail(alertOf({ facts: [{ label: 'Team', value: 'y'.repeat(5000) }] }));
    expect(body).toContain(`Team  ${'y'.repeat(66)}\n      ${'y'.repeat(66)}\n`);
  });

  it('keeps an address whole, however long', () => {
    const url = `https://console.aws.amazon.com/${'z'.repeat(200)}`;
    expect(toEmail(alertOf({ links: [{ label: 'EC2', url }] })).body).toContain(`\n- EC2\n  ${url}\n`);
  });

  it('keeps the lines of a text that came with lines', () => {
    const summary = 'AWS Budget Notification\n\n\n\nBudget Name: team: search\r\nBudget Type: Cost';
    expect(toEmail(alertOf({ summary })).body).toContain(
      '\n\nAWS Budget Notification\n\nBudget Name: team: search\nBudget Type: Cost\n\n',
    );
  });

  it('has no section for what is empty', () => {
    const { body } = toEmail(alertOf({ summary: '', facts: [], items: [], action: '', links: [] }));
    expect(body).toMatch(/^EC2 in ml-dev costs \$786 a day more than expected\n\n-- \n/);
  });

  it('stays in its columns and has no control characters, whatever stands in it', () => {
    const anyText = fc.string({ unit: 'binary', maxLength: 300 });
    const facts = fc.array(fc.record({ label: anyText, value: anyText }), { maxLength: 5 });
    fc.assert(
      fc.property(anyText, anyText, facts, anyText, (title, summary, facts, item) => {
        const { subject, body } = toEmail(alertOf({ title, summary, facts, items: [item], links: [] }));
        expect(subject).toMatch(/^\[CRITICAL\] [\x20-\x7E]{1,89}$/);
        expect(body.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
        expect(body.isWellFormed()).toBe(true);
        for (const line of body.split('\n')) expect(line.length).toBeLessThanOrEqual(72);
      }),
    );
  });
});
