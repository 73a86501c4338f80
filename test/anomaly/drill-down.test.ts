import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drillDown, explainedBy, pathOf, splitRise } from '../../shared/anomaly/drill-down.ts';
import { compared, partLines } from '../support/breakdown.ts';

const inRegion = (region: string, usageType: string, before: number, after: number) =>
  partLines({ region, usageType }, { amount: before }, { amount: after });
const drill = (lines: ReturnType<typeof partLines>) =>
  drillDown({ dimensions: ['region', 'usageType'], lines }, compared);

describe('the way down into a rise', () => {
  it('goes into the part that explains it, level by level', () => {
    const { levels } = drill([
      ...inRegion('eu-west-1', 'EUW1-BoxUsage:p4d.24xlarge', 0, 787),
      ...inRegion('eu-west-1', 'EUW1-BoxUsage:m6i.large', 50, 60),
      ...inRegion('us-east-1', 'BoxUsage:g5.xlarge', 90, 100),
    ]);
    expect(pathOf(levels)).toEqual({ region: 'eu-west-1', usageType: 'EUW1-BoxUsage:p4d.24xlarge' });
    expect(levels.map(({ share }) => share)).toEqual([797 / 807, 787 / 797]);
  });

  it('stops at a dimension on which it is spread, names the largest parts, and goes on past it', () => {
    const regions = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    const { levels } = drill(
      regions.flatMap((region, index) => inRegion(region, 'NatGateway-Bytes', 10, 20 + index)),
    );
    expect(levels[0]).toEqual({
      dimension: 'region',
      parts: [
        { value: 'g', before: 10, after: 26 },
        { value: 'f', before: 10, after: 25 },
        { value: 'e', before: 10, after: 24 },
      ],
      other: { count: 4, before: 40, after: 86 },
      risen: 7,
      share: 16 / 91,
    });
    expect(pathOf(levels)).toEqual({ usageType: 'NatGateway-Bytes' });
  });

  it.each([
    [80, { region: 'eu-west-1' }],
    [79, {}],
  ])('goes into a part with %i %% of the rise: %o', (share, path) => {
    const lines = [...inRegion('eu-west-1', 'a', 0, share), ...inRegion('us-east-1', 'a', 0, 100 - share)];
    expect(pathOf(drillDown({ dimensions: ['region'], lines }, compared).levels)).toEqual(path);
  });

  it('sees one account rise while another one falls by as much', () => {
    const lines = [
      ...partLines({ account: '1' }, { amount: 100 }, { amount: 900 }),
      ...partLines({ account: '2' }, { amount: 900 }, { amount: 100 }),
    ];
    const { levels } = drillDown({ dimensions: ['account'], lines }, compared);
    expect(levels[0]).toMatchObject({
      parts: [{ value: '1' }],
      other: { before: 900, after: 100 },
      share: 1,
    });
  });

  it.each([
    ['nothing was spent', []],
    ['everything fell', inRegion('eu-west-1', 'a', 90, 10)],
    ['nothing changed', inRegion('eu-west-1', 'a', 90, 90)],
  ])('has no level where %s', (_, lines) => {
    expect(drill(lines).levels).toEqual([]);
  });

  it('counts untagged spend as one part', () => {
    const lines = [
      ...partLines({ team: '' }, { amount: 10 }, { amount: 500 }),
      ...partLines({ team: 'search' }, { amount: 10 }, { amount: 11 }),
    ];
    const { levels } = drillDown({ dimensions: ['team'], lines }, compared);
    expect(levels[0]?.parts).toEqual([{ value: '', before: 10, after: 500 }]);
  });

  const amounts = fc.array(
    fc.record({
      region: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      before: fc.double({ min: 0, max: 1e6, noNaN: true }),
      after: fc.double({ min: 0, max: 1e6, noNaN: true }),
    }),
    { minLength: 1, maxLength: 20 },
  );

  it('loses no dollar: the parts and the others add up to everything', () => {
    fc.assert(
      fc.property(amounts, (all) => {
        const lines = all.flatMap(({ region, before, after }) =>
          partLines({ region }, { amount: before }, { amount: after }),
        );
        const { levels } = drillDown({ dimensions: ['region'], lines }, compared);
        for (const { parts, other } of levels) {
          const before = parts.reduce((sum, part) => sum + part.before, other.before);
          const after = parts.reduce((sum, part) => sum + part.after, other.after);
          expect(before).toBeCloseTo(
            all.reduce((sum, one) => sum + one.before, 0),
            3,
          );
          expect(after).toBeCloseTo(
            all.reduce((sum, one) => sum + one.after, 0),
            3,
          );
        }
      }),
    );
  });

  it('is the same whatever the order of the lines', () => {
    fc.assert(
      fc.property(amounts, (all) => {
        // Whole dollars: sums of fractions differ in their last digit with the order.
        const lines = all.flatMap(({ region, before, after }) =>
          partLines({ region }, { amount: Math.round(before) }, { amount: Math.round(after) }),
        );
        const way = (given: typeof lines) =>
          drillDown({ dimensions: ['region'], lines: given }, compared).levels.map(explainedBy)[0]?.value;
        expect(way(lines.toReversed())).toEqual(way(lines));
      }),
    );
  });
});

describe('a rise split into quantity and price', () => {
  const split = (before: [amount: number, quantity: number], after: [amount: number, quantity: number]) =>
    splitRise(
      partLines(
        { usageType: 'BoxUsage:c6i.4xlarge' },
        { amount: before[0], quantity: before[1] },
        { amount: after[0], quantity: after[1] },
      ),
      compared,
    );

  it.each([
    ['twice as much at the same price', split([100, 10], [200, 20]), 100, 0],
    ['the same at twice the price', split([100, 10], [200, 10]), 0, 100],
    ['half more of both', split([100, 10], [225, 15]), 62.5, 62.5],
    ['something that has just begun', split([0, 0], [787, 24]), 787, 0],
    ['less at a much higher price', split([100, 10], [150, 5]), -100, 150],
  ])('of %s', (_, { usage, rate, unknown }, expectedUsage, expectedRate) => {
    expect(usage).toBeCloseTo(expectedUsage);
    expect(rate).toBeCloseTo(expectedRate);
    expect(unknown).toBe(0);
  });

  it('is unknown where the bill has no quantity', () => {
    const lines = partLines({ usageType: 'Dollar' }, { amount: 10 }, { amount: 90 });
    expect(splitRise(lines, compared)).toEqual({ usage: 0, rate: 0, unknown: 80 });
  });

  it('never adds the hours of one thing to the gigabytes of another', () => {
    const lines = [
      ...partLines({ usageType: 'hours' }, { amount: 100, quantity: 10 }, { amount: 200, quantity: 10 }),
      ...partLines(
        { usageType: 'bytes' },
        { amount: 10, quantity: 9000 },
        { amount: 20, quantity: 18000 },
        'GB',
      ),
    ];
    const { usage, rate, quantity } = splitRise(lines, compared);
    expect([usage, rate]).toEqual([expect.closeTo(10), expect.closeTo(100)]);
    expect(quantity).toBeUndefined();
  });

  it('adds up to the rise', () => {
    const dollars = fc.double({ min: 0.01, max: 1e5, noNaN: true });
    const units = fc.double({ min: 1, max: 1e3, noNaN: true });
    fc.assert(
      fc.property(dollars, units, dollars, units, (cost, used, later, uses) => {
        const { usage, rate, unknown } = split([cost, used], [later, uses]);
        expect(usage + rate + unknown).toBeCloseTo(later - cost, 3);
      }),
    );
  });
});
