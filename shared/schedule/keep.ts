import { Temporal } from 'temporal-polyfill';
import { addMilliseconds, type IsoTime, later, toTime } from '../period.ts';
import { parseKeepUntil } from './keep-until.ts';
import type { Schedulable } from './schedulable.ts';
import { tagsLike } from './schedule-tag.ts';

/** The most that a wish may keep something: what is needed for longer has its schedule changed. */
const mostDays = 31;
const minuteMs = 60_000;

/** Minutes in `30m`, `4h`, `2d`; undefined where it is none of them, or more than 31 days. */
export function parseKeepFor(text: string): number | undefined {
  const [, count, unit = ''] = /^(\d{1,5})\s*([mhd])$/i.exec(text.trim()) ?? [];
  const minutes = Number(count) * ({ m: 1, h: 60, d: 1440 }[unit.toLowerCase()] ?? Number.NaN);
  return minutes > 0 && minutes <= mostDays * 1440 ? minutes : undefined;
}

/** What somebody wishes: so long from now, or until a time as the keep-until tag has it, or `tomorrow`. */
export type KeepWish = { minutes: number } | { until: string };

/**
 * The time until which a wish keeps something, on the wall clock of its zone where that matters: `tomorrow` is 08:00 on
 * the next day there. Undefined where the text is no time, it is over already, or more than 31 days away.
 */
export function keepUntilTime(wish: KeepWish, timeZone: string, now: IsoTime): IsoTime | undefined {
  const until =
    'minutes' in wish ? addMilliseconds(now, wish.minutes * minuteMs) : timeOf(wish.until, timeZone, now);
  if (until === undefined || Date.parse(until) <= Date.parse(now)) return undefined;
  return Date.parse(until) - Date.parse(now) <= mostDays * 1440 * minuteMs ? until : undefined;
}

/** What becomes of a wish: until when it is kept, and whether its tag says so already; or why nothing can be kept. */
export type Keeping = { until: IsoTime; isKeptAlready: boolean } | { refusal: string };

/**
 * Whether something can be kept until then. A protection is never shortened: where its tag protects for longer, that
 * time stays. One that can't be read protects without an end, so that any time in its place would shorten it.
 */
export function keepingOf(
  { state, tags }: Pick<Schedulable, 'state' | 'tags'>,
  until: IsoTime,
  { key: wanted, timeZone }: { key: string; timeZone: string },
): Keeping {
  if (state === 'gone') return { refusal: 'is gone, so that there is nothing to keep' };
  let longest: IsoTime | undefined;
  for (const [key, value] of tagsLike(tags, [wanted])) {
    const kept = parseKeepUntil(value, timeZone);
    if (kept === undefined) {
      return {
        refusal: `is kept by its tag "${key}" already, which is no date or date-time: "${value}"; correct or remove it first`,
      };
    }
    longest = longest === undefined ? kept : later(longest, kept);
  }
  return longest !== undefined && Date.parse(longest) >= Date.parse(until)
    ? { until: longest, isKeptAlready: true }
    : { until, isKeptAlready: false };
}

function timeOf(text: string, timeZone: string, now: IsoTime): IsoTime | undefined {
  if (text.trim().toLowerCase() !== 'tomorrow') return parseKeepUntil(text, timeZone);
  const today = Temporal.Instant.from(now).toZonedDateTimeISO(timeZone).toPlainDate();
  const morning = today.add({ days: 1 }).toZonedDateTime({ timeZone, plainTime: '08:00' });
  return toTime(morning.epochMilliseconds);
}
