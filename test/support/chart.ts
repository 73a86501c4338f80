import type { AlertChart } from '../../shared/alert/alert.ts';

const weeks = (amount: number, weekend: number) =>
  Array.from({ length: 14 }, (_, index) => ([4, 5, 11, 12].includes(index) ? weekend : amount));

/** Two weeks of a machine that rests at weekends, and of another one that was forgotten on the second of them. */
export const chartOf = (given: Partial<AlertChart> = {}): AlertChart => ({
  currency: 'USD',
  start: '2026-11-03',
  actual: [64, 66, 62, 65, 30, 31, 66, 64, 63, 62, 65, 850, 790, 832],
  expected: weeks(64, 30),
  limit: weeks(96, 45),
  since: '2026-11-14',
  ...given,
});
