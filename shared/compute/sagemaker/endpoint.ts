import type { Usd } from '../../money.ts';
import type { IsoTime } from '../../period.ts';

/** Instances of one type; the type is absent where nothing tells it any more. */
export type Fleet = { instanceType?: string | undefined; count: number };

/** A part of an endpoint that is paid for by itself. */
export type Variant = {
  name: string;
  /** Empty where it is serverless; absent where AWS doesn't say how many instances there are. */
  fleets?: readonly Fleet[] | undefined;
  /** Of a serverless one: the executions kept ready, and paid for, whether they are used or not. */
  provisionedConcurrency: number;
  /** Its capacity was bought in advance: an hour of it has no price of its own. */
  isReserved: boolean;
  /** It holds no model of its own: the inference components on it count the requests. */
  hostsComponents: boolean;
};

/** A model on an endpoint that several share. */
export type Component = { name: string; createdAt: IsoTime };

export type Endpoint = {
  name: string;
  arn: string;
  /** SageMaker's own word: `InService`. */
  status: string;
  createdAt: IsoTime;
  /** Requests wait in a queue, and are counted by another metric. */
  isAsync: boolean;
  variants: readonly Variant[];
  /** Its inference components; absent where they couldn't be listed, and there may be some. */
  components?: readonly Component[] | undefined;
  /** What it does may be published instance by instance alone, and not as a whole: nothing says that it isn't. */
  mayReportByInstance: boolean;
  /** Why SageMaker didn't describe it; then nothing but what a listing tells is known. */
  fault?: string | undefined;
};

/** Those in which it takes requests; it does so while it is updated too. */
const serving = new Set(['InService', 'Updating', 'SystemUpdating', 'RollingBack', 'UpdateRollbackFailed']);

export const isServing = ({ status }: Endpoint): boolean => serving.has(status);

export const fleetsOf = ({ variants }: Endpoint): Fleet[] => variants.flatMap(({ fleets = [] }) => fleets);

export const instancesOf = (endpoint: Endpoint): number =>
  fleetsOf(endpoint).reduce((sum, { count }) => sum + count, 0);

/** The variants that cost something while nobody calls them, or that may. */
export const paidVariants = ({ variants }: Endpoint): Variant[] =>
  variants.filter(
    ({ fleets, provisionedConcurrency }) =>
      provisionedConcurrency > 0 || fleets === undefined || fleets.some(({ count }) => count > 0),
  );

/** Whether its metrics would tell anything: it takes requests, and costs something without them. */
export const isMeasurable = (endpoint: Endpoint): boolean =>
  isServing(endpoint) && paidVariants(endpoint).length > 0;

/** Whether nothing is paid for while nobody calls it. */
export const isFree = (endpoint: Endpoint): boolean =>
  isServing(endpoint) && endpoint.variants.length > 0 && paidVariants(endpoint).length === 0;

/**
 * Dollars an hour for all of it, from the price of one instance by type. Undefined where one of its prices is unknown,
 * as that of provisioned concurrency is, or where nobody can say what it holds.
 */
export function endpointRate(endpoint: Endpoint, rates: ReadonlyMap<string, Usd>): Usd | undefined {
  if (isFree(endpoint)) return 0;
  if (!isMeasurable(endpoint)) return undefined;
  const paid = paidVariants(endpoint);
  const isPriced = paid.every(
    ({ fleets, isReserved, provisionedConcurrency }) =>
      fleets !== undefined && !isReserved && provisionedConcurrency === 0,
  );
  const costs = fleetsOf(endpoint)
    .filter(({ count }) => count > 0)
    .map(({ instanceType, count }) => {
      const rate = instanceType === undefined ? undefined : rates.get(instanceType);
      return rate === undefined ? undefined : count * rate;
    });
  if (!isPriced || !costs.every((cost) => cost !== undefined)) return undefined;
  return costs.reduce((sum, cost) => sum + cost, 0);
}

/** The type that costs most together; where prices are unknown, the one with the most instances. */
export function endpointType(endpoint: Endpoint, rates: ReadonlyMap<string, Usd>): string {
  const costOf = ({ instanceType = '', count }: Fleet) => count * (rates.get(instanceType) ?? 0);
  const [first] = fleetsOf(endpoint).toSorted((a, b) => costOf(b) - costOf(a) || b.count - a.count);
  if (first !== undefined) return first.instanceType ?? '';
  return isServerless(endpoint) ? 'serverless' : '';
}

/** It was made for inference components: they count the requests, and not its variants. */
export const hostsComponents = (endpoint: Endpoint): boolean =>
  paidVariants(endpoint).some((variant) => variant.hostsComponents);

export const isServerless = ({ variants }: Endpoint): boolean =>
  variants.length > 0 && variants.every(({ fleets }) => fleets?.length === 0);
