import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toDay } from '../../shared/period.ts';
import type { SpendHistory, SpendRecord } from '../../shared/spend/history.ts';
import type { Scope } from '../../shared/spend/scope.ts';
import { type BacktestOptions, backtest } from '../../shared/watch/backtest.ts';

const start = toDay('2026-01-01');

/** Figures as a file has them: day, the morning on which they were read, amount. */
type Row = readonly [day: number, observed: number, amount: number];

const historyOf = (rows: readonly Row[], scope: Scope = { service: 'Amazon EC2' }): SpendHistory => ({
  scope,
  category: 'Usage',
  days: Int32Array.from(rows, ([day]) => start + day),
  observed: Int32Array.from(rows, ([, observed]) => start + observed),
  amounts: Float64Array.from(rows, ([, , amount]) => amount),
});

const recordOf = (histories: readonly SpendHistory[], bitemporal = false): SpendRecord => ({
  currency: 'USD',
  dimensions: Object.keys(histories[0]?.scope ?? {}),
  bitemporal,
  histories,
});

/** Each day final on the next morning. */
const final = (amounts: readonly number[], scope?: Scope) =>
  historyOf(
    amounts.map((amount, day) => [day, day + 1, amount]),
    scope,
  );

/** Each day read three times: 80 %, 98 % and all of it. */
const filling = (amounts: readonly number[]) =>
  historyOf(
    amounts.flatMap((amount, day): Row[] => [
      [day, day + 1, amount * 0.8],
      [day, day + 2, amount * 0.98],
      [day, day + 3, amount],
    ]),
  );

const options: BacktestOptions = { sensitivity: 'balanced', floor: 25, flat: true, calendar: [] };

const days = (count: number, amount: number): number[] => Array(count).fill(amount);

const told = (record: SpendRecord, given: Partial<BacktestOptions> = {}) =>
  backtest(record, { ...options, ...given }).incidents.flatMap(({ told, start }) =>
    told.map(({ date, change }) => [date, change, start]),
  );

describe('a leak', () => {
  const leak = [...days(60, 100), ...days(6, 400), ...days(10, 100)];

  it('is told on the morning after its first day, and over after two calm days', () => {
    expect(told(recordOf([final(leak)]))).toEqual([
      ['2026-03-03', 'opened', '2026-03-02'],
      ['2026-03-10', 'recovered', '2026-03-02'],
    ]);
  });

  it('is told while its first day still fills, and over when the calm days are complete', () => {
    expect(told(recordOf([filling(leak)], true))).toEqual([
      ['2026-03-03', 'opened', '2026-03-02'],
      ['2026-03-12', 'recovered', '2026-03-02'],
    ]);
  });

  it('comes to what its days cost above the expected, and to what of that came after the alert', () => {
    const [incident] = backtest(recordOf([final(leak)]), options).incidents;
    expect(incident?.impact).toBeCloseTo(1800, 2);
    expect(incident?.impactAfterAlert).toBeCloseTo(1500, 2);
    expect(incident?.expected).toBeCloseTo(100, 3);
    expect(incident).toMatchObject({
      series: { service: 'Amazon EC2' },
      kind: 'rise',
      status: 'recovered',
      detected: '2026-03-03',
      end: '2026-03-08',
      actual: 400,
      severity: 'critical',
    });
  });

  it('that shows on working days only is told to be over once too often, and not every week', () => {
    const weekly = Array.from({ length: 20 }, (_, day) => (day % 7 < 5 ? 400 : 100));
    const changes = told(recordOf([final([...days(60, 100), ...weekly, ...days(20, 100)])]));
    expect(changes.map(([, change]) => change)).toEqual(['opened', 'recovered', 'grown', 'recovered']);
  });

  it('that stays is the new normal after three weeks', () => {
    const changes = told(recordOf([final([...days(60, 100), ...days(60, 400)])]));
    expect(changes.map(([date, change]) => [date, change])).toEqual([
      ['2026-03-03', 'opened'],
      ['2026-03-11', 'grown'],
      ['2026-03-23', 'accepted'],
    ]);
  });

  it('that was an estimate, and is restated to normal before its day is complete, is taken back', () => {
    const rows: Row[] = days(70, 100).flatMap((amount, day): Row[] => [
      [day, day + 1, day === 60 ? 900 : amount],
      [day, day + 2, day === 60 ? 900 : amount],
      [day, day + 3, amount],
    ]);
    const { incidents } = backtest(recordOf([historyOf(rows)], true), options);
    expect(incidents).toHaveLength(1);
    expect(incidents[0]).toMatchObject({ status: 'recovered', impact: 0 });
    expect(incidents[0]?.told.map(({ change }) => change)).toEqual(['opened', 'recovered']);
  });

  it('that shows only when a complete day is restated is told by the run that read it', () => {
    const rows: Row[] = days(80, 100).flatMap((amount, day): Row[] => [
      [day, day + 1, amount],
      [day, day + 3, amount],
      ...(day === 60 ? ([[60, 70, 900]] as const) : []),
    ]);
    expect(told(recordOf([historyOf(rows)], true))[0]).toEqual(['2026-03-12', 'opened', '2026-03-02']);
  });
});

describe('a batch that used to rest', () => {
  const rests = Array.from({ length: 90 }, (_, day) => (day % 7 < 2 ? 40 : 0));

  it('and runs every day is one leak, worth the rests that fail to come', () => {
    const result = backtest(recordOf([final([...rests, ...days(30, 40)])]), { ...options, floor: 10 });
    expect(result.incidents).toHaveLength(1);
    expect(result.incidents[0]?.told.map(({ change }) => change)).toEqual(['opened', 'accepted']);
    expect(result.incidents[0]?.impact).toBeGreaterThan(400);
  });
});

describe('a figure that is taken back', () => {
  const restated = (through: number): Row[] =>
    days(90, 100).flatMap((amount, day): Row[] => [
      [day, day + 1, day === 60 ? 400 : amount],
      ...(day === 60 ? ([[60, 60 + through, 101]] as const) : []),
    ]);

  it('after its leak was told to be over is told to be none', () => {
    const record = recordOf([historyOf([...restated(9), [80, 90, 100]])], true);
    const [incident] = backtest(record, options).incidents;
    expect(incident?.told.map(({ change }) => change)).toEqual(['opened', 'recovered', 'restated']);
    expect(incident?.told.at(-1)?.title).toContain('the bill was restated');
  });
});

describe('what is told', () => {
  it('is worth something, and is told a few times at most', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.constant(0), fc.constant(40), fc.integer({ min: 0, max: 400 })), {
          minLength: 60,
          maxLength: 140,
        }),
        (amounts) => {
          for (const { impact, told } of backtest(recordOf([final(amounts)]), { ...options, floor: 10 })
            .incidents) {
            expect(impact).toBeGreaterThan(0);
            expect(told.length).toBeLessThanOrEqual(9);
          }
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe('series and their sums', () => {
  const quiet = days(80, 100);
  const leaking = [...days(60, 100), ...days(20, 500)];
  const scope = (account: string, service: string) => ({ account, service });

  it('tell a leak once, under the series that carries it, with the sums that show it', () => {
    const record = recordOf([
      final(leaking, scope('111111111111', 'Amazon EC2')),
      final(quiet, scope('111111111111', 'Amazon S3')),
      final(quiet, scope('222222222222', 'Amazon EC2')),
    ]);
    const { incidents } = backtest(record, { ...options, flat: false });
    expect(incidents.map(({ series }) => series)).toEqual([scope('111111111111', 'Amazon EC2')]);
    expect(incidents[0]?.folded).toContainEqual({ account: '111111111111' });
    expect(incidents[0]?.folded).toContainEqual({});
  });

  it('tell two leaks of two accounts as two, though their sum shows both', () => {
    const record = recordOf([
      final(leaking, scope('111111111111', 'Amazon EC2')),
      final(leaking, scope('222222222222', 'Amazon Bedrock')),
    ]);
    const { incidents } = backtest(record, { ...options, flat: false });
    expect(incidents.map(({ series }) => series['account']).toSorted()).toEqual([
      '111111111111',
      '222222222222',
    ]);
  });

  it('find a leak though another account saves as much on the same days', () => {
    const saving = [...days(60, 500), ...days(20, 100)];
    const record = recordOf([
      final(leaking, scope('111111111111', 'Amazon EC2')),
      final(saving, scope('222222222222', 'Amazon EC2')),
    ]);
    const { incidents } = backtest(record, { ...options, flat: false });
    expect(incidents.map(({ series }) => series)).toEqual([scope('111111111111', 'Amazon EC2')]);
  });

  it('take what begins in the middle of a file for new, unless each is judged by itself', () => {
    const late = final(days(20, 300), scope('111111111111', 'Amazon Bedrock'));
    const begun = {
      ...late,
      days: late.days.map((day) => day + 60),
      observed: late.observed.map((day) => day + 60),
    };
    const record = recordOf([final(quiet, scope('111111111111', 'Amazon EC2')), begun]);
    expect(told(record)).toEqual([]);
    expect(told(record, { flat: false })[0]).toEqual(['2026-03-03', 'opened', '2026-03-02']);
  });
});

describe('a backtest', () => {
  it('says in a sentence what it comes to', () => {
    const { summary } = backtest(
      recordOf([final([...days(60, 100), ...days(6, 400), ...days(10, 100)])]),
      options,
    );
    expect(summary.text).toBe(
      'In 2 months: 1 alert, 1 leak worth $1,800.00, $1,500.00 of it after the first alert.',
    );
  });

  it.each([
    ['nothing at all', recordOf([]), 'In 0 days: too little history to judge.'],
    ['one day', recordOf([final([100])]), 'In 1 day: too little history to judge.'],
    ['ten quiet years', recordOf([final(days(3652, 100))]), 'In 120 months: no alert, nothing leaked.'],
    [
      'credits only',
      recordOf([{ ...final(days(60, -40)), category: 'Credit' as const }]),
      'In 0 days: too little history to judge.',
    ],
  ])('of %s tells nothing, and says so', (_, record, text) => {
    const result = backtest(record, options);
    expect(result.incidents).toEqual([]);
    expect(result.summary.text).toBe(text);
  });

  it('keeps apart what is no usage, and counts what is too short to be judged', () => {
    const credit: SpendHistory = { ...final([-10, -20], { service: 'Amazon EC2' }), category: 'Credit' };
    const result = backtest(
      recordOf([final(days(60, 100)), final(days(9, 100), { service: 'S3' }), credit]),
      options,
    );
    expect(result.apart).toEqual({ Credit: -30 });
    expect([result.series, result.tooShort]).toEqual([2, 1]);
  });

  const spend = fc.array(
    fc.oneof({ weight: 6, arbitrary: fc.integer({ min: 90, max: 110 }) }, fc.integer({ min: 0, max: 2000 })),
    {
      minLength: 30,
      maxLength: 110,
    },
  );

  it('never sees the future: without its last days all that was told before is the same', () => {
    fc.assert(
      fc.property(spend, fc.integer({ min: 1, max: 40 }), (amounts, cut) => {
        const whole = filling(amounts);
        const last = start + amounts.length - cut;
        const isKnown = (_: number, index: number) => (whole.observed[index] ?? 0) <= last;
        const known = {
          ...whole,
          days: whole.days.filter(isKnown),
          observed: whole.observed.filter(isKnown),
          amounts: whole.amounts.filter(isKnown),
        };
        const date = new Date(last * 86_400_000).toISOString().slice(0, 10);
        const before = told(recordOf([whole], true)).filter(([on]) => on !== undefined && on <= date);
        expect(told(recordOf([known], true)).map(([on, change]) => [on, change])).toEqual(
          before.map(([on, change]) => [on, change]),
        );
      }),
      { numRuns: 60 },
    );
  });

  it('comes to the same in another unit of money', () => {
    fc.assert(
      fc.property(spend, fc.constantFrom(0.001, 7, 1000), (amounts, factor) => {
        const scaled = amounts.map((amount) => amount * factor);
        expect(told(recordOf([final(scaled)]), { floor: 25 * factor })).toEqual(
          told(recordOf([final(amounts)])),
        );
      }),
      { numRuns: 60 },
    );
  });

  it('comes to the same in whatever order the series come', () => {
    const series = ['a', 'b', 'c'].map((service, index) =>
      final([...days(50 + index, 100), ...days(9, 600), ...days(11 - index, 100)], { service }),
    );
    const inOrder = backtest(recordOf(series), { ...options, flat: false });
    const reversed = backtest(recordOf(series.toReversed()), { ...options, flat: false });
    expect(reversed.incidents).toEqual(inOrder.incidents);
  });
});
