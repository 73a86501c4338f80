import type { SpendHistory } from '../../shared/spend/history.ts';
import type { LabelledSeries } from './labelled.ts';

/** The series as the ledger has it: each day read on the next three mornings, the third time for good. */
export function toHistory({ name, start, final, seenFirst, seenNext }: LabelledSeries): SpendHistory {
  const readings = [seenFirst, seenNext, final];
  const every = 3 * final.length;
  const dayOf = (index: number) => start + Math.floor(index / 3);
  return {
    scope: { series: name },
    category: 'Usage',
    days: Int32Array.from({ length: every }, (_, index) => dayOf(index)),
    observed: Int32Array.from({ length: every }, (_, index) => dayOf(index) + 1 + (index % 3)),
    amounts: Float64Array.from(
      { length: every },
      (_, index) => readings[index % 3]?.[Math.floor(index / 3)] ?? 0,
    ),
  };
}
