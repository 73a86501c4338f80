import { ownerOf } from '../allocation/owner.ts';
import type { Usd } from '../money.ts';
import { type IsoTime, toTime } from '../period.ts';
import type { Check } from './check.ts';
import { type Finding, lastsUntil, wastedBetween } from './finding.ts';

/** What an owner's findings cost. */
export type OwnerWaste = {
  /** Absent where nothing tells whose it is. */
  owner?: string | undefined;
  /** Dollars wasted in the time asked for. */
  monthToDate: Usd;
  /** Dollars an hour that go on being wasted, by the findings that are open then. */
  hourly: Usd;
  /** Findings in that time; of so many nobody knows the price, and they add nothing to the dollars. */
  findings: number;
  unpriced: number;
};

/**
 * What was wasted from `from` until `to`, by owner, the most first. A resource with several findings is as much waste
 * as the worst of them at each moment, not their sum; whose it is, the finding seen last says.
 */
export function wasteByOwner(findings: readonly Finding[], from: IsoTime, to: IsoTime): OwnerWaste[] {
  const within = findings.filter(
    (finding) =>
      Date.parse(lastsUntil(finding, to)) >= Date.parse(from) && Date.parse(finding.since) < Date.parse(to),
  );
  const byResource = Map.groupBy(within, ({ account, region, kind, id }) =>
    [account, region, kind, id].join('#'),
  );
  const hosts = hostFindings(within);
  const resources = [...byResource.values()].map((own) => {
    const alone = own.filter((finding) => !isPaidWithin(finding, hosts));
    return toWaste(alone.length > 0 ? alone : own.map(asFree), from, to);
  });
  return [...Map.groupBy(resources, ({ owner }) => owner)]
    .map(([owner, own]) => ({
      owner,
      monthToDate: sumOf(own, 'monthToDate'),
      hourly: sumOf(own, 'hourly'),
      findings: sumOf(own, 'findings'),
      unpriced: sumOf(own, 'unpriced'),
    }))
    .toSorted((a, b) => b.monthToDate - a.monthToDate || b.hourly - a.hourly);
}

/** The findings on instances as a whole, by instance id. */
const hostFindings = (findings: readonly Finding[]): Map<string, Finding[]> =>
  Map.groupBy(
    findings.filter(({ check }) => hostChecks.includes(check)),
    ({ id }) => id,
  );

const hostChecks: readonly Check[] = ['idle-accelerator', 'loaded-not-computing', 'not-distributed'];

/** Whether what it is a part of wastes it already: a workload on nodes that do nothing. */
const isPaidWithin = ({ within }: Finding, hosts: ReadonlyMap<string, Finding[]>): boolean =>
  within !== undefined && within.length > 0 && within.every((id) => hosts.has(id));

const asFree = (finding: Finding): Finding => ({
  ...finding,
  wastedHourlyRate: 0,
  loss: undefined,
  losses: undefined,
});

/** One resource's. */
function toWaste(findings: readonly Finding[], from: IsoTime, to: IsoTime): OwnerWaste {
  const newest = findings.toSorted((a, b) => Date.parse(b.seenAt) - Date.parse(a.seenAt))[0];
  const open = findings.filter((finding) => isOpen(finding, to));
  return {
    owner: newest && ownerOf(newest.attribution),
    monthToDate: wastedBy(findings, from, to),
    hourly: largest(open.map(({ wastedHourlyRate = 0 }) => wastedHourlyRate)),
    findings: findings.length,
    unpriced: findings.filter(isUnpriced).length,
  };
}

/** What nobody has looked at for long may be over. */
const isOpen = (finding: Finding, now: IsoTime): boolean =>
  finding.closedAt === undefined && Date.parse(lastsUntil(finding, now)) >= Date.parse(now);

/** Tokens have no price by the hour: that of a model isn't unknown, it is none. */
const isUnpriced = ({ kind, hourlyRate, wastedHourlyRate, loss }: Finding): boolean =>
  kind !== 'bedrock-model' &&
  hourlyRate === undefined &&
  wastedHourlyRate === undefined &&
  loss === undefined;

/** A job's loss is all that it cost, with the hours in which it was idle before it failed. */
function wastedBy(findings: readonly Finding[], from: IsoTime, to: IsoTime): Usd {
  const lost = findings.filter(({ loss }) => loss !== undefined);
  const lasting = findings.filter(({ loss }) => loss === undefined);
  return Math.max(worstOf(lost, from, to), sweep(lasting, from, to));
}

/** Between two points in time at which one of them begins or ends, the dearest counts. */
function sweep(findings: readonly Finding[], from: IsoTime, to: IsoTime): Usd {
  const [start, end] = [Date.parse(from), Date.parse(to)];
  const turns = findings.flatMap((finding) => [
    Date.parse(finding.since),
    Date.parse(lastsUntil(finding, to)),
  ]);
  const inside = turns.filter((turn) => turn > start && turn < end).toSorted((a, b) => a - b);
  const times = [from, ...inside.map(toTime), to];
  return times
    .slice(1)
    .reduce((sum, until, index) => sum + worstOf(findings, times[index] ?? from, until), 0);
}

const worstOf = (findings: readonly Finding[], from: IsoTime, to: IsoTime): Usd =>
  largest(findings.map((finding) => wastedBetween(finding, from, to) ?? 0));

const largest = (amounts: readonly Usd[]): Usd => Math.max(0, ...amounts);

const sumOf = <Key extends string>(items: readonly Record<Key, number>[], key: Key): number =>
  items.reduce((sum, item) => sum + item[key], 0);
