import { attribute } from '../allocation/owner.ts';
import { getInstanceTypeFacts } from '../aws/ec2.ts';
import { getTagsOf } from '../aws/tags.ts';
import type { Observation } from '../compute/finding.ts';
import type { ResourceKind } from '../compute/resource.ts';
import { type Duplicate, judgeDuplicates } from '../compute/sagemaker/duplicate.ts';
import { type Failure, judgeFailures, toldFor } from '../compute/sagemaker/failed-job.ts';
import {
  hourlyRateOf,
  isOver,
  type Job,
  type JobKind,
  type RateOf,
  toResource,
} from '../compute/sagemaker/job.ts';
import { isWaiting, judgeLimit, judgeStart } from '../compute/sagemaker/job-delay.ts';
import { ec2TypeOf } from '../compute/sagemaker/job-utilization.ts';
import { judgeWarmPool, toPoolResource, type WarmPool } from '../compute/sagemaker/warm-pool.ts';
import { type IsoTime, toTime } from '../period.ts';
import { getJobs, type KnownJobs } from '../store/jobs.ts';
import { ratesOf } from '../store/prices.ts';
import { type JobVerdict, measureJobs } from './measure-jobs.ts';
import type { Gap, Observed, Observer, Watched } from './observe.ts';
import { attempt, type JobRead, jobKinds, readJobs, readPools, rememberJobs } from './read-jobs.ts';

/**
 * The SageMaker jobs of a target that run, those that ended badly or for nothing of late, and the warm pools
 * that training jobs left. A job that is over is described once, and asked for no metric.
 */
export const observeJobs: Observer = async (watched) => {
  const { table, target, now } = watched;
  const gaps: Gap[] = [];
  const known: KnownJobs = table ? await getJobs(table, target, now) : { jobs: [], readAt: {} };
  const reads: JobRead[] = [];
  // One kind after the other: SageMaker answers few calls a second.
  for (const kind of jobKinds) reads.push(await readJobs(watched, kind, known, gaps));
  const { pools, isWhole } = await readPools(watched, gaps);
  await rememberJobs(watched, reads);

  const jobs = reads.flatMap((read) => read.jobs);
  const poolJobs = pools.map(({ job }) => job);
  const rateOf = await readRates(watched, [...jobs, ...poolJobs]);
  const policy = { toldSince: toldSince(known, now), rateOf };
  const { duplicateDays: days, failedCost } = watched.config.utilization.jobs;
  const failures = judgeFailures(jobs, { ...policy, days: Math.max(1, days), failedCost }, now);
  const duplicates = judgeDuplicates(jobs, { ...policy, days }, now);
  const verdicts = await judgeRunning(
    watched,
    jobs.filter((job) => !isOver(job)),
    gaps,
  );
  const told = [...failures, ...duplicates, ...verdicts].map(({ job }) => job);
  const tags = await readTags(watched, [...told, ...poolJobs], gaps);
  const telling: Telling = { watched, rateOf, tagsOf: ({ arn }) => tags.get(arn) ?? {} };
  return {
    observations: [
      ...verdicts.flatMap((verdict) => runningObservations(verdict, duplicates, telling)),
      ...failures.map((failure) => failureObservation(failure, telling)),
      ...duplicates.filter(({ job }) => isOver(job)).map((duplicate) => lossObservation(duplicate, telling)),
      ...pools.map((pool) => poolObservation(pool, telling)),
    ],
    complete: [
      ...reads.filter((read) => read.isWhole).map(({ kind }): ResourceKind => `sagemaker-${kind}-job`),
      ...(isWhole ? (['sagemaker-warm-pool'] as const) : []),
    ],
    gaps,
  } satisfies Observed;
};

/** Since when what is over is told; where the watch was interrupted for longer, since it was. */
function toldSince({ readAt }: KnownJobs, now: IsoTime): IsoTime {
  const reads = Object.values(readAt).map((time) => Date.parse(time));
  return toTime(Math.min(Date.parse(now) - toldFor, ...reads));
}

/** What an hour costs by the kind of a job and its type, each asked for once. */
async function readRates(
  { clients, table, readOnly, target, now }: Watched,
  jobs: readonly Job[],
): Promise<RateOf> {
  const uses = jobs.flatMap(({ kind, clusters }) => clusters.map(({ type }) => ({ use: kind, type })));
  const priced = [...new Map(uses.map((use) => [rateKey(use.type, use.use), use])).values()];
  const sources = { table, pricing: clients.pricing, ...(readOnly && { readOnly }) };
  const rates = await ratesOf(
    sources,
    priced.map((use) => ({ ...use, region: target.region })),
    now,
  );
  const known = new Map(priced.map(({ use, type }, index) => [rateKey(type, use), rates[index]] as const));
  return (type, kind) => known.get(rateKey(type, kind));
}

const rateKey = (type: string, kind: JobKind): string => `${kind} ${type}`;

async function readTags({ clients }: Watched, jobs: readonly Job[], gaps: Gap[]) {
  const arns = [...new Set(jobs.map(({ arn }) => arn))];
  const tags = await attempt('the tags of SageMaker jobs', gaps, () => getTagsOf(clients.tagging, arns));
  return tags ?? new Map<string, Record<string, string>>();
}

/** A job that waits for its instances is asked for no metric: it has none. */
async function judgeRunning(
  { clients, config, now }: Watched,
  jobs: readonly Job[],
  gaps: Gap[],
): Promise<JobVerdict[]> {
  const { idle, utilization } = config;
  const waiting = jobs.flatMap((job): JobVerdict[] => {
    const verdict = judgeStart(job, utilization.jobs.startingMinutes, now);
    return verdict ? [{ job, utilization: verdict, since: job.waitingSince }] : [];
  });
  const working = jobs.filter((job) => !isWaiting(job));
  const types = working.flatMap(({ clusters }) => clusters.map(({ type }) => ec2TypeOf(type)));
  const facts = await attempt('the instance types of SageMaker jobs', gaps, () =>
    getInstanceTypeFacts(clients.ec2, types),
  );
  const measurement = { idle, underuse: { ...utilization.underuse, coverage: idle.coverage } };
  const measured = await measureJobs(clients.cloudWatch, working, facts ?? new Map(), measurement, now, gaps);
  return [...waiting, ...measured];
}

/** What it takes to tell of a job. */
type Telling = { watched: Watched; rateOf: RateOf; tagsOf: (job: Job) => Record<string, string> };

const resourceOf = (job: Job, { watched, rateOf, tagsOf }: Telling) =>
  toResource(job, watched.target, tagsOf(job), rateOf);

/**
 * All that is to be said of a running job: whether it works, where that is worth saying beside its flaws, its limit, and
 * what it repeats. What it wastes is counted once.
 */
function runningObservations(
  { job, utilization, since }: JobVerdict,
  duplicates: readonly Duplicate[],
  telling: Telling,
): Observation[] {
  const resource = resourceOf(job, telling);
  const hourlyRate = hourlyRateOf(job, telling.rateOf);
  const limited = judgeLimit(job, limitOf(resource.tags, telling.watched), utilization, telling.watched.now);
  const repeated = duplicates.find((duplicate) => duplicate.job === job);
  const isIdle = utilization.wastedShare === 1;
  const flaws: Observation[] = [
    ...(limited ? [{ resource, hourlyRate, ...limited }] : []),
    ...(repeated
      ? [
          {
            resource,
            hourlyRate,
            since: repeated.since,
            utilization: isIdle ? unwasted(repeated.utilization) : repeated.utilization,
          },
        ]
      : []),
  ];
  const own = repeated && !isIdle ? unwasted(utilization) : utilization;
  const isTold = own.check !== undefined || own.state === 'unknown' || flaws.length === 0;
  return [...(isTold ? [{ resource, hourlyRate, since, utilization: own }] : []), ...flaws];
}

const unwasted = <Verdict extends { wastedShare?: number | undefined }>({
  wastedShare: _,
  ...verdict
}: Verdict) => verdict;

function limitOf(tags: Readonly<Record<string, string>>, { config }: Watched) {
  const { maxHours, teams } = config.utilization.jobs;
  const { team } = attribute(tags, config.tags);
  const hours = team === undefined ? undefined : teams[team];
  return hours === undefined ? { hours: maxHours } : { hours, team };
}

/** The first of those that failed alike stands for all of them. */
function failureObservation(failure: Failure, telling: Telling): Observation {
  const { resource, ...observation } = lossObservation(failure, telling);
  return { ...observation, resource: { ...resource, ran: { ...resource.ran, times: failure.times } } };
}

/** A job that is over costs nothing any more: what it did cost is its loss. */
const lossObservation = (
  { job, utilization, since, loss }: Failure | Duplicate,
  telling: Telling,
): Observation => ({
  resource: resourceOf(job, telling),
  utilization,
  since,
  loss,
});

const poolObservation = (pool: WarmPool, { watched, rateOf, tagsOf }: Telling): Observation => ({
  resource: toPoolResource(pool, watched.target, tagsOf(pool.job), rateOf),
  utilization: judgeWarmPool(pool, watched.now),
  hourlyRate: hourlyRateOf(pool.job, rateOf),
  since: pool.job.endedAt ?? pool.job.createdAt,
});
