import type { IsoDate, IsoTime } from '../period.ts';

/** Made when it is first asked for: it takes 20 ms, and most runs tell nothing. */
let dayAndMonth: Intl.DateTimeFormat | undefined;

/** `14 Nov`. */
export function dayName(date: IsoDate): string {
  dayAndMonth ??= new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' });
  return dayAndMonth.format(new Date(date));
}

/** `Fri 13 Nov 16:20 UTC`. */
export const launchedAt = (time: IsoTime): string => {
  const weekday = new Date(time).toLocaleDateString('en-GB', { weekday: 'short', timeZone: 'UTC' });
  return `${weekday} ${dayName(time)} ${time.slice(11, 16)} UTC`;
};
