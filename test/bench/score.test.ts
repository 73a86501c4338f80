import { describe, expect, it } from 'vitest';
import type { Decoy, LabelledEvent, LabelledSet } from '../../bench/detection/labelled.ts';
import { medianOf, score } from '../../bench/detection/score.ts';

/** Series `a` from day 1000 on: 28 days to warm up and a year that counts. */
const days = 28 + 365;
const start = 1000;
const amounts = new Float64Array(days);

const leak = (event: Partial<LabelledEvent> = {}): LabelledEvent => ({
  id: 'e1',
  series: 'a',
  kind: 'level_shift',
  start: 1100,
  end: 1109,
  alarmBy: 1105,
  extra: new Map(Array.from({ length: 10 }, (_, index) => [1100 + index, 10])),
  ...event,
});

const setOf = (events: readonly LabelledEvent[], decoys: readonly Decoy[] = []): LabelledSet => ({
  series: [{ name: 'a', start, final: amounts, seenFirst: amounts, seenNext: amounts }],
  events,
  decoys,
  calendar: [],
});

const scoreOf = (alarms: readonly number[], events = [leak()], decoys: readonly Decoy[] = []) =>
  score(new Map([['a', alarms]]), setOf(events, decoys));

describe('an event is', () => {
  it.each([
    ['found on its first day', [1100], 0],
    ['found on the last day that counts', [1105], 5],
    ['found by the first of several alarms, in any order', [1104, 1102, 1102], 2],
  ])('%s', (_, alarms, delay) =>
    expect(scoreOf(alarms)).toMatchObject({ recall: 1, precision: 1, medianDelay: delay, falseAlarms: [] }),
  );

  it.each([
    ['missed, and neither right nor wrong, where the alarm comes late', [1106], 0],
    ['missed, and neither right nor wrong, three days after its end', [1112], 0],
    ['missed, and falsely alarmed, four days after its end', [1113], 1],
    ['missed, and falsely alarmed, the day before it starts', [1099], 1],
    ['missed without an alarm', [], 0],
  ])('%s', (_, alarms, wrong) => {
    const { recall, falseAlarms, missed } = scoreOf(alarms);
    expect(recall).toBe(0);
    expect(falseAlarms).toHaveLength(wrong);
    expect(missed.map(({ id }) => id)).toEqual(['e1']);
  });
});

describe('false alarms', () => {
  it('no more than seven days apart are one', () =>
    expect(scoreOf([1200, 1207, 1214, 1222]).falseAlarms).toEqual([
      { series: 'a', day: 1200, kind: 'plain' },
      { series: 'a', day: 1222, kind: 'plain' },
    ]));

  it('in the first 28 days of a series do not count', () =>
    expect(scoreOf([1000, 1027]).falseAlarms).toEqual([]));

  it('are counted by the year of a series', () =>
    expect(scoreOf([1200, 1300]).falsePerYear).toBeCloseTo((2 * 365.25) / 365, 12));

  it('are put down to the decoy they fell for, until two days after it', () => {
    const fee: Decoy = { series: 'a', start: 1200, end: 1200, kind: 'monthly_fee' };
    expect(scoreOf([1202], [], [fee]).falseAlarms).toMatchObject([{ kind: 'monthly_fee' }]);
    expect(scoreOf([1203], [], [fee]).falseAlarms).toMatchObject([{ kind: 'plain' }]);
  });

  it('make precision the share of found events among all that was told', () =>
    expect(scoreOf([1100, 1200, 1300])).toMatchObject({ precision: 1 / 3, recall: 1, f1: 0.5 }));
});

describe('dollars', () => {
  it('are saved from the day after the alarm on', () =>
    expect(scoreOf([1103])).toMatchObject({ usdRecall: 1, usdSaved: 0.6 }));

  it('of a missed event are neither recalled nor saved', () => {
    const other = leak({ id: 'e2', start: 1200, end: 1200, alarmBy: 1202, extra: new Map([[1200, 300]]) });
    expect(scoreOf([1100], [leak(), other])).toMatchObject({ usdRecall: 0.25, usdSaved: 0.225 });
  });

  it('count for the first 60 days of an event', () => {
    const extra = new Map(Array.from({ length: 100 }, (_, index) => [1100 + index, 1]));
    const long = leak({ end: 1199, alarmBy: 1150, extra });
    expect(scoreOf([1129], [long]).usdSaved).toBe(0.5);
  });
});

describe('within an event', () => {
  const long = leak({ end: 1160, alarmBy: 1110 });

  it('an alarm after more than a week of silence is a repeat', () =>
    expect(scoreOf([1100, 1107, 1115, 1130], [long])).toMatchObject({ repeats: 2, falseAlarms: [] }));

  it('an alarm belongs to the event that is listed first', () => {
    const next = leak({ id: 'e2', start: 1111, end: 1120, alarmBy: 1120, kind: 'spike' });
    const { kinds, missed } = scoreOf([1100, 1111, 1113], [leak(), next]);
    expect(missed).toEqual([]);
    expect(kinds.get('spike')?.delays).toEqual([2]);
  });
});

it('counts each kind of event by itself', () => {
  const spike = leak({ id: 'e2', kind: 'spike', start: 1300, end: 1301, alarmBy: 1303 });
  expect([...scoreOf([1101], [spike, leak()]).kinds]).toEqual([
    ['level_shift', { found: 1, events: 1, delays: [1] }],
    ['spike', { found: 0, events: 1, delays: [] }],
  ]);
});

it.each([
  [[3, 1, 2], 2],
  [[1, 4], 2.5],
  [[], undefined],
])('the median of %j is %s', (values, median) => expect(medianOf(values)).toBe(median));
