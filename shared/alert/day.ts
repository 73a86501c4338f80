import type { IsoDate, IsoTime } from '../period.ts';

/** `14 Nov`. */
export const dayName = (date: IsoDate): string =>
  new Date(date).toLocaleDateString('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' });

/** `Fri 13 Nov 16:20 UTC`. */
export const launchedAt = (time: IsoTime): string => {
  const weekday = new Date(time).toLocaleDateString('en-GB', { weekday: 'short', timeZone: 'UTC' });
  return `${weekday} ${dayName(time)} ${time.slice(11, 16)} UTC`;
};
