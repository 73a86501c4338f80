import { type Attribution, ownerOf } from '../allocation/owner.ts';
import type { Usd } from '../money.ts';
import type { IsoTime } from '../period.ts';
import type { Instance } from './instance.ts';

/** One of the instances that were started together. */
export type LaunchedInstance = {
  instance: Instance;
  attribution: Attribution;
  hasAccelerators: boolean;
  /** Undefined where the price is unknown. */
  hourlyRate?: Usd | undefined;
};

/** What one reservation started at one time: one launch, however many instances and events it has. */
export type Launch = {
  reservationId: string;
  launchTime: IsoTime;
  /** Who asked for it, where an event says so, e.g. `ml-engineer/dana`. */
  startedBy?: string | undefined;
  isAutoScaling: boolean;
  instances: readonly LaunchedInstance[];
};

/** What there is to remember of a launch. */
export type LaunchToRecord = Omit<Launch, 'instances'> & {
  instances: readonly (Pick<LaunchedInstance, 'attribution' | 'hourlyRate'> & {
    instance: Pick<Instance, 'account' | 'region' | 'instanceId' | 'instanceType'>;
  })[];
};

/** What is remembered of an instance that was started. */
export type LaunchRecord = {
  account: string;
  region: string;
  instanceId: string;
  instanceType: string;
  launchTime: IsoTime;
  startedBy?: string;
  owner?: string;
  team?: string;
  hourlyRate?: Usd;
};

/** Dollars an hour from which a launch is worth telling. */
export type LaunchPolicy = { hourlyRate: Usd; hourlyRateWithoutOwner: Usd };

export type LaunchConcern = 'watched-account' | 'burn-rate' | 'no-owner' | 'unknown-price';

/** The dollars an hour that are known of these instances. */
export const hourlyRateOf = (instances: readonly LaunchedInstance[]): Usd =>
  instances.reduce((sum, { hourlyRate = 0 }) => sum + hourlyRate, 0);

export const hasNoOwner = ({ attribution }: LaunchedInstance): boolean => ownerOf(attribution) === undefined;

/**
 * Why a launch is to be told, the weightiest reason first; undefined where it isn't. What Auto Scaling starts was
 * decided when the group was made. An accelerator of unknown price counts as dear: unknown is not 0. In an account that
 * is watched every launch is told, by Auto Scaling too: whoever stole a key can make a group.
 */
export function concernOf(
  { isAutoScaling, instances }: Launch,
  policy: LaunchPolicy,
  isWatched = false,
): LaunchConcern | undefined {
  if (isWatched && instances.length > 0) return 'watched-account';
  if (isAutoScaling) return undefined;
  if (hourlyRateOf(instances) >= policy.hourlyRate) return 'burn-rate';
  if (instances.some(({ hourlyRate, hasAccelerators }) => hasAccelerators && hourlyRate === undefined)) {
    return 'unknown-price';
  }
  const ownerless = instances.filter(hasNoOwner);
  const isDear = ownerless.length > 0 && hourlyRateOf(ownerless) >= policy.hourlyRateWithoutOwner;
  return isDear ? 'no-owner' : undefined;
}
