import type { IsoTime } from '../period.ts';
import type { ParsedSchedule, ScheduleContext } from '../schedule/schedule.ts';
import { parseScheduleTag } from '../schedule/tag.ts';
import { nextTransition, spanAt } from '../schedule/window.ts';

/**
 * Quiet hours are written as the hours of a schedule tag are, and hold in their zone across summer time; a name of the
 * configuration's schedules stands for its hours. Options such as `start` mean nothing here.
 */
const parse = (hours: string, context: ScheduleContext): ParsedSchedule => parseScheduleTag(hours, context);

/** What is wrong with quiet hours; undefined where they can be read. */
export function quietHoursFault(hours: string, context: ScheduleContext): string | undefined {
  const parsed = parse(hours, context);
  if (parsed.kind === 'schedule') {
    return nextTransition(parsed.schedule, anyTime) ? undefined : 'they never end: nothing would be told';
  }
  return parsed.kind === 'off' ? 'leave it out to be told at any time' : parsed.error;
}

/** Hours that change at all change within a week of any time. */
const anyTime: IsoTime = '2026-01-05T00:00:00Z';

/** When the quiet hours end that hold at a time; undefined outside them. */
export function quietUntil(hours: string, context: ScheduleContext, time: IsoTime): IsoTime | undefined {
  const parsed = parse(hours, context);
  if (parsed.kind !== 'schedule') return undefined;
  const span = spanAt(parsed.schedule, time);
  return span.state === 'up' ? span.until : undefined;
}
