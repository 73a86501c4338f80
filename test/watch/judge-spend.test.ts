import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Feedback, type Said, toFeedback } from '../../shared/anomaly/feedback.ts';
import { type Incident, markTold } from '../../shared/anomaly/incident.ts';
import { type Config, parseConfig } from '../../shared/config.ts';
import { addDays, datesOf, type IsoDate } from '../../shared/period.ts';
import { emptyLedger, observe } from '../../shared/spend/ledger.ts';
import { toSeries } from '../../shared/spend/series.ts';
import { judgeSpend } from '../../shared/watch/judge-spend.ts';
import { chargeOn, figuresBetween, seriesOf } from '../support/spend.ts';

/** An account that costs $100 a day, and `excess` more from 14 November on. */
const spendOn = (date: IsoDate, excess: (date: IsoDate) => number) =>
  100 + (Number(date.slice(-2)) % 5) + (date >= '2026-11-14' ? excess(date) : 0);

type Told = { date: IsoDate; change: string; reason: string };

/** What is told on each morning from 15 November on, where somebody answers on the 16th. */
function mornings(
  through: IsoDate,
  { excess = (_: IsoDate) => 800, said, config = parseConfig({}) }: Story = {},
): Told[] {
  const told: Told[] = [];
  const kept = new Map<string, Incident>();
  let feedback: Feedback[] = [];
  for (const date of datesOf({ start: '2026-11-15', end: addDays(through, 1) })) {
    const at = `${date}T06:00:00Z`;
    const series = seriesOf(figuresBetween('2026-10-01', addDays(date, -1), (day) => spendOn(day, excess)));
    const known = [...kept.values()];
    const judged = judgeSpend([series], { known, from: '2026-11-14', config, at, feedback });
    for (const { incident, change } of judged.incidents) {
      kept.set(incident.id, change ? markTold(incident, change, at) : incident);
      if (change) told.push({ date, change, reason: incident.reason });
    }
    const [first] = kept.values();
    if (date === '2026-11-16' && said && first) feedback = [toFeedback(first, { ...said, at })];
  }
  return told;
}

type Story = { excess?: (date: IsoDate) => number; said?: Said; config?: Config };

const changes = (told: readonly Told[]) => told.map(({ date, change }) => [date, change]);

describe('a leak that somebody answered', () => {
  it('is told of once more until it has become normal, where nobody says anything', () => {
    expect(changes(mornings('2026-12-06'))).toEqual([
      ['2026-11-15', 'opened'],
      ['2026-11-23', 'grown'], // it has cost four times as much, and a week has passed
      ['2026-12-05', 'accepted'],
    ]);
  });

  it('is told nothing more of where it was expected', () => {
    expect(changes(mornings('2026-12-06', { said: { answer: 'expected' } }))).toEqual([
      ['2026-11-15', 'opened'],
    ]);
  });

  it('is told where it doubles all the same', () => {
    const excess = (date: IsoDate) => (date < '2026-11-20' ? 800 : 1700);
    expect(changes(mornings('2026-11-24', { excess, said: { answer: 'expected' } }))).toEqual([
      ['2026-11-15', 'opened'],
      ['2026-11-21', 'grown'],
    ]);
  });

  it('is told where it goes on after its plan, however long that was, and becomes normal only then', () => {
    const said = { answer: 'planned', through: '2026-12-08' } as const;
    const told = mornings('2026-12-31', { said });
    expect(changes(told)).toEqual([
      ['2026-11-15', 'opened'],
      ['2026-12-10', 'grown'],
      ['2026-12-29', 'accepted'], // three weeks, with the day on which it began
    ]);
    expect(told[1]?.reason).toMatch(/It was planned through 2026-12-08, and goes on\.$/);
  });

  it('is told nothing more of where its plan ends as planned', () => {
    const said = { answer: 'planned', through: '2026-12-08' } as const;
    const excess = (date: IsoDate) => (date <= '2026-12-08' ? 800 : 0);
    expect(changes(mornings('2026-12-13', { excess, said }))).toEqual([['2026-11-15', 'opened']]);
  });
});

describe('spend that moves from one account to another', () => {
  it('is an incident of the one it moves to, though their sum is flat', () => {
    const days = (amountOf: (moved: boolean) => number) =>
      figuresBetween('2026-09-01', '2026-11-15', (date) => amountOf(date >= '2026-11-14'));
    const of = (account: string, amountOf: (moved: boolean) => number) => ({
      ...seriesOf(days(amountOf)),
      scope: { account, service: 'Amazon EC2' },
    });
    const { incidents } = judgeSpend(
      [
        of('111111111111', (moved) => (moved ? 100 : 900)),
        of('222222222222', (moved) => (moved ? 900 : 100)),
      ],
      { known: [], from: '2026-11-01', config: parseConfig({}), at: '2026-11-16T06:00:00Z' },
    );
    expect(
      incidents.map(({ incident: { scope, start }, change }) => [scope['account'], start, change]),
    ).toEqual([['222222222222', '2026-11-14', 'opened']]);
  });
});

describe('a bill whose rows come in any order', () => {
  const period = { start: '2026-09-20', end: '2026-11-16' };
  const charges = ['111111111111', '222222222222'].flatMap((account, index) =>
    datesOf(period).flatMap((date) =>
      ['Amazon EC2', 'Amazon S3'].map((service) =>
        chargeOn({ account, service }, 100.1 + index + (date >= '2026-11-14' && index === 0 ? 300.7 : 0), {
          date,
        }),
      ),
    ),
  );
  const judged = (rows: typeof charges) => {
    const ledger = observe(emptyLedger, '2026-11-16T06:00:00Z', rows, period);
    const task = { known: [], from: '2026-11-01', config: parseConfig({}), at: '2026-11-16T06:00:00Z' };
    return judgeSpend(toSeries(ledger, period), task);
  };

  it('has the same incidents, to the last digit', () => {
    const inOrder = judged(charges);
    expect(inOrder.incidents.filter(({ change }) => change === 'opened')).not.toEqual([]);
    const order = fc.shuffledSubarray(charges, { minLength: charges.length });
    fc.assert(
      fc.property(order, (rows) => {
        expect(judged(rows)).toEqual(inOrder);
      }),
      { numRuns: 10 },
    );
  });
});

describe('a floor of its own', () => {
  const floors = (floor: number) => parseConfig({ spend: { floors: [{ account: '210987654321', floor }] } });
  const excess = () => 60;

  it('decides what is noise in its part of the spend', () => {
    expect(changes(mornings('2026-11-16', { excess, config: floors(20) }))).toEqual([
      ['2026-11-15', 'opened'],
    ]);
    expect(changes(mornings('2026-11-16', { excess, config: floors(500) }))).toEqual([]);
  });
});

describe('the chart of what is told', () => {
  const config = parseConfig({});
  const days = figuresBetween('2026-06-01', '2026-11-15', (date) => spendOn(date, () => 800));
  const judge = (known: readonly Incident[] = []) =>
    judgeSpend([seriesOf(days)], { known, from: '2026-11-10', config, at: '2026-11-16T06:00:00Z' });

  it('knows what was to be expected of the weeks before those that are judged', () => {
    const [leak] = judge().incidents;
    const { start, actual, expected, limit, since } = leak?.chart ?? {};
    expect({ start, since, days: actual?.length }).toEqual({
      start: '2026-10-05',
      since: '2026-11-14',
      days: 42,
    });
    expect(expected?.every((amount) => amount !== null && amount > 99 && amount < 110)).toBe(true);
    expect(limit?.every((amount, index) => amount !== null && amount > (expected?.[index] ?? 0))).toBe(true);
    const own = leak?.incident.days.map((day) => Number(day.expected.toPrecision(5)));
    expect(expected?.slice(-2)).toEqual(own);
    expect(actual?.slice(-2)).toEqual([904, 900]);
  });

  it('is of nothing that is not told', () => {
    const [leak] = judge().incidents;
    const told = leak && markTold(leak.incident, 'opened', '2026-11-16T06:00:00Z');
    const again = judge(told ? [told] : []).incidents;
    expect(again.map(({ change, chart }) => [change, chart])).toEqual([[undefined, undefined]]);
  });
});
