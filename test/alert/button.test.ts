import type { ActionsBlock } from '@slack/types';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Alert, alertKinds, severities } from '../../shared/alert/alert.ts';
import { actionBlocks, buttonsOf, chosenOf, permissionFor, pressNames } from '../../shared/alert/button.ts';
import type { Conversation } from '../../shared/alert/conversation.ts';
import { alertOf } from '../support/alert.ts';

const problem = alertOf({ step: 'opened', incidentId: 'incident/p4d' });
const names = (alert: Alert, conversation?: Conversation) =>
  buttonsOf(alert, conversation).map(({ name }) => name);

const conversationOf = (given: Partial<Conversation> = {}): Conversation => ({
  subject: problem.subject,
  kind: problem.kind,
  severity: problem.severity,
  title: problem.title,
  version: 1,
  isOpen: true,
  openedAt: problem.at,
  at: problem.at,
  alertId: problem.id,
  ...given,
});

const machine = (number: number) => ({ key: `i-${number}`, id: `i-${number}`, name: `trainer-${number}` });
const warning = (count: number) =>
  alertOf({
    id: 'stop-warning/ml-dev/mei/18:05',
    kind: 'stop-warning',
    severity: 'warning',
    schedulables: Array.from({ length: count }, (_, index) => machine(index)),
  });

describe('under a problem there are buttons', () => {
  it.each<[string, Partial<Alert>, readonly string[]]>([
    ['an incident', {}, ['acknowledge', 'snooze', 'expected', 'not-an-anomaly']],
    [
      'an incident that has grown',
      { step: 'grown' },
      ['acknowledge', 'snooze', 'expected', 'not-an-anomaly'],
    ],
  ])('for %s', (_, given, expected) => {
    expect(names({ ...problem, ...given })).toEqual(expected);
  });

  it.each<[string, Partial<Alert>, readonly string[]]>([
    ['an anomaly of AWS', { anomalyId: 'a-1' }, ['acknowledge', 'snooze', 'expected', 'not-an-anomaly']],
    ['what has a pattern', { pattern: 'idle/mei' }, ['acknowledge', 'snooze', 'expected']],
    ['what has neither', {}, ['acknowledge', 'snooze']],
  ])('for %s', (_, given, expected) => {
    expect(names(alertOf({ step: 'opened', ...given }))).toEqual(expected);
  });

  it.each<[string, Partial<Alert>]>([
    ['recovered', { step: 'recovered' }],
    ['was accepted', { step: 'accepted' }],
    ['was restated', { step: 'restated' }],
    ['says what somebody answered', { step: 'snoozed' }],
  ])('but not when it %s', (_, given) => {
    expect(names({ ...problem, ...given })).toEqual([]);
  });

  it('but not when it is told once and over', () => {
    expect(names(alertOf({ kind: 'launch', pattern: 'launch/mei' }))).toEqual([]);
  });

  it.each<[string, Partial<Conversation>, readonly string[]]>([
    [
      'was acknowledged',
      { acknowledged: { at: problem.at, by: 'U0MEI' } },
      ['snooze', 'expected', 'not-an-anomaly'],
    ],
    [
      'was snoozed',
      { snoozed: { at: problem.at, by: 'U0MEI', until: '2026-11-17T06:00:00Z' } },
      ['acknowledge', 'snooze', 'expected', 'not-an-anomaly'],
    ],
    ['is over', { isOpen: false }, []],
    [
      'is expected',
      { answered: { at: problem.at, by: 'U0MEI', answer: 'expected', until: '2026-12-16T00:00:00Z' } },
      [],
    ],
    [
      'was expected until it was told anew',
      { answered: { at: problem.at, by: 'U0MEI', answer: 'expected', until: '2026-11-16T00:00:00Z' } },
      ['acknowledge', 'snooze', 'expected', 'not-an-anomaly'],
    ],
  ])('that know that it %s', (_, given, expected) => {
    expect(names(problem, conversationOf(given))).toEqual(expected);
  });
});

describe('under a warning of a stop there are buttons', () => {
  it('to keep, and to stop without waiting', () => {
    expect(names(warning(1))).toEqual(['keep-2h', 'keep-until-tomorrow', 'stop-now']);
  });

  it('and a menu to keep one of several', () => {
    const [menu] = buttonsOf(warning(3)).filter(({ name }) => name === 'keep-one');
    expect(menu?.choices?.map(({ label }) => label)).toEqual(['trainer-0', 'trainer-1', 'trainer-2']);
    expect(menu?.choices?.map(({ value }) => chosenOf(warning(3), value)?.id)).toEqual(['i-0', 'i-1', 'i-2']);
    expect(chosenOf(warning(3), 'i-0')).toBeUndefined();
    expect(chosenOf(warning(3), undefined)).toBeUndefined();
  });

  it('of which the one that stops asks once more', () => {
    const [block] = actionBlocks(buttonsOf(warning(2)), warning(2));
    const asking = block?.elements.filter((element) => 'confirm' in element);
    expect(asking).toMatchObject([
      { action_id: 'stop-now', style: 'danger', confirm: { confirm: { text: 'Stop now' } } },
    ]);
  });

  it.each<[string, Partial<Alert>]>([
    ['only observes', { severity: 'info' }],
    ['lists nothing', { schedulables: [] }],
    ['is a result', { kind: 'stop-result' }],
  ])('but not when it %s', (_, given) => {
    expect(names({ ...warning(2), ...given })).toEqual([]);
  });

  it('which may be pressed by whom the configuration says of the button that does the same', () => {
    expect(permissionFor('keep-one')).toBe('keep-2h');
    expect(permissionFor('stop-now')).toBe('stop-now');
  });
});

/** Slack's limits on what it takes in an actions block (docs.slack.dev, block elements and composition objects). */
function expectFits(block: ActionsBlock, alert: Alert): void {
  expect(block.block_id).toBe(alert.id);
  expect(block.block_id?.length).toBeLessThanOrEqual(255);
  expect(block.elements.length).toBeGreaterThan(0);
  expect(block.elements.length).toBeLessThanOrEqual(25);
  const ids = block.elements.map((element) => ('action_id' in element ? element.action_id : undefined));
  expect(new Set(ids).size).toBe(ids.length);
  for (const id of ids) expect(pressNames).toContain(id);
  for (const element of block.elements) {
    if (element.type === 'button') {
      expect(element.value).toBe(alert.id);
      expectText(element.text.text, 75);
    } else if (element.type === 'static_select') {
      expectText(element.placeholder?.text ?? '', 150);
      expect(element.options?.length).toBeGreaterThan(0);
      expect(element.options?.length).toBeLessThanOrEqual(100);
      const values = element.options?.map(({ value }) => value) ?? [];
      expect(new Set(values).size).toBe(values.length);
      for (const { text, value } of element.options ?? []) {
        expectText(text.text, 75);
        expect(value?.length).toBeLessThanOrEqual(75);
      }
    } else throw new Error(`${element.type} was not expected`);
  }
}

function expectText(text: string, limit: number): void {
  expect(text.length).toBeGreaterThan(0);
  expect(text.length).toBeLessThanOrEqual(limit);
  expect(text.replace(/&(amp|lt|gt);/g, '')).not.toMatch(/[<>&]/); // nobody is mentioned, no entity is cut
}

describe('whatever stands in an alert', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.constantFrom('<!channel>', '&'.repeat(200), '', '\u202E', '😀'.repeat(80), '<@U0MEI> *bold*'),
  );
  const anyAlert = fc.record(
    {
      id: fc.oneof(
        fc.string({ minLength: 1, maxLength: 200 }),
        fc.string({ minLength: 256, maxLength: 300 }),
      ),
      kind: fc.constantFrom(...alertKinds),
      severity: fc.constantFrom(...severities),
      step: fc.constantFrom('opened', 'grown', 'reminded', 'escalated', 'reopened', 'recovered', 'expected'),
      incidentId: text,
      anomalyId: text,
      pattern: text,
      schedulables: fc.array(fc.record({ key: text, id: text, name: text }), { maxLength: 130 }),
    },
    { requiredKeys: ['id', 'kind', 'severity'] },
  );

  it('its buttons are valid Block Kit, within every limit', () => {
    fc.assert(
      fc.property(anyAlert, (given) => {
        const alert = alertOf(given as Partial<Alert>);
        const blocks = actionBlocks(buttonsOf(alert), alert);
        expect(blocks.length).toBeLessThanOrEqual(1);
        for (const block of blocks) expectFits(block, alert);
      }),
      { numRuns: 300 },
    );
  });

  it('and so are those of a warning with more than a menu takes', () => {
    const alert = {
      ...warning(130),
      schedulables: warning(130).schedulables?.map((each) => ({ ...each, name: '<&>'.repeat(60) })) ?? [],
    };
    const [block] = actionBlocks(buttonsOf(alert), alert);
    if (!block) throw new Error('no block');
    expectFits(block, alert);
  });
});
