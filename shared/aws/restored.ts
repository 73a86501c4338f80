import type { ClearedStart } from '../schedule/clearance.ts';
import type { Schedulable } from '../schedule/schedulable.ts';
import type { Changed } from './change-outcome.ts';

/**
 * The starts with what they give back, as `read` finds it in what was stored. Where it finds nothing, nobody knows how many
 * there were, and any number would be a guess: those are refused.
 */
export function restored<Size>(
  starts: readonly ClearedStart[],
  read: (restore: Schedulable['restore']) => Size | undefined,
): { known: { subject: Schedulable; size: Size }[]; unknown: Changed[] } {
  const sized = starts.map(({ subject, restore }) => ({ subject, size: read(restore) }));
  return {
    known: sized.flatMap(({ subject, size }) => (size === undefined ? [] : [{ subject, size }])),
    unknown: sized.flatMap(({ subject: { id }, size }): Changed[] =>
      size === undefined
        ? [
            {
              id,
              outcome: 'refused',
              code: 'NothingToRestore',
              message: 'Nothing is known of its size before the stop.',
            },
          ]
        : [],
    ),
  };
}
