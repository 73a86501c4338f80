import type { IsoDate, IsoTime } from '../period.ts';

const dayAndMonth = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' });

/** `14 Nov`. */
export const dayName = (date: IsoDate): string => dayAndMonth.format(new Date(date));

/** `Fri 13 Nov 16:20 UTC`. */
export const launchedAt = (time: IsoTime): string => {
  const weekday = new Date(time).toLocaleDateString('en-GB', { weekday: 'short', timeZone: 'UTC' });
  return `${weekday} ${dayName(time)} ${time.slice(11, 16)} UTC`;
};
