import type { Compared } from '../../shared/anomaly/rise.ts';
import type { Answered, Question } from '../../shared/anomaly/root-cause.ts';
import { datesOf } from '../../shared/period.ts';
import type { BreakdownDimension, PartLine } from '../../shared/spend/breakdown.ts';
import type { Scope } from '../../shared/spend/scope.ts';

/** Two weeks, and an incident of the two days after them. */
export const compared: Compared = {
  before: datesOf({ start: '2026-10-31', end: '2026-11-14' }),
  after: ['2026-11-14', '2026-11-15'],
};

type Daily = { amount: number; quantity?: number };

/** A part that cost the same on each day before the incident, and the same on each of its days. */
export const partLines = (
  part: Scope,
  before: Daily | undefined,
  after: Daily | undefined,
  unit = 'Hrs',
): PartLine[] =>
  [
    ...compared.before.map((date) => ({ date, daily: before })),
    ...compared.after.map((date) => ({ date, daily: after })),
  ].flatMap(({ date, daily }) => (daily ? [{ date, part, unit, ...daily }] : []));

/** An answer to a question by these dimensions. */
export const answered = (
  dimensions: readonly BreakdownDimension[],
  lines: readonly PartLine[],
  within: Scope = { account: '210987654321', service: 'Amazon Elastic Compute Cloud - Compute' },
): Answered => {
  const question: Question = { dimensions, within };
  return { question, breakdown: { dimensions, lines }, compared };
};
