import type { PricingClient } from '@aws-sdk/client-pricing';
import type { ResourceGroupsTaggingAPIClient } from '@aws-sdk/client-resource-groups-tagging-api';
import type { SageMakerClient } from '@aws-sdk/client-sagemaker';
import { z } from 'zod';
import { attribute } from '../allocation/owner.ts';
import { getJob } from '../aws/sagemaker-jobs.ts';
import { getTagsOf } from '../aws/tags.ts';
import { isFlaw, toFinding } from '../compute/finding.ts';
import { type Failure, isFailed, judgeFailures } from '../compute/sagemaker/failed-job.ts';
import { isOver, type Job, type RateOf } from '../compute/sagemaker/job.ts';
import type { Config } from '../config.ts';
import type { IsoTime } from '../period.ts';
import { getJobs, putJobs } from '../store/jobs.ts';
import type { Table } from '../store/table.ts';
import { findTarget, type Target } from '../target.ts';
import { costsEnough, tellFinding } from './tell-finding.ts';
import { failureObservation, readRates, toldSince } from './tell-jobs.ts';

const event = z.object({ account: z.string(), region: z.string(), time: z.iso.datetime() });

/** Absent, or without any, also where a job has tags. */
const Tags = z.record(z.string(), z.string()).nullish();

const training = event.extend({
  'detail-type': z.literal('SageMaker Training Job State Change'),
  detail: z
    .object({
      TrainingJobName: z.string().min(1),
      TrainingJobStatus: z.string(),
      SecondaryStatus: z.string().optional(),
      Tags,
    })
    .transform((detail) => ({
      kind: 'training' as const,
      name: detail.TrainingJobName,
      status: detail.TrainingJobStatus,
      phase: detail.SecondaryStatus,
      tags: detail.Tags ?? {},
    })),
});

const processing = event.extend({
  'detail-type': z.literal('SageMaker Processing Job State Change'),
  detail: z
    .object({ ProcessingJobName: z.string().min(1), ProcessingJobStatus: z.string(), Tags })
    .transform((detail) => ({
      kind: 'processing' as const,
      name: detail.ProcessingJobName,
      status: detail.ProcessingJobStatus,
      phase: undefined,
      tags: detail.Tags ?? {},
    })),
});

const transform = event.extend({
  'detail-type': z.literal('SageMaker Transform Job State Change'),
  detail: z
    .object({ TransformJobName: z.string().min(1), TransformJobStatus: z.string(), Tags })
    .transform((detail) => ({
      kind: 'transform' as const,
      name: detail.TransformJobName,
      status: detail.TransformJobStatus,
      phase: undefined,
      tags: detail.Tags ?? {},
    })),
});

/**
 * What EventBridge tells of a SageMaker job that has changed its state; several for one change are usual (SageMaker
 * developer guide, events). Of what is in it only the name, the status and the tags are used: SageMaker is asked for
 * the rest.
 */
export const jobEvent = z.discriminatedUnion('detail-type', [training, processing, transform]);

export type JobEvent = z.infer<typeof jobEvent>;

type JobClients = {
  sageMaker: SageMakerClient;
  tagging: ResourceGroupsTaggingAPIClient;
  pricing: PricingClient;
};

type Dependencies = {
  table: Table;
  config: Config;
  targets: readonly Target[];
  clientsFor: (target: Target) => JobClients;
};

export type JobResult =
  | { ignored: string }
  | {
      job: string;
      /** Dollars of it and of all that failed alike since the first; undefined where the price is unknown. */
      loss?: number | undefined;
      alerted: boolean;
    };

/**
 * Tells of a job that failed after hours that are paid for, minutes after it did. The finding that it opens is the one
 * that the hourly pass would open: whichever comes first tells, and jobs that fail alike one after the other are told
 * once. Throws, so that the event comes again, where SageMaker doesn't say yet that it is over.
 */
export async function watchJob(
  { table, config, targets, clientsFor }: Dependencies,
  { account, region, time, detail }: JobEvent,
): Promise<JobResult> {
  if (!isFailed(detail)) return { ignored: `${detail.name} is ${detail.phase ?? detail.status}` };
  const target = findTarget(targets, account, region);
  if (target === undefined) return { ignored: `${account}, ${region} is not watched` };
  const clients = clientsFor(target);
  const job = await getJob(clients.sageMaker, detail.kind, detail.name);
  if (job === undefined) return { ignored: `${detail.name} is not there any more` };
  if (!isOver(job)) throw new Error(`SageMaker doesn't say (yet) that ${detail.name} is over`);

  const look = { table, target, config, now: time };
  const rateOf = await readRates({ ...look, clients }, [job]);
  const failure = await failureOf(look, job, rateOf);
  if (failure === undefined) return { job: job.name, loss: undefined, alerted: false };
  const tags = await tagsOf(clients, failure.job, job, detail.tags);
  const observed = failureObservation(failure, { watched: { target }, rateOf, tags });
  if (!isFlaw(observed)) return { job: job.name, loss: failure.loss, alerted: false };
  const finding = toFinding(observed, attribute(observed.resource.tags, config.tags), time);
  const alerted =
    costsEnough(finding, config) &&
    (await tellFinding(look, table, { finding, flaw: observed, isOpen: false }));
  return { job: job.name, loss: failure.loss, alerted };
}

type Look = { table: Table; target: Target; config: Config; now: IsoTime };

/** The failure that a job is part of, and that is worth it; it is kept first, so that the next one alike finds it. */
async function failureOf(look: Look, job: Job, rateOf: RateOf): Promise<Failure | undefined> {
  const { table, target, config, now } = look;
  const { duplicateDays, failedCost } = config.utilization.jobs;
  const days = Math.max(1, duplicateDays);
  await putJobs(table, target, [job], days + 1, now);
  const { jobs, readAt, past } = await getJobs(table, target, now);
  const alike = jobs.filter((other) => isOver(other) && isAlike(other, job));
  const policy = { failedCost, days, toldSince: toldSince(readAt[job.kind], now), past, rateOf };
  const failures = judgeFailures([...alike, job], policy, now);
  return failures.findLast(({ since }) => Date.parse(since) <= Date.parse(job.endedAt ?? job.createdAt));
}

const isAlike = (other: Job, { kind, name, fingerprint }: Job): boolean =>
  other.kind === kind &&
  other.name !== name &&
  fingerprint !== undefined &&
  other.fingerprint === fingerprint;

/** The event has those of its own job alone, and not always. */
async function tagsOf(
  { tagging }: JobClients,
  first: Job,
  job: Job,
  told: Record<string, string>,
): Promise<ReadonlyMap<string, Record<string, string>>> {
  if (first.name === job.name && Object.keys(told).length > 0) return new Map([[job.arn, told]]);
  return getTagsOf(tagging, [first.arn]);
}
