import type { Hour } from '../../shared/compute/hour-states.ts';
import { fitOf } from '../../shared/schedule/fit.ts';
import { localHour } from '../../shared/schedule/local-hour.ts';
import { proposeSchedule } from '../../shared/schedule/proposal.ts';
import type { Window } from '../../shared/schedule/schedule.ts';
import { parseScheduleTag } from '../../shared/schedule/tag.ts';
import { windowsText } from '../../shared/schedule/window-text.ts';

/** What a method proposes for a past: the value of a tag, or nothing. */
export type Method = {
  name: string;
  propose: (seen: readonly Hour[], timeZone: string) => string | undefined;
};

const context = { schedules: {}, timeZone: 'UTC' };

/** The product's own. */
const learnt: Method = {
  name: 'propose',
  propose: (hours, timeZone) => {
    const found = proposeSchedule(
      { hours, timeZone, hourlyRate: 1 },
      { minSaving: 10, coverage: 0.9, tailMinutes: 60, context },
    );
    return 'value' in found ? found.value : undefined;
  },
};

/** From the earliest hour of work on any day to the latest, on the days on which there was any. */
const widest: Method = {
  name: 'first to last hour',
  propose: (hours, timeZone) => {
    const slots = hours
      .filter(({ state }) => state === 'busy')
      .flatMap(({ at }) => localHour(timeZone, at).slots);
    if (slots.length === 0) return undefined;
    const ofDay = slots.map((slot) => slot % 24);
    const days = [...new Set(slots.map((slot) => Math.floor(slot / 24) + 1))].toSorted();
    const window: Window = { days, start: Math.min(...ofDay) * 60, end: (Math.max(...ofDay) + 1) * 60 };
    return windowsText([window], timeZone);
  },
};

/** What people write without looking. */
const fixed: Method = {
  name: 'Mon-Fri 08:00-19:00',
  propose: (_, timeZone) => `Mon-Fri 08:00-19:00 ${timeZone}`,
};

export const methods: readonly Method[] = [learnt, widest, fixed];

/** Hours of the time after that a value covers and captures, of how many. */
export type Score = { busy: number; covered: number; idle: number; captured: number };

/** What a value is worth in the hours that came after those it was learnt from. Without a value nothing is stopped. */
export function scoreOf(value: string | undefined, hours: readonly Hour[]): Score {
  const busy = hours.filter(({ state }) => state === 'busy').length;
  const idle = hours.length - busy;
  if (value === undefined) return { busy, covered: busy, idle, captured: 0 };
  const parsed = parseScheduleTag(value, context);
  if (parsed.kind !== 'schedule') throw new Error(`${value} is no schedule`);
  const { busyHoursOutside, hoursSaved } = fitOf(parsed.schedule, hours, 0);
  return { busy, covered: busy - busyHoursOutside, idle, captured: hoursSaved };
}

export const sumOf = (scores: readonly Score[]): Score =>
  scores.reduce(
    (sum, { busy, covered, idle, captured }) => ({
      busy: sum.busy + busy,
      covered: sum.covered + covered,
      idle: sum.idle + idle,
      captured: sum.captured + captured,
    }),
    { busy: 0, covered: 0, idle: 0, captured: 0 },
  );
