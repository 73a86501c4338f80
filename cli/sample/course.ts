import { z } from 'zod';
import { type IsoDate, toTime } from '../../shared/period.ts';
import type { Schedule } from '../../shared/schedule/schedule.ts';
import { parseScheduleTag } from '../../shared/schedule/tag.ts';
import { spanAt } from '../../shared/schedule/window.ts';

export const time = z.iso.datetime().transform((text) => Date.parse(text));
export const percent = z.number().min(0).max(100);
export const tags = z.record(z.string(), z.string()).default({});

const minutes = z.number().int().positive();
const forever = Number.POSITIVE_INFINITY;

/** Work in bursts, counted from midnight: `value` in the first `for` of every `every` minutes, `rest` in the others. */
type Pulse = { every: number; for: number; value: number; rest: number };

/** Work at hours of the week: `value` within them but for the dates of `without` (UTC), `rest` else. */
type Week = { schedule: Schedule; without: readonly IsoDate[]; value: number; rest: number };

/** What holds until then: a value, a pulse, or a week. */
type Stretch = { until: number } & ({ value: number } | { pulse: Pulse } | { week: Week });

/** A course over time: each stretch holds until its `until`, the last one for good. */
export type Course = readonly Stretch[];

/** Hours of a week as a schedule tag writes them, with their zone. */
const hours = z.string().transform((text, { addIssue }) => {
  const parsed = parseScheduleTag(text, { schedules: {}, timeZone: 'UTC' });
  if (parsed.kind === 'schedule') return parsed.schedule;
  addIssue(parsed.kind === 'invalid' ? parsed.error : 'expected hours');
  return z.NEVER;
});

/** A bare number, a bare pulse or a bare week always holds. */
export const course = (value: z.ZodNumber) => {
  const pulse = z.strictObject({ every: minutes, for: minutes, value, rest: value.default(0) });
  const week = z
    .strictObject({ hours, without: z.array(z.iso.date()).default([]), value, rest: value.default(0) })
    .transform(({ hours: schedule, ...others }): Week => ({ schedule, ...others }));
  const until = time.default(forever);
  return z.union([
    value.transform((constant): Course => [{ until: forever, value: constant }]),
    z.strictObject({ pulse }).transform(({ pulse }): Course => [{ until: forever, pulse }]),
    z.strictObject({ week }).transform(({ week }): Course => [{ until: forever, week }]),
    z
      .array(
        z.union([
          z.strictObject({ until, value }),
          z.strictObject({ until, pulse }),
          z.strictObject({ until, week }),
        ]),
      )
      .min(1),
  ]);
};

export const nothing: Course = [{ until: forever, value: 0 }];

export function valueAt(course: Course, at: number): number {
  for (const stretch of course) if (at < stretch.until) return valueIn(stretch, at);
  const last = course.at(-1);
  return last ? valueIn(last, at) : 0;
}

const minute = 60_000;

function valueIn(stretch: Stretch, at: number): number {
  if ('value' in stretch) return stretch.value;
  if ('week' in stretch) return valueOfWeek(stretch.week, at);
  const { pulse } = stretch;
  return Math.floor(at / minute) % pulse.every < pulse.for ? pulse.value : pulse.rest;
}

function valueOfWeek({ schedule, without, value, rest }: Week, at: number): number {
  if (!isOpen(schedule, at)) return rest;
  return without.length > 0 && without.includes(toTime(at).slice(0, 10)) ? rest : value;
}

// Minutes are asked for one after the other: the span that the last one lay in mostly holds for the next.
const spans = new WeakMap<Schedule, { from: number; until: number; isUp: boolean }>();

function isOpen(schedule: Schedule, at: number): boolean {
  const known = spans.get(schedule);
  if (known && known.from <= at && at < known.until) return known.isUp;
  const { state, since, until } = spanAt(schedule, toTime(at));
  const span = {
    from: since === undefined ? at : Date.parse(since),
    until: until === undefined ? at : Date.parse(until),
    isUp: state === 'up',
  };
  spans.set(schedule, span);
  return span.isUp;
}

/** From then on nothing happens any more: it is 0 for good. Never, where its last stretch is not 0. */
export function overAt(course: Course): number {
  const lastBusy = course.findLastIndex((stretch) => mostIn(stretch) > 0);
  return lastBusy === course.length - 1 ? forever : (course[lastBusy]?.until ?? Number.NEGATIVE_INFINITY);
}

function mostIn(stretch: Stretch): number {
  if ('value' in stretch) return stretch.value;
  const { value, rest } = 'pulse' in stretch ? stretch.pulse : stretch.week;
  return Math.max(value, rest);
}
