import { describe, expect, it } from 'vitest';
import { isWeekend } from '../../bench/detection/archetypes.ts';
import { generateLabelledSet } from '../../bench/detection/generate.ts';
import type { LabelledSeries } from '../../bench/detection/labelled.ts';

const set = generateLabelledSet({ seed: 'test', series: 200 });
const byName = new Map(set.series.map((one) => [one.name, one]));
const lastOf = ({ start, final }: LabelledSeries) => start + final.length - 1;

const amountOf = (name: string, day: number): number => {
  const series = byName.get(name);
  return series?.final[day - series.start] ?? Number.NaN;
};

describe('labelled spend from a seed', () => {
  it('is the same for the same seed', () =>
    expect(generateLabelledSet({ seed: 'test', series: 200 })).toEqual(set));

  it('is another for another seed', () => {
    const [other] = generateLabelledSet({ seed: 'other', series: 1 }).series;
    expect(other?.final).not.toEqual(set.series[0]?.final);
  });

  it('keeps a series as it is, however many come after it', () =>
    expect(generateLabelledSet({ seed: 'test', series: 7 }).series).toEqual(set.series.slice(0, 7)));

  it('has every kind of leak and of decoy', () => {
    expect([...new Set(set.events.map(({ kind }) => kind))].toSorted()).toEqual([
      'level_shift',
      'missing_dip',
      'new_service',
      'ramp',
      'spike',
      'storage_growth',
      'weekend_waste',
    ]);
    expect([...new Set(set.decoys.map(({ kind }) => kind))].toSorted()).toEqual([
      'credit',
      'monthly_fee',
      'oneoff_fee',
      'season',
      'step_down',
    ]);
  });

  it('holds finite figures, and never more of a charge than it comes to', () => {
    for (const { final, seenFirst, seenNext } of set.series) {
      expect(seenFirst).toHaveLength(final.length);
      expect(final.every(Number.isFinite)).toBe(true);
      expect(final.every((_, day) => Math.abs(seenFirst[day] ?? 0) <= Math.abs(seenNext[day] ?? 0))).toBe(
        true,
      );
      expect(final.every((amount, day) => Math.abs(seenNext[day] ?? 0) <= Math.abs(amount))).toBe(true);
    }
  });

  it('shows 60 to 90 % of a day at first, and 94 to 100 % on the next', () => {
    for (const { final, seenFirst, seenNext } of set.series) {
      for (const [day, amount] of final.entries()) {
        if (amount < 1) continue;
        const [first, next] = [(seenFirst[day] ?? 0) / amount, (seenNext[day] ?? 0) / amount];
        expect(first > 0.599 && first < 0.901 && next > 0.939 && next < 1.001).toBe(true);
      }
    }
  });
});

describe('a leak', () => {
  it('lies within its series, after a month and a half of calm', () => {
    for (const event of set.events) {
      const series = byName.get(event.series);
      expect(series && event.start >= series.start + 45 && event.end <= lastOf(series)).toBe(true);
      expect(event.alarmBy).toBeGreaterThanOrEqual(event.start);
    }
  });

  it('costs what its label says, on top of what the day cost anyway', () => {
    for (const { kind, series, extra } of set.events) {
      if (kind !== 'new_service') continue;
      for (const [day, usd] of extra) expect(amountOf(series, day)).toBeGreaterThanOrEqual(usd - 0.0001);
    }
  });

  it('of weekends costs nothing on other days, and starts on a Saturday', () => {
    const weekends = set.events.filter(({ kind }) => kind === 'missing_dip' || kind === 'weekend_waste');
    expect(weekends.length).toBeGreaterThan(5);
    for (const { start, extra } of weekends) {
      expect(new Date(start * 86_400_000).getUTCDay()).toBe(6);
      expect([...extra].every(([day, usd]) => usd > 0 === isWeekend(day))).toBe(true);
    }
  });

  it('is weeks away from the next one, and from what else happens once', () => {
    for (const event of set.events) {
      const others = [
        ...set.events.filter((other) => other !== event),
        ...set.decoys.filter(({ kind }) => kind !== 'monthly_fee'),
      ].filter(({ series }) => series === event.series);
      expect(others.every(({ start, end }) => start > event.end + 7 || end < event.start - 7)).toBe(true);
    }
  });
});

describe('a decoy', () => {
  it('lies within its series and has no dollars of a leak', () => {
    for (const { series, start, end } of set.decoys) {
      const own = byName.get(series);
      expect(own && start >= own.start && start <= end && end <= lastOf(own)).toBe(true);
    }
  });

  it('that is a one-off fee falls due on the 1st', () => {
    const fees = set.decoys.filter(({ kind }) => kind === 'oneoff_fee');
    expect(fees.length).toBeGreaterThan(3);
    expect(fees.every(({ start }) => new Date(start * 86_400_000).getUTCDate() === 1)).toBe(true);
  });

  it('that is a monthly fee comes on the same day of every month', () => {
    const fees = Map.groupBy(
      set.decoys.filter(({ kind }) => kind === 'monthly_fee'),
      ({ series }) => series,
    );
    for (const own of fees.values())
      expect(new Set(own.map(({ start }) => new Date(start * 86_400_000).getUTCDate())).size).toBe(1);
  });
});
