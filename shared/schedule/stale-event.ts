import type { IsoTime } from '../period.ts';

/**
 * Whether an event that arrives at `arrival` is too old to act on: what it would decide was true then, not now. One
 * whose time can't be read is too old.
 */
export const isStale = (eventTime: IsoTime, arrival: IsoTime, maxAgeMinutes: number): boolean =>
  !(Date.parse(arrival) - Date.parse(eventTime) <= maxAgeMinutes * 60_000);
