import { describe, expect, it } from 'vitest';
import { toFeedback } from '../../shared/anomaly/feedback.ts';
import { type Incident, markTold } from '../../shared/anomaly/incident.ts';
import { parseConfig } from '../../shared/config.ts';
import { addDays, datesOf, type IsoDate } from '../../shared/period.ts';
import type { Scope } from '../../shared/spend/scope.ts';
import type { SpendSeries } from '../../shared/spend/series.ts';
import { judgeSpend } from '../../shared/watch/judge-spend.ts';
import { figuresBetween } from '../support/spend.ts';

const config = parseConfig({});
const compute = 'Amazon Elastic Compute Cloud - Compute';
const disks = 'EC2 - Other';

type Costs = { scope: Scope; usual: number; excess?: (date: IsoDate) => number };

/** Costs that go up and down a little, each series on days of its own. */
const seriesUntil = (all: readonly Costs[], through: IsoDate): SpendSeries[] =>
  all.map(({ scope, usual, excess = () => 0 }, index) => ({
    scope,
    currency: 'USD',
    days: figuresBetween(
      '2026-09-01',
      through,
      (date) => usual * (1 + (Number(date.slice(-2)) % (index + 3)) / 100) + excess(date),
    ),
  }));

const from = (first: IsoDate, amount: number) => (date: IsoDate) => (date >= first ? amount : 0);

const place = (account: string, service: string): Scope => ({ account, service });

/** Two accounts with two services each. */
const bill = (...leaks: readonly (Partial<Costs> | undefined)[]): Costs[] =>
  [place('dev', compute), place('dev', disks), place('prod', compute), place('prod', disks)].map(
    (scope, index) => ({ scope, usual: 200, ...leaks[index] }),
  );

/** What is told on each morning, with everything kept from run to run. */
function mornings(first: IsoDate, last: IsoDate, costs: readonly Costs[]) {
  const kept = new Map<string, Incident>();
  const told: [IsoDate, string | undefined, Scope, string][] = [];
  for (const date of datesOf({ start: first, end: addDays(last, 1) })) {
    const at = `${date}T06:00:00Z`;
    const series = seriesUntil(costs, addDays(date, -1));
    const judged = judgeSpend(series, { known: [...kept.values()], from: '2026-11-10', config, at });
    for (const { incident, change, record, parts } of judged.incidents) {
      const { told: known } = change ? markTold(incident, change, at) : incident;
      for (const one of [record, ...parts]) kept.set(one.id, one);
      if (known) kept.set(record.id, { ...record, told: known });
      if (change) told.push([date, change, incident.scope, incident.id]);
    }
  }
  return { told, kept: [...kept.values()] };
}

describe('a leak in one account and service', () => {
  const costs = bill({ excess: from('2026-11-14', 900) });

  it('is told once, though the account, the service and the total show it too', () => {
    const { told, kept } = mornings('2026-11-15', '2026-11-18', costs);
    const id = `dev/${compute}/2026-11-14`;
    expect(told).toEqual([['2026-11-15', 'opened', place('dev', compute), id]]);
    const parts = kept.filter((one) => one.id !== id);
    expect(parts.map(({ scope }) => scope)).toEqual(
      expect.arrayContaining([{}, { account: 'dev' }, { service: compute }]),
    );
    expect(parts.every(({ partOf, told }) => partOf === id && told === undefined)).toBe(true);
  });

  it('is over once, when it is over', () => {
    const ends = (date: IsoDate) => (date >= '2026-11-14' && date < '2026-11-17' ? 900 : 0);
    const { told } = mornings('2026-11-15', '2026-11-22', bill({ excess: ends }));
    expect(told.map(([date, change]) => [date, change])).toEqual([
      ['2026-11-15', 'opened'],
      ['2026-11-19', 'recovered'],
    ]);
  });

  it('counts as one series of those that were given, whatever its sums are', () => {
    const series = seriesUntil(costs, '2026-11-15');
    const judged = judgeSpend(series, {
      known: [],
      from: '2026-11-10',
      config,
      at: '2026-11-16T06:00:00Z',
    });
    expect(judged.series.map(({ scope, state }) => [scope, state])).toEqual([
      [place('dev', compute), 'incident'],
      [place('dev', disks), 'normal'],
      [place('prod', compute), 'normal'],
      [place('prod', disks), 'normal'],
    ]);
  });
});

describe('what is left of an old leak', () => {
  it('is not told when the incident that it was part of is forgotten', () => {
    const over = bill({ excess: (date) => (date >= '2026-11-14' && date < '2026-11-17' ? 900 : 0) });
    const { kept } = mornings('2026-11-15', '2026-11-22', over);
    const parts = kept.filter(({ partOf }) => partOf !== undefined);
    expect(parts).toHaveLength(3);
    const at = '2026-11-29T06:00:00Z';
    const task = { known: parts, from: '2026-11-27', config, at };
    expect(judgeSpend(seriesUntil(over, '2026-11-28'), task).incidents).toEqual([]);
  });
});

describe('several leaks at once', () => {
  it('in two accounts are two', () => {
    const costs = bill({ excess: from('2026-11-14', 900) }, undefined, undefined, {
      excess: from('2026-11-14', 700),
    });
    const { told } = mornings('2026-11-15', '2026-11-18', costs);
    expect(told.map(([date, change, scope]) => [date, change, scope])).toEqual([
      ['2026-11-15', 'opened', place('dev', compute)],
      ['2026-11-15', 'opened', place('prod', disks)],
    ]);
  });

  it('that a saving elsewhere hides in the total are told all the same', () => {
    const costs = bill({ excess: from('2026-11-14', 150) }, undefined, { excess: from('2026-11-14', -150) });
    const { told } = mornings('2026-11-15', '2026-11-18', costs);
    expect(told.map(([, change, scope]) => [change, scope])).toEqual([['opened', place('dev', compute)]]);
  });

  it('in machines and disks of one account are one, of the account', () => {
    const costs = bill({ excess: from('2026-11-14', 900) }, { excess: from('2026-11-14', 600) });
    const { told } = mornings('2026-11-15', '2026-11-18', costs);
    expect(told).toEqual([['2026-11-15', 'opened', { account: 'dev' }, 'dev/2026-11-14']]);
  });
});

describe('a leak that no series shows by itself', () => {
  it('is told of the sum', () => {
    const many: Costs[] = Array.from({ length: 12 }, (_, index) => ({
      scope: place('dev', `Service ${index}`),
      usual: 40,
      excess: from('2026-11-14', 20), // below the floor
    }));
    const { told } = mornings('2026-11-15', '2026-11-18', [
      ...many,
      { scope: place('prod', compute), usual: 100 },
    ]);
    expect(told.map(([, change, scope]) => [change, scope])).toEqual([['opened', { account: 'dev' }]]);
  });
});

describe('a leak of which somebody has said that it is expected', () => {
  const costs = bill({ excess: from('2026-11-14', 900) });
  const at = '2026-11-17T06:00:00Z';
  const known = mornings('2026-11-15', '2026-11-16', costs).kept;
  const leak = known.find(({ partOf }) => partOf === undefined);
  const feedback = leak ? [toFeedback(leak, { answer: 'expected', at: '2026-11-16T07:00:00Z' })] : [];
  const judge = (amount: number) =>
    judgeSpend(
      seriesUntil(
        bill({ excess: (date) => (date < '2026-11-16' ? (costs[0]?.excess?.(date) ?? 0) : amount) }),
        '2026-11-16',
      ),
      { known, from: '2026-11-14', config, at, feedback },
    ).incidents;

  it('is muted, with all that is part of it', () => {
    expect(judge(900).map(({ incident: { status }, change }) => [status, change])).toEqual([
      ['muted', undefined],
    ]);
  });

  it('goes on in its series as if nothing had been said', () => {
    expect(judge(900).map(({ record }) => record.status)).toEqual(['open']);
  });

  it('is told where it exceeds what was said to be fine', () => {
    expect(judge(2400).map(({ incident: { status }, change }) => [status, change])).toEqual([
      ['open', 'grown'],
    ]);
  });
});
