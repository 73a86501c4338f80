import type { Hour, HourState } from '../../shared/compute/hour-states.ts';
import { hourMs } from '../../shared/compute/hours.ts';
import { toTime } from '../../shared/period.ts';
import type { Schedule } from '../../shared/schedule/schedule.ts';
import { parseScheduleTag } from '../../shared/schedule/tag.ts';
import { isUp } from '../../shared/schedule/window.ts';

/** Monday; summer time ends in Berlin on the 25th. */
const firstHour = Date.parse('2026-10-19T00:00:00Z');

/** So many weeks of hours of which `stateOf` says what they were, by their place and their time. */
export const pastOf = (
  stateOf: (place: number, at: number) => HourState,
  { weeks = 4, start = firstHour }: { weeks?: number; start?: number } = {},
): Hour[] =>
  Array.from({ length: weeks * 168 }, (_, place) => {
    const at = start + place * hourMs;
    return { at, state: stateOf(place, at) };
  });

/** The schedule that a tag's value says; throws where it says none. */
export function scheduleOf(value: string): Schedule {
  const parsed = parseScheduleTag(value, { schedules: {}, timeZone: 'UTC' });
  if (parsed.kind !== 'schedule') throw new Error(JSON.stringify(parsed));
  return parsed.schedule;
}

/** Works in these hours and idles in all others. */
export const working = (hours: string, span: { weeks?: number } = {}): Hour[] => {
  const schedule = scheduleOf(hours);
  return pastOf((_, at) => (isUp(schedule, toTime(at)) ? 'busy' : 'idle'), span);
};

/** The same but for the hours from `start` on, which are of another state. */
export const but = (hours: readonly Hour[], state: HourState, start: string, count = 1): Hour[] => {
  const from = Date.parse(start);
  return hours.map((hour) =>
    hour.at >= from && hour.at < from + count * hourMs ? { ...hour, state } : hour,
  );
};
