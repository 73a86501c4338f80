import type { Attribution } from '../allocation/owner.ts';
import type { Usd } from '../money.ts';
import { addMilliseconds, earlier, type IsoTime, later } from '../period.ts';
import type { Check } from './check.ts';
import { costBetween } from './cost.ts';
import type { Resource, ResourceKind } from './resource.ts';
import type { Confidence, Utilization } from './utilization.ts';

/** A resource, the verdict on it, and what that costs. */
export type Observation = {
  resource: Resource;
  utilization: Utilization;
  /** Dollars an hour for all of its `count`; undefined where the price is unknown. */
  hourlyRate?: Usd | undefined;
  /** Nothing of the rate is paid for yet: a job whose instances don't run. */
  isUnpaid?: boolean | undefined;
  /** Since when it has been so; absent: since the window's start. */
  since?: IsoTime | undefined;
  /** Dollars that are gone once, however long it goes on: what a failed job cost. */
  loss?: Usd | undefined;
  /** When which part of the loss was lost; absent: all of it at `since`. */
  losses?: readonly Loss[] | undefined;
  /** Dollars that it comes to, where it ends by itself before a month is over: a job, a warm pool. */
  atStake?: Usd | undefined;
  /** What would do the same work for less; undefined where nothing is known to. */
  proposal?: { type: string; hourlyRate?: Usd | undefined } | undefined;
  /** When this was measured; absent: just now. */
  seenAt?: IsoTime | undefined;
  /** When what was wrong with it before was over; absent: nobody can tell better than this run. */
  endedAt?: IsoTime | undefined;
  /** Its tags could not be read: whose it is, an earlier run knew. */
  tagsUnread?: boolean | undefined;
};

/** A part of a loss, and when it was lost. */
export type Loss = { at: IsoTime; amount: Usd };

/** Something that is paid for and does nothing, or little, from the run that saw it until it works again or is gone. */
export type Finding = {
  account: string;
  region: string;
  kind: ResourceKind;
  /** The resource's id: unique among its kind in its target. */
  id: string;
  name: string;
  type: string;
  count: number;
  check: Check;
  /** Since then it has been so: the episode's identity. */
  since: IsoTime;
  openedAt: IsoTime;
  /** When a run saw it so last, and by which evidence. */
  seenAt: IsoTime;
  reason: string;
  confidence: Confidence;
  /** What was measured for it last, and how much of that there was, 0 to 1. */
  windowStart: IsoTime;
  windowEnd: IsoTime;
  coverage: number;
  attribution: Attribution;
  /** Instances that it is a part of, and that are paid for as a whole. */
  within?: readonly string[] | undefined;
  /** Dollars an hour that it costs, and that buy nothing; undefined where the price is unknown. */
  hourlyRate?: Usd | undefined;
  wastedHourlyRate?: Usd | undefined;
  /** Nothing of that is paid for yet. */
  isUnpaid?: boolean | undefined;
  loss?: Usd | undefined;
  losses?: readonly Loss[] | undefined;
  atStake?: Usd | undefined;
  proposal?: Observation['proposal'];
  /** When somebody was told last of this, or of the same in an episode before. */
  toldAt?: IsoTime | undefined;
  /** When it was over. */
  closedAt?: IsoTime | undefined;
};

/** An observation that is wrong with something. */
export type Flaw = Observation & { utilization: Utilization & { check: Check } };

export const isFlaw = (observation: Observation): observation is Flaw =>
  observation.utilization.check !== undefined;

/** The dollars an hour that buy nothing; undefined where that or the price is unknown. */
export const wastedRateOf = ({ hourlyRate, utilization: { wastedShare } }: Observation): Usd | undefined =>
  hourlyRate === undefined || wastedShare === undefined ? undefined : hourlyRate * wastedShare;

export const toFinding = (flaw: Flaw, attribution: Attribution, now: IsoTime): Finding => ({
  account: flaw.resource.account,
  region: flaw.resource.region,
  kind: flaw.resource.kind,
  id: flaw.resource.id,
  check: flaw.utilization.check,
  since: flaw.since ?? flaw.utilization.windowStart,
  openedAt: now,
  ...evidence(flaw, attribution, now),
});

/** The finding with this run's evidence. */
export const confirmedBy = (
  finding: Finding,
  flaw: Flaw,
  attribution: Attribution,
  now: IsoTime,
): Finding => ({
  ...finding,
  ...evidence(flaw, flaw.tagsUnread ? finding.attribution : attribution, now),
});

function evidence(flaw: Flaw, attribution: Attribution, now: IsoTime) {
  const { resource, utilization, hourlyRate, isUnpaid, loss, losses, atStake, proposal } = flaw;
  return {
    name: resource.name,
    type: resource.type,
    count: resource.count,
    seenAt: flaw.seenAt ?? now,
    reason: utilization.reason,
    confidence: utilization.confidence,
    windowStart: utilization.windowStart,
    windowEnd: utilization.windowEnd,
    coverage: utilization.coverage,
    attribution,
    within: resource.within,
    hourlyRate,
    isUnpaid,
    wastedHourlyRate: wastedRateOf(flaw),
    loss,
    losses,
    atStake,
    proposal,
  };
}

/** What tells a finding from every other of its target; one resource may have several at a time. */
export const findingKey = ({ kind, id, check }: Pick<Finding, 'kind' | 'id' | 'check'>): string =>
  `${kind}#${id}#${check}`;

/** Whether the resource has been up, as it is, since the finding's episode began. */
export const isSameEpisode = ({ since }: Pick<Finding, 'since'>, { startedAt }: Resource): boolean =>
  startedAt === undefined || Date.parse(startedAt) <= Date.parse(since);

export type Review = {
  opened: Flaw[];
  confirmed: { finding: Finding; flaw: Flaw }[];
  /** Each with the time at which it was over. */
  closed: Finding[];
  /** Those that nothing was found out about. */
  unseen: Finding[];
};

/**
 * What a run's verdicts mean for the open findings. Of the `complete` kinds every resource was listed, so that what
 * isn't among them is gone; of the others nobody can tell. Unknown neither opens nor closes: it says nothing. One that
 * was started again is another episode, as is one that has worked since.
 */
export function reviewFindings(
  open: readonly Finding[],
  observed: readonly Observation[],
  complete: readonly ResourceKind[],
  now: IsoTime,
): Review {
  const byResource = Map.groupBy(observed, ({ resource }) => resourceKey(resource));
  const stillSo = (finding: Finding): boolean => {
    const seen = byResource.get(resourceKey(finding));
    if (seen === undefined) return !complete.includes(finding.kind);
    const lasting = seen.filter(({ resource }) => isSameEpisode(finding, resource));
    return lasting.some(
      ({ utilization: { check, state } }) => check === finding.check || (state === 'unknown' && !check),
    );
  };
  const lasting = new Map(open.filter(stillSo).map((finding) => [findingKey(finding), finding]));
  const flaws = observed.filter(isFlaw).map((flaw) => ({ flaw, finding: lasting.get(flawKey(flaw)) }));
  const confirmed = flaws.flatMap(({ flaw, finding }) => (finding ? [{ finding, flaw }] : []));
  const seen = new Set(confirmed.map(({ finding }) => finding));
  return {
    closed: open
      .filter((finding) => !stillSo(finding))
      .map((finding) => ({
        ...finding,
        closedAt: endOf(finding, byResource.get(resourceKey(finding)) ?? [], now),
      })),
    opened: flaws.flatMap(({ flaw, finding }) => (finding ? [] : [flaw])),
    confirmed,
    unseen: [...lasting.values()].filter((finding) => !seen.has(finding)),
  };
}

/**
 * When it was over: when it worked again, or was stopped, as far as that was seen; else now, or where nobody has seen it
 * for long, when that was. Of a part of its devices others were at work all the time: what they did before it was seen
 * last ends nothing.
 */
function endOf(finding: Finding, observed: readonly Observation[], now: IsoTime): IsoTime {
  const { since, check, windowEnd } = finding;
  const earliest = check === 'not-distributed' ? later(since, windowEnd) : since;
  const ends = observed
    .flatMap(({ endedAt, utilization: { firstBusy } }) => endedAt ?? firstBusy ?? [])
    .filter((end) => Date.parse(end) >= Date.parse(earliest))
    .toSorted((a, b) => Date.parse(a) - Date.parse(b));
  return earlier(ends[0] ?? now, lastsUntil(finding, now));
}

/** How something was over: it isn't there any more, was started anew, has something else, or nothing is wrong with it. */
export type Ending = 'gone' | 'restarted' | 'otherwise' | 'mended';

/** How a closed finding was over, by what its run has seen of the resource. */
export function endingOf(finding: Finding, observed: readonly Observation[]): Ending {
  const own = observed.filter(
    ({ resource, utilization }) =>
      resourceKey(resource) === resourceKey(finding) && utilization.state !== 'ended',
  );
  if (own.length === 0) return 'gone';
  const lasting = own.filter(({ resource }) => isSameEpisode(finding, resource));
  if (lasting.length === 0) return 'restarted';
  return lasting.some(isFlaw) ? 'otherwise' : 'mended';
}

const resourceKey = ({ kind, id }: Pick<Finding, 'kind' | 'id'>): string => `${kind}#${id}`;

const flawKey = ({ resource: { kind, id }, utilization: { check } }: Flaw): string =>
  findingKey({ kind, id, check });

/**
 * Until when a finding lasts, as far as is known by `now`: until it was closed; else until now, if a run has seen it
 * within a day. What nobody has looked at since may be over for long.
 */
export const lastsUntil = ({ closedAt, seenAt }: Finding, now: IsoTime): IsoTime =>
  closedAt ?? earlier(now, addMilliseconds(seenAt, presumedMs));

/** Underuse is judged once a day, and a run may be late. */
const presumedMs = 26 * 3_600_000;

/**
 * Dollars that a finding wasted between two points in time: the hours it lasted at its wasted rate, and its loss where
 * it happened then. Undefined where its price is unknown.
 */
export function wastedBetween(finding: Finding, start: IsoTime, end: IsoTime): Usd | undefined {
  const { since, wastedHourlyRate, loss, losses } = finding;
  const until = earlier(lastsUntil(finding, end), end);
  const from = later(since, start);
  const isWithin = ({ at }: Loss) => Date.parse(at) >= Date.parse(start) && Date.parse(at) < Date.parse(end);
  const parts = losses ?? (loss === undefined ? [] : [{ at: since, amount: loss }]);
  const lost = parts.filter(isWithin).reduce((sum, { amount }) => sum + amount, 0);
  if (wastedHourlyRate === undefined) return parts.length === 0 ? undefined : lost;
  return costBetween(wastedHourlyRate, from, until) + lost;
}
