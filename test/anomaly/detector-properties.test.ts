import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Allowance, noAllowance } from '../../shared/anomaly/allowance.ts';
import { assumeDay, judgeDay, learnDay } from '../../shared/anomaly/detector.ts';
import { detectorLength, newDetector, restoreDetector } from '../../shared/anomaly/detector-state.ts';
import { type Policy, toPolicy } from '../../shared/anomaly/policy.ts';
import type { Figure, Verdict } from '../../shared/anomaly/verdict.ts';
import { toDate, toDay } from '../../shared/period.ts';

const start = toDay('2026-01-05');
const policy = toPolicy('balanced', 25);

/** What a series costs, day by day; NaN where a day was never read. */
type Spend = readonly number[];

/** Flat, weekly, growing or mostly resting, with noise, leaks, gaps and credits. */
const series = (days: { minLength: number; maxLength: number }): fc.Arbitrary<Spend> =>
  fc
    .record({
      base: fc.integer({ min: 0, max: 5000 }),
      weekend: fc.constantFrom(0, 0.2, 1, 3),
      growth: fc.constantFrom(0, 0.002, -0.002),
      every: fc.constantFrom(1, 1, 1, 3, 9),
      days: fc.array(
        fc.record({
          noise: fc.integer({ min: -8, max: 8 }),
          odd: fc.oneof(
            { weight: 40, arbitrary: fc.constant(0) },
            { weight: 1, arbitrary: fc.integer({ min: -2000, max: 9000 }) },
            { weight: 1, arbitrary: fc.constant(Number.NaN) },
          ),
        }),
        days,
      ),
      leak: fc.record({
        from: fc.nat(200),
        length: fc.constantFrom(0, 1, 5, 40),
        amount: fc.integer({ min: 0, max: 3000 }),
      }),
    })
    .map(({ base, weekend, growth, every, days, leak }) =>
      days.map(({ noise, odd }, index) => {
        const week = (start + index) % 7 === 2 || (start + index) % 7 === 3 ? weekend : 1;
        const usual = index % every === 0 ? base * week * (1 + growth * index) * (1 + noise / 100) : 0;
        const leaking = index >= leak.from && index < leak.from + leak.length ? leak.amount : 0;
        return usual + leaking + odd;
      }),
    );

const toFigures = (spend: Spend): Figure[] =>
  spend.map((amount, index) => ({
    day: start + index,
    amount,
    seen: [0.7 * amount, (0.95 + 0.01 * (index % 4)) * amount],
  }));

function walk(spend: Spend, own: Policy = policy, state = newDetector()) {
  return toFigures(spend).map((figure) => learnDay(state, figure, own));
}

const outcomeOf = ({ verdict, turn }: ReturnType<typeof learnDay>) =>
  `${turn} ${verdict.state} ${verdict.test} ${verdict.span} ${verdict.high}`;

describe('whatever a series costs', () => {
  it('in another unit of money the same is said of every day', () => {
    fc.assert(
      fc.property(
        series({ minLength: 30, maxLength: 200 }),
        fc.constantFrom(1 / 1024, 1 / 8, 64, 4096),
        (spend, unit) => {
          const other = walk(
            spend.map((amount) => amount * unit),
            toPolicy('balanced', 25 * unit),
          );
          expect(other.map(outcomeOf)).toEqual(walk(spend).map(outcomeOf));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('a fee on the 1st of each month makes no incident after the third month', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -4, max: 4 }), { minLength: 240, maxLength: 240 }),
        fc.integer({ min: 100, max: 3000 }),
        fc.integer({ min: 0, max: 20_000 }),
        (noise, base, fee) => {
          const spend = noise.map((share, index) => {
            const isFirst = toDate(start + index).endsWith('-01');
            return base * (1 + share / 100) + (isFirst ? fee : 0);
          });
          const opened = walk(spend).filter(
            ({ verdict, turn }) => verdict.day > start + 92 && (turn === 'opens' || turn === 'returns'),
          );
          expect(opened).toEqual([]);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('two processes that hand over its bytes on any day say the same as one', () => {
    fc.assert(
      fc.property(series({ minLength: 30, maxLength: 200 }), fc.nat(199), (spend, day) => {
        const cut = Math.min(day, spend.length);
        const state = newDetector();
        const first = toFigures(spend)
          .slice(0, cut)
          .map((figure) => learnDay(state, figure, policy));
        const bytes = Buffer.from(state.buffer.slice(0));
        const restored = restoreDetector(
          new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / Float32Array.BYTES_PER_ELEMENT),
        );
        if (restored === undefined) throw new Error('the state was refused');
        const second = toFigures(spend)
          .slice(cut)
          .map((figure) => learnDay(restored, figure, policy));
        expect([...first, ...second]).toEqual(walk(spend));
      }),
      { numRuns: 60 },
    );
  });

  it('a future figure changes no past verdict', () => {
    fc.assert(
      fc.property(
        series({ minLength: 30, maxLength: 160 }),
        series({ minLength: 1, maxLength: 30 }),
        (spend, future) => {
          expect(walk([...spend, ...future]).slice(0, spend.length)).toEqual(walk(spend));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('a look at the days that still fill changes nothing', () => {
    fc.assert(
      fc.property(series({ minLength: 30, maxLength: 120 }), (spend) => {
        const state = newDetector();
        const looked = toFigures(spend).map((figure) => {
          const eve = judgeDay(state, figure, policy, noAllowance, 1);
          const next = { day: figure.day + 1, amount: 100 };
          judgeDay(assumeDay(state, figure, eve, 1), next, policy, noAllowance, 0);
          return learnDay(state, figure, policy);
        });
        expect(looked).toEqual(walk(spend));
      }),
      { numRuns: 40 },
    );
  });
});

const numbersOf = ({ expected, limit, actual, expectedDays = [], grounds }: Verdict): number[] => [
  expected,
  limit,
  actual,
  ...expectedDays,
  ...Object.values(grounds).filter((value) => typeof value === 'number'),
];

describe('a verdict', () => {
  const amounts = fc.array(
    fc.oneof(
      { weight: 3, arbitrary: fc.constant(0) },
      { weight: 5, arbitrary: fc.double({ min: -1000, max: 1e6, noNaN: true }) },
      { weight: 1, arbitrary: fc.constant(Number.NaN) },
    ),
    { minLength: 1, maxLength: 150 },
  );
  const floors = fc.double({ min: 0, max: 1000, noNaN: true });

  it('holds numbers, or NaN where it says so, and nothing infinite', () => {
    fc.assert(
      fc.property(amounts, floors, (spend, floor) => {
        for (const { verdict } of walk(spend, toPolicy('balanced', floor))) {
          const numbers = numbersOf(verdict);
          if (verdict.state === 'unknown') expect(numbers.slice(0, 2)).toEqual([Number.NaN, Number.NaN]);
          else expect(numbers.filter((number) => !Number.isFinite(number))).toEqual([]);
        }
      }),
    );
  });

  it('on a single day tells of no excess below the floor', () => {
    fc.assert(
      fc.property(amounts, floors, (spend, floor) => {
        const small = walk(spend, toPolicy('balanced', floor)).filter(
          ({ verdict: { state, span, actual, expected } }) =>
            state === 'anomalous' && span === 1 && actual - expected < floor,
        );
        expect(small).toEqual([]);
      }),
    );
  });

  it('never says anomalous of what was planned to cost more', () => {
    const most: Allowance = { ...noAllowance, factor: 1, excess: 1e7 };
    fc.assert(
      fc.property(amounts, (spend) => {
        const state = newDetector();
        const states = toFigures(spend).map((figure) => learnDay(state, figure, policy, most).verdict.state);
        expect(states).not.toContain('anomalous');
      }),
    );
  });
});

describe('a state', () => {
  it('has the same length after any days', () => {
    fc.assert(
      fc.property(series({ minLength: 1, maxLength: 200 }), (spend) => {
        const state = newDetector();
        walk(spend, policy, state);
        expect(state).toHaveLength(detectorLength);
        expect(state.some((number) => Math.abs(number) === Number.POSITIVE_INFINITY)).toBe(false);
      }),
      { numRuns: 40 },
    );
  });
});
