import { ownerOf } from '../shared/allocation/owner.ts';
import { isFlaw, wastedRateOf } from '../shared/compute/finding.ts';
import { endsByItself, type Resource } from '../shared/compute/resource.ts';
import { wastedApart } from '../shared/compute/waste.ts';
import type { Usd } from '../shared/money.ts';
import type { Viewed } from './utilization-view.ts';

/** What is paid for by the hour now, and what of it buys nothing: each dollar once. */
export type Totals = {
  /** Resources that are paid for by the hour; of these, those that waste dollars, and those of an unknown price. */
  paidFor: number;
  wasting: number;
  unpriced: number;
  /** Dollars an hour: all that is paid, what of that is wasted, and what of the waste doesn't end by itself. */
  hourlyRate: Usd;
  wasted: Usd;
  lasting: Usd;
  /** Dollars of this month that went into what is over, and by how many. */
  lost: Usd;
  losses: number;
};

/** All that was seen of one resource. */
type Seen = readonly [Viewed, ...Viewed[]];

export function totalsOf(observations: readonly Viewed[]): Totals {
  const seen = toSeen(observations);
  const running = seen.filter(isPaidFor);
  const counted = countedWaste(running);
  const losses = seen.map(lossOf).filter((loss) => loss > 0);
  return {
    paidFor: running.length,
    wasting: running.filter((own) => wasteOf(own) > 0).length,
    unpriced: running.filter((own) => own.every(({ hourlyRate }) => hourlyRate === undefined)).length,
    hourlyRate: sum(running.map(([{ resource, hourlyRate = 0 }]) => (isShared(resource) ? 0 : hourlyRate))),
    wasted: sum(counted.map(({ wasted }) => wasted)),
    lasting: sum(counted.filter(isLasting).map(({ wasted }) => wasted)),
    lost: sum(losses),
    losses: losses.length,
  };
}

/** Dollars an hour that each owner's resources waste, and that don't end by themselves. */
export function lastingByOwner(observations: readonly Viewed[]): Map<string | undefined, Usd> {
  const counted = countedWaste(toSeen(observations).filter(isPaidFor)).filter(isLasting);
  const byOwner = Map.groupBy(counted, ({ own }) => ownerOf(own[0].attribution));
  return new Map([...byOwner].map(([owner, all]) => [owner, sum(all.map(({ wasted }) => wasted))]));
}

const toSeen = (observations: readonly Viewed[]): Seen[] =>
  [...Map.groupBy(observations, ({ resource }) => resourceKey(resource)).values()].flatMap(
    ([first, ...others]): Seen[] => (first === undefined ? [] : [[first, ...others]]),
  );

export const resourceKey = ({ account, region, kind, id }: Resource): string =>
  [account, region, kind, id].join('#');

/** A model is paid for by the token, what is unpaid not yet, and one that is over no more. */
const isPaidFor = (own: Seen): boolean =>
  own[0].resource.kind !== 'bedrock-model' &&
  own.every(({ isUnpaid, utilization: { state } }) => state !== 'ended' && !isUnpaid);

const wasteOf = (own: Seen): Usd => Math.max(0, ...own.map((one) => wastedRateOf(one) ?? 0));

/** A resource with two findings is over once. */
const lossOf = (own: Seen): Usd =>
  Math.max(
    0,
    ...own
      .filter((one) => isFlaw(one) && one.utilization.state === 'ended')
      .map(({ monthToDate, loss = 0 }) => monthToDate ?? loss),
  );

/** A workload's GPUs are those of a node, which is paid for itself. */
const isShared = ({ kind }: Resource): boolean => kind === 'container-gpus';

type Counted = { own: Seen; wasted: Usd };

const isLasting = ({ own: [{ resource }] }: Counted): boolean => !endsByItself(resource.kind);

/** What each wastes, dollars an hour; of a workload, what its nodes don't. */
function countedWaste(running: readonly Seen[]): Counted[] {
  const workloads = running.filter(([{ resource }]) => isShared(resource));
  const others = running.filter(([{ resource }]) => !isShared(resource));
  const apart = wastedApart(
    workloads.map((own) => ({ wasted: wasteOf(own), within: own[0].resource.within ?? [] })),
    new Map(others.map((own) => [own[0].resource.id, wasteOf(own)])),
  );
  return [
    ...others.map((own) => ({ own, wasted: wasteOf(own) })),
    ...workloads.map((own, index) => ({ own, wasted: apart[index] ?? 0 })),
  ];
}

export const sum = (amounts: readonly number[]): number =>
  amounts.reduce((total, amount) => total + amount, 0);
