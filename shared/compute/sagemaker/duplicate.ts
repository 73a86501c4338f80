import { formatMoney, type Usd } from '../../money.ts';
import type { IsoTime } from '../../period.ts';
import { formatDuration } from '../duration.ts';
import type { Utilization } from '../utilization.ts';
import { endsSince } from './failed-job.ts';
import { asTold, costOf, instancesText, isOver, type Job, type RateOf } from './job.ts';

/** A training job that does once more what another did. */
export type Duplicate = {
  job: Job;
  utilization: Utilization;
  since: IsoTime;
  /** Dollars, once it is over; undefined where the price is unknown. */
  loss: Usd | undefined;
};

export type DuplicatePolicy = {
  /** Days within which the same is a duplicate; 0: never. */
  days: number;
  /** What ended before has been told. */
  toldSince: IsoTime;
  rateOf: RateOf;
};

const dayMs = 86_400_000;

/**
 * Training jobs that run, or ended since `toldSince`, and were told to do what an earlier one did: the same image,
 * hyper-parameters and data. Only those that ended well or still run count, since whoever repeats a failure has a reason.
 * Processing and transform jobs repeat themselves by nature.
 */
export function judgeDuplicates(jobs: readonly Job[], policy: DuplicatePolicy, now: IsoTime): Duplicate[] {
  if (policy.days <= 0) return [];
  const experiments = jobs.filter(
    (job) =>
      job.kind === 'training' &&
      job.fingerprint !== undefined &&
      (!isOver(job) || job.status === 'Completed'),
  );
  const alike = Map.groupBy(experiments, ({ fingerprint }) => fingerprint);
  return [...alike.values()].flatMap((group) => {
    const inOrder = group.toSorted((a, b) => createdOf(a) - createdOf(b) || (a.name < b.name ? -1 : 1));
    return inOrder.flatMap((job, index) => {
      const first = inOrder.slice(0, index).find((earlier) => isRepeated(earlier, job, policy.days));
      const isTold = first !== undefined && (!isOver(job) || endsSince(job, policy.toldSince));
      return isTold ? [toDuplicate(job, first, policy.rateOf, now)] : [];
    });
  });
}

const createdOf = ({ createdAt }: Job): number => Date.parse(createdAt);

/**
 * Jobs at the same time of another day come from a schedule: they train on what has arrived since, under the same name.
 */
function isRepeated(earlier: Job, job: Job, days: number): boolean {
  const apart = createdOf(job) - createdOf(earlier);
  const offset = apart % dayMs;
  const isScheduled = apart > dayMs / 2 && Math.min(offset, dayMs - offset) <= scheduleJitter;
  return apart <= days * dayMs && !isScheduled;
}

/** Within five minutes: one pair in 144 of those that nobody planned. */
const scheduleJitter = 5 * 60_000;

function toDuplicate(job: Job, first: Job, rateOf: RateOf, now: IsoTime): Duplicate {
  const loss = isOver(job) ? costOf(job, rateOf, now) : undefined;
  const apart = formatDuration(createdOf(job) - createdOf(first));
  const doubt = job.hasOwnPlaces ? ', though each has places of its own, its code for example' : '';
  const cost = loss === undefined ? '' : `, ${formatMoney(loss)}`;
  const utilization = asTold(job, now, {
    state: isOver(job) ? 'ended' : 'busy',
    check: 'job-duplicate',
    reason: `the same image, hyper-parameters and data as ${first.name} ${apart} before${doubt}, ${instancesText(job)}${cost}`,
    // Once it is over, what it cost is its loss.
    ...(!isOver(job) && job.startedAt !== undefined && { wastedShare: 1 }),
  });
  // Nobody looks into the buckets: under the same place there may lie something else by now.
  const confidence = job.hasOwnPlaces ? 'low' : 'medium';
  return { job, utilization: { ...utilization, confidence }, since: job.startedAt ?? job.createdAt, loss };
}
