import { describe, expect, it } from 'vitest';
import { commitmentEnded } from '../../shared/anomaly/commitment.ts';
import { answered, compared, partLines } from '../support/breakdown.ts';

const hours = (recordType: string, usageType: string, before: number, after: number) =>
  partLines(
    { recordType, usageType },
    { amount: before * 0.5, quantity: before },
    { amount: after, quantity: after },
  );
const ended = (...lines: ReturnType<typeof hours>[]) =>
  commitmentEnded(answered(['recordType', 'usageType'], lines.flat()).breakdown, compared);

const box = 'EUW1-BoxUsage:c6i.4xlarge';

describe('a commitment that ended', () => {
  it.each([
    ['SavingsPlanCoveredUsage', 'savings-plan'],
    ['Savings Plan Covered Usage', 'savings-plan'],
    ['DiscountedUsage', 'reservation'],
    ['Reservation applied usage', 'reservation'],
  ])('is seen by %s that becomes usage on demand', (recordType, kind) => {
    expect(ended(hours(recordType, box, 180, 0), hours('Usage', box, 20, 180))).toEqual({
      kind,
      endedOn: '2026-11-14',
      covered: { before: expect.closeTo(180), after: 0 },
    });
  });

  it('ended on the first day that it no longer covers', () => {
    const [first = '', second = ''] = compared.after;
    const covered = compared.before.concat(first).map((date) => ({
      date,
      part: { recordType: 'SavingsPlanCoveredUsage' },
      amount: 50,
      quantity: 100,
    }));
    const onDemand = [{ date: second, part: { recordType: 'Usage' }, amount: 100, quantity: 100 }];
    const breakdown = answered(['recordType'], [...covered, ...onDemand]).breakdown;
    expect(commitmentEnded(breakdown, { ...compared, after: [second] })?.endedOn).toBe(second);
  });

  it('covers several instance types, each for itself', () => {
    const other = 'EUW1-BoxUsage:m6i.large';
    const found = ended(
      hours('SavingsPlanCoveredUsage', box, 100, 0),
      hours('Usage', box, 0, 100),
      hours('SavingsPlanCoveredUsage', other, 50, 0),
      hours('Usage', other, 0, 50),
      hours('Usage', 'EUW1-DataTransfer-Out-Bytes', 90_000, 20),
    );
    expect(found?.covered).toEqual({ before: expect.closeTo(150), after: 0 });
  });

  it.each([
    ['usage fell with it', [hours('SavingsPlanCoveredUsage', box, 180, 0), hours('Usage', box, 20, 20)]],
    ['usage rose beyond it', [hours('SavingsPlanCoveredUsage', box, 100, 0), hours('Usage', box, 0, 300)]],
    ['it covers what it did', [hours('SavingsPlanCoveredUsage', box, 100, 100), hours('Usage', box, 0, 10)]],
    ['there never was one', [hours('Usage', box, 100, 100)]],
    ['nothing was used', []],
  ])('is none where %s', (_, lines) => {
    expect(ended(...lines)).toBeUndefined();
  });
});
