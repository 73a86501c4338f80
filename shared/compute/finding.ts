import type { Usd } from '../money.ts';
import { type IsoTime, toTime } from '../period.ts';
import type { Instance } from './instance.ts';
import type { Point, Series, Utilization } from './utilization.ts';

/** An accelerator instance that does nothing, from the run that saw it until it works again or is gone. */
export type IdleFinding = {
  account: string;
  region: string;
  instanceId: string;
  /** Since then none of its GPUs has worked: the episode's identity. */
  idleSince: IsoTime;
  openedAt: IsoTime;
  /** When a run saw it idle last, and by which evidence. */
  seenAt: IsoTime;
  reason: string;
  hourlyRate?: Usd | undefined;
};

/** A running instance, the verdict on it, and what an hour of it costs where that is known. */
export type Observation = { instance: Instance; utilization: Utilization; hourlyRate?: Usd | undefined };

export const toFinding = (observation: Observation, idleSince: IsoTime, now: IsoTime): IdleFinding => ({
  account: observation.instance.account,
  region: observation.instance.region,
  instanceId: observation.instance.instanceId,
  idleSince,
  openedAt: now,
  ...evidence(observation, now),
});

/** The finding with this run's evidence. */
export const confirmedBy = (finding: IdleFinding, observation: Observation, now: IsoTime): IdleFinding => ({
  ...finding,
  ...evidence(observation, now),
});

const evidence = ({ utilization, hourlyRate }: Observation, now: IsoTime) => ({
  seenAt: now,
  reason: utilization.reason,
  hourlyRate,
});

/** Whether the instance has been up since the finding's episode began. */
export const isSameEpisode = ({ idleSince }: IdleFinding, { launchTime }: Instance): boolean =>
  Date.parse(launchTime) <= Date.parse(idleSince);

export type Review = {
  opened: Observation[];
  confirmed: { finding: IdleFinding; observation: Observation }[];
  closed: IdleFinding[];
};

/**
 * What a run's verdicts on all running accelerator instances of a target mean for the open findings. Unknown neither
 * opens nor closes: it says nothing. One that was started again is another episode, as is one whose GPUs worked.
 */
export function reviewFindings(open: readonly IdleFinding[], observed: readonly Observation[]): Review {
  const byId = new Map(observed.map((observation) => [observation.instance.instanceId, observation]));
  const isOver = (finding: IdleFinding) => {
    const observation = byId.get(finding.instanceId);
    if (observation === undefined || observation.utilization.state === 'busy') return true;
    return !isSameEpisode(finding, observation.instance);
  };
  const closed = open.filter(isOver);
  const lasting = open.filter((finding) => !closed.includes(finding));
  const known = new Map(lasting.map((finding) => [finding.instanceId, finding]));
  const idle = observed.filter(({ utilization }) => utilization.state === 'idle');
  return {
    closed,
    opened: idle.filter(({ instance }) => !known.has(instance.instanceId)),
    confirmed: idle.flatMap((observation) => {
      const finding = known.get(observation.instance.instanceId);
      return finding ? [{ finding, observation }] : [];
    }),
  };
}

/**
 * Since when no GPU has worked, at the latest since the window's start. Looks back over hourly maxima of every GPU and
 * stops at the first hour in which one worked or one is missing. `hours` lists each GPU's series.
 */
export function idleSince(
  { instance, utilization }: Observation,
  hours: readonly Series[],
  gpuPercent: number,
): IsoTime {
  const launch = Date.parse(instance.launchTime);
  const byHour = Map.groupBy(hours.flatMap(silentHours(gpuPercent)), (at) => at);
  const isSilent = (at: number) => (byHour.get(at)?.length ?? 0) === hours.length && at + hourMs > launch;
  let since = Date.parse(utilization.windowStart);
  let hour = Math.floor(since / hourMs) * hourMs;
  while (hours.length > 0 && isSilent(hour)) {
    since = Math.min(since, Math.max(hour, launch));
    hour -= hourMs;
  }
  return toTime(since);
}

const hourMs = 3_600_000;

/** The hours, each once, in which a series has data and all of it is silent. */
const silentHours =
  (gpuPercent: number) =>
  ({ points }: Series): number[] => {
    const hourOf = ({ at }: Point) => Math.floor(at / hourMs) * hourMs;
    return [...Map.groupBy(points, hourOf)].flatMap(([hour, values]) =>
      values.every(({ value }) => value <= gpuPercent) ? [hour] : [],
    );
  };
