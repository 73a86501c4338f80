import { isFlaw } from '../shared/compute/finding.ts';
import { endsByItself, type Resource } from '../shared/compute/resource.ts';
import type { Usd } from '../shared/money.ts';
import { type Viewed, wastedRateOf } from './utilization-view.ts';

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
  const groups = Map.groupBy(observations, ({ resource }) => resourceKey(resource));
  const seen = [...groups.values()].flatMap(([first, ...others]): Seen[] =>
    first === undefined ? [] : [[first, ...others]],
  );
  const running = seen.filter(isPaidFor);
  const shared = sharedWaste(running);
  const losses = seen.map(lossOf).filter((loss) => loss > 0);
  return {
    paidFor: running.length,
    wasting: running.filter((own) => wasteOf(own) > 0).length,
    unpriced: running.filter((own) => own.every(({ hourlyRate }) => hourlyRate === undefined)).length,
    hourlyRate: sum(running.map(([{ resource, hourlyRate = 0 }]) => (isShared(resource) ? 0 : hourlyRate))),
    wasted: sum(running.map(wasteOf)) - shared,
    lasting: sum(running.filter(([{ resource }]) => !endsByItself(resource.kind)).map(wasteOf)) - shared,
    lost: sum(losses),
    losses: losses.length,
  };
}

export const resourceKey = ({ account, region, kind, id }: Resource): string =>
  [account, region, kind, id].join('#');

/** A model is paid for by the token, a job before its instances run not at all, and one that is over no more. */
const isPaidFor = (own: Seen): boolean =>
  own[0].resource.kind !== 'bedrock-model' &&
  own.every(({ utilization: { state, check } }) => state !== 'ended' && check !== 'job-stuck-starting');

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

/** Dollars an hour that workloads waste on nodes that waste them too: of a node's waste each dollar is one of both once. */
function sharedWaste(running: readonly Seen[]): Usd {
  const left = new Map(running.map((own) => [own[0].resource.id, wasteOf(own)]));
  const workloads = running.filter(([{ resource }]) => isShared(resource));
  return sum(
    workloads.map((own) => {
      let open = wasteOf(own);
      for (const node of own[0].resource.within ?? []) {
        const both = Math.min(open, left.get(node) ?? 0);
        left.set(node, (left.get(node) ?? 0) - both);
        open -= both;
      }
      return wasteOf(own) - open;
    }),
  );
}

export const sum = (amounts: readonly number[]): number =>
  amounts.reduce((total, amount) => total + amount, 0);
