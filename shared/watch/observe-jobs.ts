import { attribute } from '../allocation/owner.ts';
import { getInstanceTypeFacts } from '../aws/ec2.ts';
import { getTagsOf } from '../aws/tags.ts';
import type { Check } from '../compute/check.ts';
import { costBetween } from '../compute/cost.ts';
import type { Observation } from '../compute/finding.ts';
import type { ResourceKind } from '../compute/resource.ts';
import { type Duplicate, judgeDuplicates } from '../compute/sagemaker/duplicate.ts';
import { type Failure, judgeFailures } from '../compute/sagemaker/failed-job.ts';
import {
  asTold,
  hourlyRateOf,
  instancesText,
  isOver,
  type Job,
  type RateOf,
} from '../compute/sagemaker/job.ts';
import {
  isUnpaid,
  isWaiting,
  judgeLimit,
  judgeStart,
  type RunLimit,
} from '../compute/sagemaker/job-delay.ts';
import { ec2TypeOf } from '../compute/sagemaker/job-utilization.ts';
import { judgeWarmPool, keptCost, toPoolResource, type WarmPool } from '../compute/sagemaker/warm-pool.ts';
import type { IsoTime } from '../period.ts';
import { getJobs, type KnownJobs } from '../store/jobs.ts';
import { type JobVerdict, measureJobs } from './measure-jobs.ts';
import type { Gap, Observed, Observer, Watched } from './observe.ts';
import {
  attempt,
  type JobRead,
  jobKinds,
  readJobs,
  readPools,
  rememberJobs,
  rememberPast,
} from './read-jobs.ts';
import {
  failureObservation,
  type JobTelling,
  lossObservation,
  readRates,
  toldOf,
  toldSince,
} from './tell-jobs.ts';

/**
 * The SageMaker jobs of a target that run, those that ended badly or for nothing of late, and the warm pools
 * that training jobs left. A job that is over is described once, and asked for no metric.
 */
export const observeJobs: Observer = async (watched) => {
  const { table, target, now } = watched;
  const gaps: Gap[] = [];
  const known: KnownJobs = table ? await getJobs(table, target, now) : { jobs: [], readAt: {}, past: [] };
  const reads: JobRead[] = [];
  // One kind after the other: SageMaker answers few calls a second.
  for (const kind of jobKinds) reads.push(await readJobs(watched, kind, known, gaps));
  const { pools, isWhole } = await readPools(watched, gaps);
  await rememberJobs(watched, reads);

  const jobs = reads.flatMap((read) => read.jobs);
  const poolJobs = pools.map(({ job }) => job);
  const rateOf = await readRates(watched, [...jobs, ...poolJobs]);
  const verdicts = await judgeRunning(
    watched,
    jobs.filter((job) => !isOver(job)),
    gaps,
  );
  const { failures, duplicates } = judgeSeries(watched, reads, { known, verdicts, rateOf });
  await rememberPast(watched, [...failures, ...duplicates]);
  const ends = jobs.filter((job) => hasEnded(watched, job));
  const told = [...failures, ...duplicates, ...verdicts].map(({ job }) => job);
  const tags = await readTags(watched, [...told, ...ends, ...poolJobs], gaps);
  const telling: Telling = { watched, rateOf, tags };
  return {
    observations: [
      ...verdicts.flatMap((verdict) => runningObservations(verdict, duplicates, telling)),
      ...failures.map((failure) => failureObservation(failure, telling)),
      ...duplicates.map((duplicate) => duplicateObservation(duplicate, telling)),
      ...ends.map((job) => endedObservation(job, telling)),
      ...pools.map((pool) => poolObservation(pool, telling)),
    ],
    complete: [
      ...reads.filter((read) => read.isRead).map(({ kind }): ResourceKind => `sagemaker-${kind}-job`),
      ...(isWhole ? (['sagemaker-warm-pool'] as const) : []),
    ],
    gaps,
  } satisfies Observed;
};

type Known = { known: KnownJobs; verdicts: readonly JobVerdict[]; rateOf: RateOf };

/** The jobs that failed, and those that repeat others, of each kind. */
function judgeSeries(
  { config, now }: Watched,
  reads: readonly JobRead[],
  { known, verdicts, rateOf }: Known,
): { failures: Failure[]; duplicates: Duplicate[] } {
  const { duplicateDays: days, failedCost } = config.utilization.jobs;
  const idle = verdicts.filter((verdict) => verdict.job.kind === 'training' && isIdle(verdict));
  const wasted = new Set(idle.map(({ job }) => job.name));
  const judged = reads.map(({ kind, jobs }) => {
    const policy = { toldSince: toldSince(known.readAt[kind], now), past: known.past, rateOf };
    return {
      failures: judgeFailures(jobs, { ...policy, days: Math.max(1, days), failedCost }, now),
      duplicates: judgeDuplicates(jobs, { ...policy, days, wasted }, now),
    };
  });
  return {
    failures: judged.flatMap(({ failures }) => failures),
    duplicates: judged.flatMap(({ duplicates }) => duplicates),
  };
}

/** Whether a verdict counts all of the price as wasted. */
const isIdle = ({ utilization }: JobVerdict): boolean => utilization.wastedShare === 1;

async function readTags({ clients }: Watched, jobs: readonly Job[], gaps: Gap[]) {
  const arns = [...new Set(jobs.map(({ arn }) => arn))];
  return attempt('the tags of SageMaker jobs', gaps, () => getTagsOf(clients.tagging, arns));
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
    return verdict ? [{ job, ...verdict }] : [];
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

type Telling = JobTelling<Watched>;

/**
 * Whether a running job works, where that is worth saying beside its flaws, and its limit. What it wastes is counted
 * once: with what it repeats, unless it does nothing.
 */
function runningObservations(
  verdict: JobVerdict,
  duplicates: readonly Duplicate[],
  telling: Telling,
): Observation[] {
  const { job, utilization, since } = verdict;
  const { watched, rateOf } = telling;
  const told = {
    ...toldOf(job, telling),
    hourlyRate: hourlyRateOf(job, rateOf),
    ...(isUnpaid(job) && { isUnpaid: true }),
  };
  const limit = limitOf(job, told.resource.tags, telling);
  const limited = judgeLimit(job, limit, utilization, watched.now);
  const repeats = duplicates.filter(({ names }) => job.kind === 'training' && names.includes(job.name));
  const own = repeats.length > 0 && !isIdle(verdict) ? unwasted(utilization) : utilization;
  const isNamed = repeats.some((duplicate) => duplicate.job.name === job.name);
  const isTold = own.check !== undefined || own.state === 'unknown' || !(limited || isNamed);
  const observation = { ...told, since, utilization: own };
  return [
    ...(isTold ? [asEpisode({ ...observation, ...withStake(observation, watched.now) })] : []),
    ...(limited ? [{ ...told, ...limited }] : []),
  ];
}

const unwasted = <Verdict extends { wastedShare?: number | undefined }>({
  wastedShare: _,
  ...verdict
}: Verdict) => verdict;

/** A job ends by itself: what it has wasted so far is what it comes to. */
function withStake(
  { hourlyRate, since, utilization }: Observation,
  now: IsoTime,
): Pick<Observation, 'atStake'> {
  const { check, wastedShare, windowStart } = utilization;
  if (check === undefined || wastedShare === undefined || hourlyRate === undefined) return {};
  return { atStake: costBetween(hourlyRate * wastedShare, since ?? windowStart, now) };
}

/** Waiting that is paid for is not what was found while nobody paid, which began before. */
function asEpisode(observation: Observation): Observation {
  const { resource, since, utilization } = observation;
  if (utilization.check !== 'job-stuck-starting' || utilization.wastedShare === undefined) return observation;
  return { ...observation, resource: { ...resource, startedAt: since } };
}

/**
 * The limit of its team. While nobody knows its team, the one that its open finding was told by; for a new one the
 * longest of all, which is the least that any team would be told of.
 */
function limitOf(job: Job, ownTags: Readonly<Record<string, string>>, { watched, tags }: Telling): RunLimit {
  const { maxHours, teams } = watched.config.utilization.jobs;
  if (tags === undefined) {
    const told = openFindings(watched, job).find(({ check }) => check === 'job-over-limit');
    const toldHours = told && hoursBetween(job.startedAt ?? told.since, told.since);
    return { hours: toldHours ?? Math.max(maxHours, ...Object.values(teams)) };
  }
  const { team } = attribute(ownTags, watched.config.tags);
  const hours = team === undefined ? undefined : teams[team];
  return hours === undefined ? { hours: maxHours } : { hours, team };
}

const hoursBetween = (start: IsoTime, end: IsoTime): number =>
  (Date.parse(end) - Date.parse(start)) / 3_600_000;

const openFindings = ({ open }: Watched, job: Job) =>
  open.filter(({ kind, id }) => kind === `sagemaker-${job.kind}-job` && id === job.name);

/** What is wrong with a job only while it runs. */
const passing: ReadonlySet<Check> = new Set([
  'job-idle',
  'job-stuck-starting',
  'job-over-limit',
  'underused-accelerator',
]);

/** Whether it is over, and something is open that ended with it. */
const hasEnded = (watched: Watched, job: Job): boolean =>
  job.endedAt !== undefined && openFindings(watched, job).some(({ check }) => passing.has(check));

/** Its loss, or its price while it runs. */
const duplicateObservation = (duplicate: Duplicate, telling: Telling): Observation => ({
  ...lossObservation(duplicate, telling),
  hourlyRate: duplicate.hourlyRate,
  ...(duplicate.hourlyRate !== undefined && duplicate.job.startedAt === undefined && { isUnpaid: true }),
  atStake: duplicate.atStake,
});

/** Says when it was over, of what was wrong with it until then. */
function endedObservation(job: Job, telling: Telling): Observation {
  const { now } = telling.watched;
  const reason = `${job.status.toLowerCase()}, ${instancesText(job)}`;
  const utilization = asTold(job, now, { state: 'ended', reason });
  return { ...toldOf(job, telling), utilization, endedAt: job.endedAt };
}

function poolObservation(pool: WarmPool, { watched, rateOf, tags }: Telling): Observation {
  const { job } = pool;
  const hourlyRate = hourlyRateOf(job, rateOf);
  return {
    resource: toPoolResource(pool, watched.target, tags?.get(job.arn) ?? {}, rateOf),
    ...(tags === undefined && { tagsUnread: true }),
    utilization: judgeWarmPool(pool, watched.now),
    hourlyRate,
    since: job.endedAt ?? job.createdAt,
    atStake: hourlyRate === undefined ? undefined : keptCost(pool, hourlyRate, watched.now),
  };
}
