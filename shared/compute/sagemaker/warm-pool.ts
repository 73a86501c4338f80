import type { Usd } from '../../money.ts';
import type { IsoTime } from '../../period.ts';
import { formatDuration } from '../duration.ts';
import type { Resource } from '../resource.ts';
import type { Utilization } from '../utilization.ts';
import { asTold, instancesText, type Job, type RateOf, toResource } from './job.ts';

/** The instances of a training job that is over, kept for the next one. */
export type WarmPool = {
  /** The job they were started for. */
  job: Job;
  /** Seconds after the job's end until they are given up. */
  keepAliveSeconds?: number | undefined;
  /** Seconds of each instance that were paid for since, as far as SageMaker tells. */
  retainedSeconds?: number | undefined;
};

/** What waits in a warm pool does nothing, and is paid for as a running job is (SageMaker developer guide, warm pools). */
export function judgeWarmPool(
  { job, keepAliveSeconds, retainedSeconds }: WarmPool,
  now: IsoTime,
): Utilization {
  const ended = job.endedAt === undefined ? undefined : Date.parse(job.endedAt);
  const kept = keptSeconds({ job, retainedSeconds }, now);
  const left =
    ended === undefined || keepAliveSeconds === undefined
      ? undefined
      : ended + keepAliveSeconds * 1000 - Date.parse(now);
  const until = left === undefined || left < 0 ? '' : `, for ${formatDuration(left)} more`;
  return {
    ...asTold(job, now, {
      state: 'idle',
      check: 'idle-warm-pool',
      reason: `kept warm for ${formatDuration(kept * 1000)} since ${job.name} ended${until}, ${instancesText(job)}`,
      wastedShare: 1,
    }),
    windowStart: job.endedAt ?? job.createdAt,
    windowEnd: now,
  };
}

function keptSeconds({ job, retainedSeconds }: WarmPool, now: IsoTime): number {
  const since = Date.parse(job.endedAt ?? now);
  return retainedSeconds ?? Math.max(0, Date.parse(now) - since) / 1000;
}

/** Dollars that it comes to if nobody takes it: until it is given up, or as far as it was kept. */
export const keptCost = (pool: WarmPool, hourlyRate: Usd, now: IsoTime): Usd =>
  (hourlyRate * Math.max(pool.keepAliveSeconds ?? 0, keptSeconds(pool, now))) / 3600;

/** The resource that a warm pool is: it begins where its job ends. */
export const toPoolResource = (
  { job }: WarmPool,
  place: { account: string; region: string },
  tags: Resource['tags'],
  rateOf: RateOf,
): Resource => ({
  ...toResource(job, place, tags, rateOf),
  kind: 'sagemaker-warm-pool',
  startedAt: job.endedAt ?? job.createdAt,
});
