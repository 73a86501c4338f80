import type { Observation } from '../compute/finding.ts';
import type { Duplicate } from '../compute/sagemaker/duplicate.ts';
import type { Failure } from '../compute/sagemaker/failed-job.ts';
import { type Job, type JobKind, type RateOf, toResource } from '../compute/sagemaker/job.ts';
import { toldFor } from '../compute/sagemaker/job-series.ts';
import { type IsoTime, toTime } from '../period.ts';
import { ratesOf } from '../store/prices.ts';
import type { Watched } from './observe.ts';

type Pricing = Pick<Watched, 'table' | 'readOnly' | 'target' | 'now'> & {
  clients: Pick<Watched['clients'], 'pricing'>;
};

/** Since when what is over is told; where its kind could not be read for longer, since it was. */
export const toldSince = (readAt: IsoTime | undefined, now: IsoTime): IsoTime =>
  toTime(Math.min(Date.parse(now) - toldFor, Date.parse(readAt ?? now)));

/** What an hour costs by the kind of a job and its type, each asked for once. */
export async function readRates(
  { clients, table, readOnly, target, now }: Pricing,
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

/** What it takes to tell of a job; `tags` by ARN, undefined where they could not be read. */
export type JobTelling<Look extends Pick<Watched, 'target'> = Pick<Watched, 'target'>> = {
  watched: Look;
  rateOf: RateOf;
  tags: ReadonlyMap<string, Record<string, string>> | undefined;
};

/** What is the same in all that is said of a job. */
export const toldOf = (job: Job, { watched, rateOf, tags }: JobTelling) => ({
  resource: toResource(job, watched.target, tags?.get(job.arn) ?? {}, rateOf),
  ...(tags === undefined && { tagsUnread: true }),
});

/** The first of those that failed alike stands for all of them. */
export const failureObservation = (failure: Failure, telling: JobTelling): Observation => ({
  ...lossObservation(failure, telling),
  atStake: failure.loss,
});

/** A job that is over costs nothing any more: what it did cost is its loss. */
export function lossObservation(
  { job, times, utilization, since, loss, losses }: Failure | Duplicate,
  telling: JobTelling,
): Observation {
  const told = toldOf(job, telling);
  const { ran } = told.resource;
  const resource = ran ? { ...told.resource, ran: { ...ran, times } } : told.resource;
  return { ...told, resource, utilization, since, loss, losses };
}
