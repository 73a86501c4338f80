import { Temporal } from 'temporal-polyfill';
import { addMilliseconds, type IsoTime, toTime } from '../period.ts';
import { parseKeepUntil } from './keep-until.ts';

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

function timeOf(text: string, timeZone: string, now: IsoTime): IsoTime | undefined {
  if (text.trim().toLowerCase() !== 'tomorrow') return parseKeepUntil(text, timeZone);
  const today = Temporal.Instant.from(now).toZonedDateTimeISO(timeZone).toPlainDate();
  const morning = today.add({ days: 1 }).toZonedDateTime({ timeZone, plainTime: '08:00' });
  return toTime(morning.epochMilliseconds);
}
