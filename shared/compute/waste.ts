import { ownerOf } from '../allocation/owner.ts';
import type { Usd } from '../money.ts';
import { type IsoTime, toTime } from '../period.ts';
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
 * as the worst of them at each moment, not their sum, and a workload only what its nodes don't waste already; whose it
 * is, the finding seen last says.
 */
export function wasteByOwner(findings: readonly Finding[], from: IsoTime, to: IsoTime): OwnerWaste[] {
  const asked = findings.filter(
    (finding) =>
      Date.parse(lastsUntil(finding, to)) >= Date.parse(from) && Date.parse(finding.since) < Date.parse(to),
  );
  const groups = [...Map.groupBy(asked, resourceKey).values()];
  const workloads = groups.filter((own) => withinOf(own).length > 0);
  const apart = wastesApart(workloads, asked, { from, to });
  const resources = groups.map((own) => ({ ...toWaste(own, from, to), ...apart.get(own) }));
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

const resourceKey = ({ account, region, kind, id }: Finding): string => [account, region, kind, id].join('#');

/** Dollars, or dollars an hour, that a workload wastes on the nodes that may carry it. */
type WorkloadWaste = { wasted: Usd; within: readonly string[] };

/**
 * What of each workload's waste its nodes, by instance id, don't waste already: each dollar is counted once, as the
 * node's, and one of a node is taken off one workload only.
 */
export function wastedApart(workloads: readonly WorkloadWaste[], nodes: ReadonlyMap<string, Usd>): Usd[] {
  const left = new Map(nodes);
  return workloads.map(({ wasted, within }) => {
    let open = wasted;
    for (const node of within) {
      const both = Math.min(open, left.get(node) ?? 0);
      left.set(node, (left.get(node) ?? 0) - both);
      open -= both;
    }
    return open;
  });
}

type Asked = { from: IsoTime; to: IsoTime };

/** What each workload wastes apart from its nodes, at each moment and now. */
function wastesApart(
  workloads: readonly Finding[][],
  findings: readonly Finding[],
  { from, to }: Asked,
): Map<Finding[], Pick<OwnerWaste, 'monthToDate' | 'hourly'>> {
  const carriers = new Set(workloads.flatMap(withinOf));
  const nodes = Map.groupBy(
    findings.filter(({ id, within }) => within === undefined && carriers.has(id)),
    ({ id }) => id,
  );
  const apartBy = (amountOf: (own: readonly Finding[]) => Usd): Usd[] =>
    wastedApart(
      workloads.map((own) => ({ wasted: amountOf(own), within: withinOf(own) })),
      new Map([...nodes].map(([id, own]) => [id, amountOf(own)])),
    );
  const spans = spansOf([...workloads, ...nodes.values()].flat(), from, to);
  const lasted = spans.map(([start, end]) => apartBy((own) => worstOf(own, start, end)));
  const hourly = apartBy((own) => openRate(own, to));
  return new Map(
    workloads.map((own, index) => [
      own,
      {
        monthToDate: lasted.reduce((sum, amounts) => sum + (amounts[index] ?? 0), 0),
        hourly: hourly[index] ?? 0,
      },
    ]),
  );
}

/** Where it was when it was seen last. */
const withinOf = (findings: readonly Finding[]): readonly string[] => newestOf(findings)?.within ?? [];

const newestOf = (findings: readonly Finding[]): Finding | undefined =>
  findings.toSorted((a, b) => Date.parse(b.seenAt) - Date.parse(a.seenAt))[0];

/** Dollars an hour of the worst of those that are open. */
const openRate = (findings: readonly Finding[], now: IsoTime): Usd =>
  largest(
    findings.filter((finding) => isOpen(finding, now)).map(({ wastedHourlyRate = 0 }) => wastedHourlyRate),
  );

/** One resource's. */
function toWaste(findings: readonly Finding[], from: IsoTime, to: IsoTime): OwnerWaste {
  const newest = newestOf(findings);
  return {
    owner: newest && ownerOf(newest.attribution),
    monthToDate: wastedBy(findings, from, to),
    hourly: openRate(findings, to),
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
const sweep = (findings: readonly Finding[], from: IsoTime, to: IsoTime): Usd =>
  spansOf(findings, from, to).reduce((sum, [start, end]) => sum + worstOf(findings, start, end), 0);

/** The time asked for, cut wherever one of them begins or ends. */
function spansOf(findings: readonly Finding[], from: IsoTime, to: IsoTime): [IsoTime, IsoTime][] {
  const [start, end] = [Date.parse(from), Date.parse(to)];
  const turns = findings.flatMap((finding) => [
    Date.parse(finding.since),
    Date.parse(lastsUntil(finding, to)),
  ]);
  const inside = [...new Set(turns)].filter((turn) => turn > start && turn < end).toSorted((a, b) => a - b);
  const times = [from, ...inside.map(toTime), to];
  return times.slice(1).map((until, index) => [times[index] ?? from, until]);
}

const worstOf = (findings: readonly Finding[], from: IsoTime, to: IsoTime): Usd =>
  largest(findings.map((finding) => wastedBetween(finding, from, to) ?? 0));

const largest = (amounts: readonly Usd[]): Usd => Math.max(0, ...amounts);

const sumOf = <Key extends string>(items: readonly Record<Key, number>[], key: Key): number =>
  items.reduce((sum, item) => sum + item[key], 0);
