import type { LaunchRecord } from '../compute/launch.ts';
import { addDays, type IsoDate } from '../period.ts';

/** An instance that was started when something began to rise, and is of the kind that rose. */
export type Suspect = Omit<LaunchRecord, 'account' | 'region'>;

/** `p4d.24xlarge` of `EUW1-BoxUsage:p4d.24xlarge`; undefined where the usage is of no instance. */
export const instanceTypeOf = (usageType: string): string | undefined =>
  /(?:Box|Spot|Dedicated|HostBox|UnusedBox)Usage:([\w.-]+)$/.exec(usageType)?.[1];

/**
 * What was started from the day before something began until the day after, of the type that rose, the dearest and
 * then the earliest first.
 */
export function suspectsOf(
  launches: readonly LaunchRecord[],
  usageType: string | undefined,
  start: IsoDate,
): Suspect[] {
  const type = usageType && instanceTypeOf(usageType);
  const [from, until] = [addDays(start, -1), addDays(start, 2)];
  return launches
    .filter(
      ({ instanceType, launchTime }) => instanceType === type && launchTime >= from && launchTime < until,
    )
    .toSorted((a, b) => (b.hourlyRate ?? 0) - (a.hourlyRate ?? 0) || (a.launchTime < b.launchTime ? -1 : 1))
    .map(({ instanceId, instanceType, launchTime, startedBy, owner, team, hourlyRate }) => ({
      instanceId,
      instanceType,
      launchTime,
      ...(startedBy && { startedBy }),
      ...(owner && { owner }),
      ...(team && { team }),
      ...(hourlyRate !== undefined && { hourlyRate }),
    }));
}
