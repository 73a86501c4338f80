import type { OffPeriod, Sighted } from '../../shared/schedule/off-period.ts';
import type { Schedule } from '../../shared/schedule/schedule.ts';
import { parseScheduleTag } from '../../shared/schedule/tag.ts';

/** The schedule of a tag's value. */
export function scheduleOf(value: string): Schedule {
  const parsed = parseScheduleTag(value, { schedules: {}, timeZone: 'UTC' });
  if (parsed.kind !== 'schedule') throw new Error(JSON.stringify(parsed));
  return parsed.schedule;
}

/** A machine of $2 an hour, stopped on a Monday evening until eight the next morning; $0.25 an hour go on. */
export const offPeriod = (given: Partial<OffPeriod> = {}): OffPeriod => ({
  kind: 'ec2-instance',
  account: '210987654321',
  region: 'eu-west-1',
  id: 'i-1',
  name: 'vision-notebook',
  type: 'g5.xlarge',
  count: 1,
  team: 'vision',
  owner: 'mei',
  schedule: 'office-hours',
  timeZone: 'UTC',
  stoppedAt: '2026-11-16T20:00:00Z',
  offSince: '2026-11-16T20:00:00Z',
  startedAt: '2026-11-16T07:00:00Z',
  offHours: [{ from: '2026-11-16T20:00:00Z', until: '2026-11-17T08:00:00Z' }],
  hourlyRate: 2,
  rateSource: 'bill',
  stillBilledHourlyRate: 0.25,
  seenAt: '2026-11-16T20:00:00Z',
  ...given,
});

/** The same machine as a pass finds it five minutes after the stop. */
export const sighted = (given: Partial<Sighted> = {}): Sighted => ({
  kind: 'ec2-instance',
  id: 'i-1',
  name: 'vision-notebook',
  type: 'g5.xlarge',
  count: 1,
  attribution: { team: 'vision', owner: 'mei' },
  state: 'stopped',
  startedAt: '2026-11-16T07:00:00Z',
  downAt: '2026-11-16T20:00:12Z',
  ourStopAt: '2026-11-16T20:00:00Z',
  schedule: scheduleOf('Mon-Fri 08:00-20:00 UTC'),
  hourlyRate: 2,
  ...given,
});
