import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeMembers, sumOfRates } from '../../shared/compute/members.ts';
import { type DbInstance, judgeDatabase, pricedDatabase } from '../../shared/compute/rds.ts';
import type { Utilization } from '../../shared/compute/utilization.ts';
import { dbInstance } from '../support/rds.ts';

const start = Date.parse('2026-11-16T17:10:00Z');
const window = { start: '2026-11-16T17:10:00Z', end: '2026-11-16T17:55:00Z' }; // nine periods
const policy = { cpuPercent: 5 };

/** One value a period. */
const series = (values: readonly (number | undefined)[]) => ({
  points: values.flatMap((value, index) =>
    value === undefined ? [] : [{ at: start + index * 300_000, value }],
  ),
});

const nine = (value: number) => Array.from({ length: 9 }, () => value);
const judge = (
  connections: readonly (number | undefined)[],
  cpu: readonly (number | undefined)[] = nine(3),
) => judgeDatabase({ connections: series(connections), cpuPercent: series(cpu) }, window, policy);

describe('a database', () => {
  it('is idle where nobody was connected in any period, and its CPU was quiet', () => {
    expect(judge(nine(0))).toMatchObject({
      state: 'idle',
      reason: 'no connection, and CPU at most 3 %, for 45 min, 100 % coverage',
      coverage: 1,
      confidence: 'high',
      wastedShare: 1,
    });
  });

  it('is busy where somebody was connected once, and says when', () => {
    expect(judge([0, 0, 0, 2, 0, 0, 0, 0, 0])).toMatchObject({
      state: 'busy',
      reason: 'up to 2 connections in the last 45 min',
      lastBusy: '2026-11-16T17:25:00Z',
    });
  });

  it('is busy where its CPU is at work, though nobody was seen', () => {
    expect(judge(nine(0), [3, 3, 3, 3, 3, 3, 3, 3, 22.4]).reason).toBe(
      'CPU up to 22.4 % in the last 45 min, though nobody was seen to be connected',
    );
  });

  it.each<[string, ReturnType<typeof judge>, string]>([
    [
      'one period is missing',
      judge([0, 0, 0, 0, undefined, 0, 0, 0, 0]),
      'DatabaseConnections reported for 88 %',
    ],
    ['its CPU is missing', judge(nine(0), []), 'CPUUtilization reported for 0 %'],
    ['nothing is told of it', judge([], []), 'DatabaseConnections reported for 0 %'],
    ['a value can not be', judge([0, 0, 0, 0, -1, 0, 0, 0, 0]), 'DatabaseConnections reported for 88 %'],
  ])('is unknown where %s', (_, judged, reason) => {
    expect(judged).toMatchObject({
      state: 'unknown',
      confidence: 'low',
      reason: expect.stringContaining(reason),
    });
  });

  it('is unknown where a query failed, whatever it told before', () => {
    const failed = { ...series(nine(0)), failure: 'CloudWatch answered InternalError' };
    const judged = judgeDatabase({ connections: failed, cpuPercent: series(nine(1)) }, window, policy);
    expect(judged).toMatchObject({
      state: 'unknown',
      coverage: 0,
      reason: expect.stringContaining('InternalError'),
    });
  });

  it('never gets idle by points that are lost', () => {
    const value = fc.record({ connections: fc.nat(3), cpu: fc.nat(12), isLost: fc.boolean() });
    fc.assert(
      fc.property(fc.array(value, { minLength: 9, maxLength: 9 }), (periods) => {
        const whole = judge(
          periods.map(({ connections }) => connections),
          periods.map(({ cpu }) => cpu),
        );
        const part = judge(
          periods.map(({ connections, isLost }) => (isLost ? undefined : connections)),
          periods.map(({ cpu, isLost }) => (isLost ? undefined : cpu)),
        );
        expect(part.state === 'idle' && whole.state !== 'idle').toBe(false);
      }),
    );
  });
});

describe('the price of a database', () => {
  it.each<[string, Partial<DbInstance>, object | undefined]>([
    ['in one zone', {}, { use: 'database', engine: 'PostgreSQL' }],
    ['with a standby', { multiAz: true, engine: 'mysql' }, { use: 'database-multi-az', engine: 'MySQL' }],
    [
      'of Aurora, in several zones',
      { multiAz: true, engine: 'aurora-mysql' },
      { use: 'database', engine: 'Aurora MySQL' },
    ],
    [
      'of Aurora with I/O included',
      { engine: 'aurora-postgresql', storageType: 'aurora-iopt1' },
      { use: 'database-io-optimized' },
    ],
    ['by capacity', { engine: 'aurora-postgresql', instanceClass: 'db.serverless' }, undefined],
    ['with a licence', { engine: 'sqlserver-se' }, undefined],
  ])('%s is told by what the bill calls it', (_, given, expected) => {
    const priced = pricedDatabase(dbInstance(given));
    if (expected === undefined) expect(priced).toBeUndefined();
    else expect(priced).toMatchObject({ region: 'eu-west-1', type: 'db.r6g.large', ...expected });
  });
});

describe('what has members', () => {
  const judged = (state: Utilization['state'], more: Partial<Utilization> = {}): Utilization => ({
    state,
    reason: `${state} as can be`,
    windowStart: window.start,
    windowEnd: window.end,
    coverage: 1,
    confidence: 'high',
    ...more,
  });
  const of = (...utilizations: (Utilization | undefined)[]) =>
    judgeMembers(
      utilizations.map((utilization, index) => ({ name: `i-${index}`, utilization })),
      window,
    );

  it('is idle where each of them is, with the lowest confidence and coverage', () => {
    expect(of(judged('idle'), judged('idle', { confidence: 'medium', coverage: 0.95 }))).toMatchObject({
      state: 'idle',
      reason: 'all 2 members idle: i-0: idle as can be',
      confidence: 'medium',
      coverage: 0.95,
    });
    expect(of(judged('idle')).reason).toBe('its only member idle: i-0: idle as can be');
  });

  it('is busy where one of them works, though another is unknown, and as late as the last of them', () => {
    const [early, late] = ['2026-11-16T17:20:00Z', '2026-11-16T17:40:00Z'];
    const all = [judged('underused', { lastBusy: late }), undefined, judged('busy', { lastBusy: early })];
    expect(of(...all)).toMatchObject({
      state: 'busy',
      reason: '2 of 3 members at work: i-0: underused as can be',
      lastBusy: late,
    });
  });

  it.each<[string, (Utilization | undefined)[], string]>([
    ['one is unknown', [judged('idle'), judged('unknown')], 'i-1: unknown as can be'],
    ['one was not measured', [judged('idle'), undefined], 'i-1: it was not measured'],
    ['there are none', [], 'no members'],
  ])('is unknown where %s', (_, all, reason) => {
    expect(of(...all)).toMatchObject({ state: 'unknown', reason: expect.stringContaining(reason) });
  });

  it('costs what all of them cost, and an unknown amount where one has no price', () => {
    const rates = new Map([
      ['a', 0.25],
      ['b', 0.5],
    ]);
    const whole = [
      { id: 'both', members: ['a', 'b'] },
      { id: 'one unknown', members: ['a', 'c'] },
      { id: 'none', members: [] },
    ];
    expect([...sumOfRates(whole, rates)]).toEqual([['both', 0.75]]);
  });
});
