import type { IsoTime } from '../period.ts';
import { isBefore, latest, minutesBetween, settleMinutes } from '../schedule/case.ts';
import type { ScheduleRecord } from '../schedule/record.ts';
import { schedulableKey } from '../schedule/schedulable.ts';
import {
  applyWrite,
  isStaleClaim,
  type RecordChange,
  recordWrite,
  releaseClaim,
} from '../store/schedule-records.ts';
import type { Table } from '../store/table.ts';
import type { Target } from '../target.ts';
import type { Planned } from './plan-schedules.ts';

/**
 * Remembers what a run has seen of who is up and who is down, where that ends something that is remembered:
 * - what is down without our doing needs no stop any more: its warning, and a wish not to wait, are void;
 * - a claim of a stop that its run didn't live to make is void once it has been outlived and the thing is still up;
 * - since when it is up or down, where AWS doesn't say: by somebody, or by AWS itself, as RDS starts what has been down
 *   for seven days. EC2 tells both.
 */
export async function rememberPower(
  table: Table,
  target: Target,
  planned: readonly Planned[],
  at: IsoTime,
): Promise<void> {
  for (const each of planned) {
    const key = schedulableKey(each.subject);
    const { stopRequestedAt } = each.stored ?? {};
    if (each.subject.state === 'running' && isStaleClaim(stopRequestedAt, at)) {
      await releaseClaim(table, target, key, stopRequestedAt);
    }
    const change = changeBy(each, at);
    if (change) await applyWrite(table, recordWrite(table, target, key, at, change));
  }
}

function changeBy({ subject, stored = {} }: Planned, at: IsoTime): RecordChange | undefined {
  const isDated = subject.kind === 'ec2-instance';
  if (subject.state === 'running') {
    const isNews = !isDated && isNewlyUp(stored, at);
    return isNews ? { set: { seenUpAt: at }, when: stillAs(stored) } : undefined;
  }
  // A claim may be of the stop that brought it down: whoever finds it abandoned tells.
  if (subject.state !== 'stopped' || stored.stopRequestedAt !== undefined) return undefined;
  const isVoid = stored.warning !== undefined || stored.stopNow !== undefined;
  const isNews = !isDated && (isVoid || isNewlyDown(stored));
  if (!isVoid && !isNews) return undefined;
  return {
    set: isNews ? { seenDownAt: at } : {},
    remove: ['warning', 'stopNow'],
    when: { expression: 'attribute_not_exists(stopRequestedAt)' },
  };
}

const downAt = ({ stoppedAt, seenDownAt }: ScheduleRecord) => latest(stoppedAt, seenDownAt);
const upAt = ({ startedAt, seenUpAt }: ScheduleRecord) => latest(startedAt, seenUpAt);

/** AWS may still show it up for a while after our stop. */
function isNewlyUp(stored: ScheduleRecord, at: IsoTime): boolean {
  const [down, up] = [downAt(stored), upAt(stored)];
  if (down === undefined || minutesBetween(down, at) < settleMinutes) return false;
  return up === undefined || isBefore(up, down);
}

function isNewlyDown(stored: ScheduleRecord): boolean {
  const [down, up] = [downAt(stored), upAt(stored)];
  return up !== undefined && (down === undefined || isBefore(down, up));
}

/** Nobody has recorded another stop since this run looked. */
const stillAs = ({ stoppedAt }: ScheduleRecord) =>
  stoppedAt === undefined
    ? { expression: 'attribute_not_exists(stoppedAt)' }
    : { expression: 'stoppedAt = :stopped', values: { ':stopped': stoppedAt } };
