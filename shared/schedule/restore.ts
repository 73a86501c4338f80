import type { IsoTime } from '../period.ts';
import { isBefore, latest } from './case.ts';
import { readSchedule, type StopPolicy } from './gates.ts';
import type { ScheduleRecord } from './record.ts';
import type { Schedulable } from './schedulable.ts';
import { spanAt } from './window.ts';

/**
 * The sizes that a start gives back: as they are now, or, where we took it down since its hours ended, as they were then.
 * Whoever brought back a part of it for the evening, by hand or by an autoscaler, meant that evening.
 */
export function restoreOf(
  { tags, restore: current }: Schedulable,
  { record, policy, now }: { record: ScheduleRecord; policy: StopPolicy; now: IsoTime },
): Schedulable['restore'] {
  const { restore } = record;
  // A stop that a run claimed, and didn't live to record, may have been made.
  const stoppedAt = latest(record.stoppedAt, record.stopRequestedAt);
  const parsed = readSchedule(tags, policy);
  if (restore === undefined || stoppedAt === undefined || parsed?.kind !== 'schedule') return current;
  const { state, since } = spanAt(parsed.schedule, now);
  const isOfThisSpan = state === 'down' && (since === undefined || !isBefore(stoppedAt, since));
  return isOfThisSpan ? restore : current;
}
