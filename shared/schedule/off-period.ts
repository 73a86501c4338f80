import type { Attribution } from '../allocation/owner.ts';
import type { Usd } from '../money.ts';
import { addMilliseconds, type IsoTime, later, toTime } from '../period.ts';
import type { Schedule } from './schedule.ts';
import { transitions } from './window.ts';

/** From a time (inclusive) until another (exclusive). */
export type TimeSpan = { from: IsoTime; until: IsoTime };

/** What the rate of a period was read from. */
export type RateSource = 'bill' | 'pricing-api';

/** One stop of ours, and what it is known to save an hour. What was known when it was stopped holds for all of it. */
export type OffPeriod = {
  /** `ec2-instance`, or whatever else a schedule stops. */
  kind: string;
  account: string;
  region: string;
  /** Unique among its kind in its account and region. */
  id: string;
  name: string;
  /** `g5.xlarge` */
  type: string;
  /** How many of that type the rates are of: the instances of a group, 1 of an instance. */
  count: number;
  team?: string | undefined;
  owner?: string | undefined;
  /** The schedule's name in the configuration, else its hours. */
  schedule: string;
  timeZone: string;
  /** When its stop was recorded. */
  stoppedAt: IsoTime;
  /** Since when it has been seen to be off, and paid for no more. */
  offSince: IsoTime;
  /** The start of the run that the stop ended; absent where AWS doesn't say. */
  runningSince?: IsoTime | undefined;
  /** Outside its windows, from the stop on, for as long as a stop counts. */
  offHours: readonly TimeSpan[];
  /** Dollars an hour while it runs; absent where the price is unknown. */
  hourlyRate?: Usd | undefined;
  rateSource?: RateSource | undefined;
  /** Dollars an hour that go on being billed while it is off; absent where they are unknown. */
  stillBilledHourlyRate?: Usd | undefined;
  /** When a pass saw it off last. */
  seenAt?: IsoTime | undefined;
};

export type OffResource = Pick<OffPeriod, 'kind' | 'id'>;

/** What tells a resource from every other of its account and region. */
export const resourceKey = ({ kind, id }: OffResource): string => `${kind}#${id}`;

/**
 * Days for which a stop counts. A week holds every hour of a weekly schedule once: who left something off for longer
 * has given it up, and that is their saving.
 */
export const countedDays = 7;

const countedMs = countedDays * 86_400_000;

/** When a stop ceases to count, however long it goes on. */
export const countedUntil = (stoppedAt: IsoTime): IsoTime => addMilliseconds(stoppedAt, countedMs);

/** The hours outside a schedule's windows in the days for which a stop counts; by the zone's clock, and so DST-true. */
export function offHoursAfter(schedule: Schedule, stoppedAt: IsoTime): TimeSpan[] {
  const end = countedUntil(stoppedAt);
  const { initial, transitions: changes } = transitions(schedule, stoppedAt, end);
  const all = [{ at: stoppedAt, state: initial }, ...changes];
  return all.flatMap(({ at: from, state }, index) => {
    const until = all[index + 1]?.at ?? end;
    return state === 'down' && isAfter(until, from) ? [{ from, until }] : [];
  });
}

/** A resource with a schedule, as a pass has found it. */
export type SightedResource = OffResource & {
  name: string;
  type: string;
  count: number;
  attribution: Attribution;
  /** `changing`: on its way from one state to another. */
  state: 'off' | 'on' | 'gone' | 'changing';
  /** Since when it is so, as AWS says; of what is off: since when it isn't paid for. Absent where AWS doesn't say. */
  since?: IsoTime | undefined;
  /** The start of its last run. Absent where AWS doesn't say. */
  runningSince?: IsoTime | undefined;
  /** Our last stop of it that is on record. */
  stoppedAt?: IsoTime | undefined;
  /** Absent where its tag can't be read any more. */
  schedule?: Schedule | undefined;
  hourlyRate?: Usd | undefined;
  rateSource?: RateSource | undefined;
  stillBilledHourlyRate?: Usd | undefined;
};

/** A period that is open, as passes remember it. */
export type OpenPeriod = OffResource & Pick<OffPeriod, 'stoppedAt' | 'seenAt'>;

/** A stop of ours that no period stands for yet. */
export type Opening = SightedResource & { stoppedAt: IsoTime; schedule: Schedule };

export type Settlement = {
  opened: Opening[];
  /** Still off, and not confirmed for a while. */
  seen: OpenPeriod[];
  /** Over, each with the time at which it was. */
  ended: (OpenPeriod & { endedAt: IsoTime })[];
};

/**
 * What a pass means for the ledger. A period opens when what we stopped is seen off, and ends when it runs again, is
 * gone, or has lasted for as long as a stop counts. Of what isn't among the sighted nothing is known: its period stays
 * as it is, and counts until it was seen last.
 */
export function settle(
  sighted: readonly SightedResource[],
  open: readonly OpenPeriod[],
  now: IsoTime,
): Settlement {
  const periods = new Map(open.map((period) => [resourceKey(period), period]));
  const settlement: Settlement = { opened: [], seen: [], ended: [] };
  for (const resource of sighted) {
    const period = periods.get(resourceKey(resource));
    const endedAt = period && endOf(period, resource, now);
    if (period && endedAt !== undefined) settlement.ended.push({ ...period, endedAt });
    else if (period && isConfirmationDue(period, resource, now)) settlement.seen.push(period);
    if (isUnrecorded(resource, period, now)) settlement.opened.push(resource);
  }
  return settlement;
}

/** When the period was over by what is seen now; undefined while it lasts, or nobody can tell. */
function endOf(
  { stoppedAt, seenAt }: OpenPeriod,
  { state, since, runningSince }: SightedResource,
  now: IsoTime,
): IsoTime | undefined {
  const startedAt = state === 'on' ? (since ?? runningSince) : runningSince;
  // It has run since, and somebody else may have stopped it again.
  if (startedAt !== undefined && isAfter(startedAt, stoppedAt)) return startedAt;
  const lastSeen = seenAt ?? stoppedAt;
  if (state === 'on') return startedAt === undefined ? lastSeen : undefined;
  if (state === 'gone') return since === undefined ? lastSeen : later(since, stoppedAt);
  const limit = countedUntil(stoppedAt);
  return state === 'off' && !isAfter(limit, now) ? limit : undefined;
}

/**
 * Where AWS dates a start a period ends at that time, whenever it was seen off last; else it ends there, and is looked at
 * more often.
 */
function isConfirmationDue(
  { stoppedAt, seenAt = stoppedAt }: OpenPeriod,
  { state, runningSince }: SightedResource,
  now: IsoTime,
): boolean {
  const hours = runningSince === undefined ? 1 : 6;
  return state === 'off' && Date.parse(now) - Date.parse(seenAt) >= hours * 3_600_000;
}

/** Off by our stop of its last run, and not in the ledger. */
function isUnrecorded(
  resource: SightedResource,
  period: OpenPeriod | undefined,
  now: IsoTime,
): resource is Opening {
  const { state, since, stoppedAt, runningSince, schedule } = resource;
  if (state !== 'off' || stoppedAt === undefined || schedule === undefined) return false;
  const isOfLastRun = runningSince === undefined || !isAfter(runningSince, stoppedAt);
  // What went off later than AWS takes to stop it was stopped by somebody else.
  const isOurs = since === undefined || !isAfter(since, addMilliseconds(stoppedAt, settleMs));
  const isKnown = period !== undefined && !isAfter(stoppedAt, period.stoppedAt);
  return isOfLastRun && isOurs && !isKnown && isAfter(countedUntil(stoppedAt), now);
}

/** AWS dates a stop a little after it was asked for. */
const settleMs = 10 * 60_000;

/** Whether anything of a resource's last stop may still change in the ledger. */
export const isLedgerDue = ({ stoppedAt }: Pick<SightedResource, 'stoppedAt'>, now: IsoTime): boolean =>
  stoppedAt !== undefined && isAfter(addMilliseconds(countedUntil(stoppedAt), 86_400_000), now);

/** The period that a stop of ours begins, seen off at `now`. */
export const toOffPeriod = (
  { account, region }: Pick<OffPeriod, 'account' | 'region'>,
  { stoppedAt, schedule, attribution: { team, owner }, ...stop }: Opening,
  now: IsoTime,
): OffPeriod => ({
  kind: stop.kind,
  account,
  region,
  id: stop.id,
  name: stop.name,
  type: stop.type,
  count: stop.count,
  team,
  owner,
  schedule: schedule.name ?? schedule.hours,
  timeZone: schedule.timeZone,
  stoppedAt: toTime(Date.parse(stoppedAt)),
  offSince: later(stop.since ?? now, stoppedAt),
  runningSince: stop.runningSince,
  offHours: offHoursAfter(schedule, stoppedAt),
  hourlyRate: stop.hourlyRate,
  rateSource: stop.hourlyRate === undefined ? undefined : stop.rateSource,
  stillBilledHourlyRate: stop.stillBilledHourlyRate,
});

const isAfter = (time: IsoTime, other: IsoTime): boolean => Date.parse(time) > Date.parse(other);
