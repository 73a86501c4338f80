import { type IsoTime, toTime } from '../period.ts';
import type { Series, Window } from './metric.ts';
import { isValid } from './signals.ts';

/** Seconds that a data point stands for where days are judged: CloudWatch charges by the metric, not by the point. */
export const hourSeconds = 3600;

export const hourMs = hourSeconds * 1000;

/** The hours that touch the `minutes` before `now`, the one that is still going on among them. */
export const hoursBefore = (now: IsoTime, minutes: number): Window => ({
  start: toTime(hourOf(Date.parse(now) - minutes * 60_000)),
  end: toTime(Math.ceil(Date.parse(now) / hourMs) * hourMs),
});

/** The larger value of each hour of the window, by the hour's start. A value that can't be is left out. */
export function hoursOf({ points }: Series, { start, end }: Window): Map<number, number> {
  const [from, to] = [Date.parse(start), Date.parse(end)];
  const hours = new Map<number, number>();
  for (const { at, value } of points) {
    if (at < from || at >= to || !isValid(value)) continue;
    const hour = hourOf(at);
    hours.set(hour, Math.max(hours.get(hour) ?? 0, value));
  }
  return hours;
}

/** Share of the window's hours that are over at `now` and have data, 0 to 1. */
export function coverageOf(series: Series, { start, end }: Window, now: IsoTime): number {
  const over = toTime(Math.min(hourOf(Date.parse(now)), Date.parse(end)));
  const expected = (Date.parse(over) - Date.parse(start)) / hourMs;
  return expected > 0 ? hoursOf(series, { start, end: over }).size / expected : 0;
}

/** When the newest hour above 0 was over, in milliseconds since the epoch; undefined where there is none. */
export function lastWorkOf(series: Series, window: Window): number | undefined {
  const busy = [...hoursOf(series, window)].flatMap(([hour, value]) => (value > 0 ? [hour + hourMs] : []));
  return busy.length === 0 ? undefined : Math.max(...busy);
}

const hourOf = (at: number): number => Math.floor(at / hourMs) * hourMs;
