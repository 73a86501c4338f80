import { z } from 'zod';

export const time = z.iso.datetime().transform((text) => Date.parse(text));
export const percent = z.number().min(0).max(100);
export const tags = z.record(z.string(), z.string()).default({});

const minutes = z.number().int().positive();
const forever = Number.POSITIVE_INFINITY;

/** Work in bursts, counted from midnight: `value` in the first `for` of every `every` minutes, `rest` in the others. */
type Pulse = { every: number; for: number; value: number; rest: number };

/** What holds until then: a value, or a pulse. */
type Stretch = { until: number; value: number } | { until: number; pulse: Pulse };

/** A course over time: each stretch holds until its `until`, the last one for good. */
export type Course = readonly Stretch[];

/** A bare number or a bare pulse always holds. */
export const course = (value: z.ZodNumber) => {
  const pulse = z.strictObject({ every: minutes, for: minutes, value, rest: value.default(0) });
  const until = time.default(forever);
  return z.union([
    value.transform((constant): Course => [{ until: forever, value: constant }]),
    z.strictObject({ pulse }).transform(({ pulse }): Course => [{ until: forever, pulse }]),
    z.array(z.union([z.strictObject({ until, value }), z.strictObject({ until, pulse })])).min(1),
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
  const { pulse } = stretch;
  return Math.floor(at / minute) % pulse.every < pulse.for ? pulse.value : pulse.rest;
}

/** From then on nothing happens any more: it is 0 for good. Never, where its last stretch is not 0. */
export function overAt(course: Course): number {
  const lastBusy = course.findLastIndex(
    (stretch) => ('value' in stretch ? stretch.value : Math.max(stretch.pulse.value, stretch.pulse.rest)) > 0,
  );
  return lastBusy === course.length - 1 ? forever : (course[lastBusy]?.until ?? Number.NEGATIVE_INFINITY);
}
