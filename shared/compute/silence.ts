import { type IsoTime, toTime } from '../period.ts';
import { hourMs } from './hours.ts';
import type { Series } from './metric.ts';
import { isValid } from './signals.ts';

/**
 * Since when no device has worked: at the latest since `before`, where silence is known to begin. Looks back over
 * hourly maxima of every device and stops at the first hour in which one worked or one is missing, and at the launch.
 */
export function silentSince(
  hours: readonly Series[],
  { launchTime, before, percent }: { launchTime: IsoTime; before: IsoTime; percent: number },
): IsoTime {
  const launch = Date.parse(launchTime);
  const byHour = Map.groupBy(hours.flatMap(silentHours(percent)), (at) => at);
  const isSilent = (at: number) => byHour.get(at)?.length === hours.length && at + hourMs > launch;
  let since = Date.parse(before);
  let hour = Math.floor(since / hourMs) * hourMs;
  while (hours.length > 0 && isSilent(hour)) {
    since = Math.min(since, Math.max(hour, launch));
    hour -= hourMs;
  }
  return toTime(since);
}

/** The hours, each once, in which a series has data and all of it is silent. */
const silentHours =
  (percent: number) =>
  ({ points }: Series): number[] => {
    const byHour = Map.groupBy(points, ({ at }) => Math.floor(at / hourMs) * hourMs);
    return [...byHour].flatMap(([hour, values]) =>
      values.every(({ value }) => isValid(value) && value <= percent) ? [hour] : [],
    );
  };
