import type { IsoTime } from '../period.ts';
import { shownAt } from './wall-clock.ts';

const dayNames = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const dayMs = 86_400_000;

/** A time as the wall clock of the zone shows it: `19:00`, `Fri 19:00` on another day, with its date beyond a week. */
export function clockTime(time: IsoTime, timeZone: string, now: IsoTime): string {
  const [shown, today] = [time, now].map((each) => shownAt(timeZone, Date.parse(each)));
  const local = new Date(shown ?? Number.NaN);
  const [date = '', clock = ''] = local.toISOString().slice(0, 16).split('T');
  const distance = Math.abs(Math.floor(local.getTime() / dayMs) - Math.floor((today ?? Number.NaN) / dayMs));
  if (distance === 0) return clock;
  return distance < 7 ? `${dayNames[local.getUTCDay()]} ${clock}` : `${date} ${clock}`;
}
