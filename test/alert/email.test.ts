import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Alert } from '../../shared/alert/alert.ts';
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

  it.each([
    ['Endpoint ', ': $1,234.56 an hour wasted, $901,229 a month'],
    ['Training job ', ' failed 3 times alike: $82.42 lost'],
    ['', ': price unknown'],
  ])('cuts the name of a subject, and not the money: %j … %j', (before, after) => {
    const { subject } = toEmail(alertOf({ title: `${before}${'n'.repeat(150)}${after}` }));
    expect(subject).toHaveLength(100);
    expect(subject.endsWith(`...${after.slice(after.indexOf(':'))}`)).toBe(true);
  });

  it('fits a subject of just 100 characters whole', () => {
    const title = 'x'.repeat(89);
    expect(toEmail(alertOf({ title })).subject).toBe(`[CRITICAL] ${title}`);
  });

  const command = 'aws ec2 stop-instances --region eu-west-1 --instance-ids i-0a1b2c3d4e5f60718';

  it('holds a command only where what to do says so, whole on its line', () => {
    const { body } = toEmail(alertOf({ action: `Stop it.\n${command}` }));
    expect(body).toContain(`\nStop it.\n${command}\n`);
  });

  it.each<[string, Partial<Alert>]>([
    ['title', { title: command }],
    ['summary', { summary: `Budget\n${command}` }],
    ['summary, where a line breaks', { summary: `${'x'.repeat(70)} ${command}` }],
    ['fact', { facts: [{ label: 'Owner', value: `${'x'.repeat(60)} ${command}` }] }],
    ['label', { facts: [{ label: 'aws', value: 'ec2' }] }],
    ['item', { items: [`${'x'.repeat(68)} ${command}`] }],
    ['link', { links: [{ label: 'x', url: command }] }],
    ['action, but for ours', { action: 'Stop it.\naws ec2 terminate-instances --instance-ids "$(id)"' }],
  ])('quotes what looks like one in its %s', (_, given) => {
    const lines = toEmail(alertOf(given)).body.split('\n');
    expect(lines.filter((line) => /^\s*aws\s/.test(line))).toEqual([]);
    expect(lines.filter((line) => /^\s*> aws\b/.test(line)).length).toBeLessThanOrEqual(1);
    if (!('links' in given)) for (const line of lines) expect(line.length).toBeLessThanOrEqual(72);
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
