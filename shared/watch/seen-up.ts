import type { IsoTime } from '../period.ts';
import { isBefore, latest, minutesBetween, settleMinutes } from '../schedule/case.ts';
import { schedulableKey } from '../schedule/schedulable.ts';
import { applyWrite, recordWrite } from '../store/schedule-records.ts';
import type { Table } from '../store/table.ts';
import type { Target } from '../target.ts';
import type { Planned } from './plan-schedules.ts';

/**
 * Remembers when what we had stopped was first seen up again, and not by our start: somebody's, or AWS's own, as RDS
 * starts what has been down for seven days. EC2 itself tells since when an instance is up; the others don't, or no longer
 * once they are down.
 */
export async function rememberSeenUp(
  table: Table,
  target: Target,
  planned: readonly Planned[],
  at: IsoTime,
): Promise<void> {
  for (const { subject } of planned.filter((each) => isNewlyUp(each, at))) {
    const write = recordWrite(table, target, schedulableKey(subject), at, {
      set: { seenUpAt: at },
      when: { expression: 'attribute_exists(stoppedAt) AND attribute_not_exists(seenUpAt)' },
    });
    await applyWrite(table, write);
  }
}

function isNewlyUp({ subject, stored = {} }: Planned, at: IsoTime): boolean {
  if (subject.kind === 'ec2-instance' || subject.state !== 'running') return false;
  const { stoppedAt } = stored;
  // AWS may still show it up for a while after our stop.
  if (stoppedAt === undefined || minutesBetween(stoppedAt, at) < settleMinutes) return false;
  const knownUp = latest(stored.startedAt, stored.seenUpAt);
  return knownUp === undefined || isBefore(knownUp, stoppedAt);
}
