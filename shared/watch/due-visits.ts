import type { IsoTime } from '../period.ts';
import type { Others } from '../schedule/breaker.ts';
import { isVisitDue } from '../schedule/next-visit.ts';
import type { Table } from '../store/table.ts';
import { getVisits, visitKey } from '../store/visits.ts';
import type { Target } from '../target.ts';

/** A target to visit, and what the others come to. */
export type DueVisit = { target: Target; others: Others };

/**
 * The targets in which something may have changed by `time`: one that has nothing to change for hours is left alone, but
 * for a look every half an hour. What was found there last counts for the breaker of the whole sweep all the same.
 */
export async function dueVisits(
  table: Table,
  targets: readonly Target[],
  time: IsoTime,
): Promise<DueVisit[]> {
  const visits = await getVisits(table);
  const last = targets.map((target) => ({ target, visit: visits.get(visitKey(target)) }));
  const sum = (of: keyof Others) => last.reduce((total, { visit }) => total + (visit?.[of] ?? 0), 0);
  const all: Others = {
    running: sum('running'),
    pending: sum('pending'),
    pendingInstances: sum('pendingInstances'),
  };
  return last
    .filter(({ visit }) => isVisitDue(visit, time))
    .map(({ target, visit }) => ({
      target,
      others: {
        running: all.running - (visit?.running ?? 0),
        pending: all.pending - (visit?.pending ?? 0),
        pendingInstances: all.pendingInstances - (visit?.pendingInstances ?? 0),
      },
    }));
}
