import type { Attribution } from '../allocation/owner.ts';
import type { Resource } from '../compute/resource.ts';
import type { Usd } from '../money.ts';
import { addMilliseconds, earlier, type IsoTime, later, toTime } from '../period.ts';
import type { RateSource } from '../spend/rate.ts';
import type { Schedule } from './schedule.ts';
import { transitions } from './window.ts';

/** From a time (inclusive) until another (exclusive). */
export type TimeSpan = { from: IsoTime; until: IsoTime };

/** One stop of ours, and what it is known to save an hour. What was known when it was stopped holds for all of it. */
export type OffPeriod = Pick<Resource, 'account' | 'region' | 'id' | 'name' | 'type' | 'count'> & {
  /** `ec2-instance`, or whatever else a schedule stops. */
  kind: string;
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
  startedAt?: IsoTime | undefined;
  /** Outside its windows, from the stop on, for as long as a stop counts. */
  offHours: readonly TimeSpan[];
  /** Dollars an hour while it runs; absent where the price is unknown. */
  hourlyRate?: Usd | undefined;
  rateSource?: RateSource | undefined;
  /** Dollars an hour that go on being billed while it is off; absent where they are unknown. */
  stillBilledHourlyRate?: Usd | undefined;
  /** When a pass saw it off last. */
  seenAt: IsoTime;
};

export type OffResource = Pick<OffPeriod, 'kind' | 'id'>;

/** What tells a resource from every other of its account and region. */
export const resourceKey = ({ kind, id }: OffResource): string => `${kind}#${id}`;

/**
 * Days for which a stop counts. A week holds every hour of a weekly schedule once: who left something off for longer
 * has given it up, and that is their saving.
 */
export const countedDays = 7;

const dayMs = 86_400_000;

/** When a stop ceases to count, however long it goes on. */
const countedUntil = (stoppedAt: IsoTime): IsoTime => addMilliseconds(stoppedAt, countedDays * dayMs);

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

/** Something with a schedule, as a pass has found it. */
export type Sighted = Pick<OffPeriod, 'kind' | 'id' | 'name' | 'type' | 'count'> & {
  attribution: Attribution;
  state: 'starting' | 'running' | 'stopping' | 'stopped' | 'gone';
  /** The start of its present run, or of its last. Absent where AWS doesn't say. */
  startedAt?: IsoTime | undefined;
  /** Since when it is down and not paid for. Absent where AWS doesn't say. */
  downAt?: IsoTime | undefined;
  /** Our last stop of it that is on record. */
  ourStopAt?: IsoTime | undefined;
  /** Our last start of it that is on record. */
  ourStartAt?: IsoTime | undefined;
  /** Absent where its tag can't be read any more. */
  schedule?: Schedule | undefined;
  /** Dollars an hour while it runs; absent where the price is unknown. */
  hourlyRate?: Usd | undefined;
};

/** A period that is open, as passes remember it. */
export type OpenPeriod = OffResource & Pick<OffPeriod, 'stoppedAt' | 'seenAt'>;

/** A stop of ours that no period stands for yet. */
export type Opening = Sighted & { ourStopAt: IsoTime; schedule: Schedule };

export type Settlement = {
  opened: Opening[];
  /** Still off, and not confirmed for a while. */
  seen: OpenPeriod[];
  /** Over, each with the time at which it was. */
  ended: { period: OpenPeriod; endedAt: IsoTime }[];
};

/**
 * What a pass means for the ledger. A period opens when what we stopped is seen off, and ends when it runs again, is
 * gone, or has lasted for as long as a stop counts. Of what isn't among the sighted nothing is known: its period stays
 * as it is, and counts until it was seen last.
 */
export function settle(sighted: readonly Sighted[], open: readonly OpenPeriod[], now: IsoTime): Settlement {
  const periods = new Map(open.map((period) => [resourceKey(period), period]));
  const settlement: Settlement = { opened: [], seen: [], ended: [] };
  for (const resource of sighted) {
    const period = periods.get(resourceKey(resource));
    const endedAt = period && endOf(period, resource, now);
    if (period && endedAt !== undefined) settlement.ended.push({ period, endedAt });
    else if (period && isConfirmationDue(period, resource, now)) settlement.seen.push(period);
    if (isUnrecorded(resource, period, now)) settlement.opened.push(resource);
  }
  return settlement;
}

/** When the period was over by what is seen now; undefined while it lasts, or nobody can tell. */
function endOf(
  { stoppedAt, seenAt }: OpenPeriod,
  { state, startedAt, ourStartAt, downAt }: Sighted,
  now: IsoTime,
): IsoTime | undefined {
  // Whatever it is now, it has run since: somebody else may have stopped it again.
  const starts = [startedAt, ourStartAt].flatMap((at) =>
    at !== undefined && isAfter(at, stoppedAt) ? at : [],
  );
  if (starts.length > 0) return starts.reduce(earlier);
  const isUp = state === 'starting' || state === 'running';
  if (isUp) return startedAt === undefined ? seenAt : undefined; // else it has not gone down yet
  if (state === 'gone') return downAt === undefined ? seenAt : later(downAt, stoppedAt);
  const limit = countedUntil(stoppedAt);
  return state === 'stopped' && !isAfter(limit, now) ? limit : undefined;
}

/**
 * Where AWS dates a start, a period ends at that time whenever it was seen off last. Where it doesn't, it ends when it
 * was seen last, and is looked at more often.
 */
function isConfirmationDue({ seenAt }: OpenPeriod, { state, startedAt }: Sighted, now: IsoTime): boolean {
  const hours = startedAt === undefined ? 1 : 6;
  return state === 'stopped' && Date.parse(now) - Date.parse(seenAt) >= hours * 3_600_000;
}

/** Off by our stop of its last run, and not in the ledger. */
function isUnrecorded(resource: Sighted, period: OpenPeriod | undefined, now: IsoTime): resource is Opening {
  const { state, startedAt, ourStartAt, downAt, ourStopAt, schedule } = resource;
  if (state !== 'stopped' || ourStopAt === undefined || schedule === undefined) return false;
  const isOfLastRun = [startedAt, ourStartAt].every((at) => at === undefined || !isAfter(at, ourStopAt));
  // What went off later than AWS takes to stop it was stopped by somebody else.
  const isOurs = downAt === undefined || !isAfter(downAt, addMilliseconds(ourStopAt, settleMs));
  const isKnown = period !== undefined && !isAfter(ourStopAt, period.stoppedAt);
  return isOfLastRun && isOurs && !isKnown && isAfter(countedUntil(ourStopAt), now);
}

/** A stop is on record by its event's time, which may be as old as an event may be, and takes a run to be made. */
const settleMs = 20 * 60_000;

/** Whether the ledger may still change by what becomes of a resource: a pass that has none such need not read it. */
export const isLedgerDue = ({ ourStopAt }: Pick<Sighted, 'ourStopAt'>, now: IsoTime): boolean =>
  ourStopAt !== undefined && isAfter(addMilliseconds(countedUntil(ourStopAt), dayMs), now);

/** Kinds of which nothing that is billed remains when they are off: theirs is thrown away, and made anew. */
const leavesNothing: ReadonlySet<string> = new Set([
  'auto-scaling-group',
  'ecs-service',
  'eks-nodegroup',
  'sagemaker-endpoint',
]);

/** Dollars an hour that go on being billed, where that follows from what it is; undefined: unknown. */
export const stillBilledOf = ({ kind }: Pick<Sighted, 'kind'>): Usd | undefined =>
  leavesNothing.has(kind) ? 0 : undefined;

type Prices = Pick<OffPeriod, 'rateSource' | 'stillBilledHourlyRate'>;

/** The period that a stop of ours begins, seen off at `now`. */
export function toOffPeriod(
  { account, region }: Pick<OffPeriod, 'account' | 'region'>,
  { kind, id, name, type, count, attribution, ...stop }: Opening,
  prices: Prices,
  now: IsoTime,
): OffPeriod {
  const stoppedAt = toTime(Date.parse(stop.ourStopAt));
  const isPriced = stop.hourlyRate !== undefined && stop.hourlyRate > 0; // nothing that runs is free
  return {
    kind,
    account,
    region,
    id,
    name,
    type,
    count,
    team: attribution.team,
    owner: attribution.owner,
    schedule: stop.schedule.name ?? stop.schedule.hours,
    timeZone: stop.schedule.timeZone,
    stoppedAt,
    offSince: later(stop.downAt ?? now, stoppedAt),
    startedAt: stop.startedAt,
    offHours: offHoursAfter(stop.schedule, stoppedAt),
    hourlyRate: isPriced ? stop.hourlyRate : undefined,
    rateSource: isPriced ? prices.rateSource : undefined,
    stillBilledHourlyRate: prices.stillBilledHourlyRate,
    seenAt: toTime(Date.parse(now)),
  };
}

const isAfter = (time: IsoTime, other: IsoTime): boolean => Date.parse(time) > Date.parse(other);
