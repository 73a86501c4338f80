import type { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { getSeries, listMetrics } from '../aws/cloudwatch.ts';
import type { MetricQuery, Series, Window } from '../compute/metric.ts';
import {
  type Notebook,
  type NotebookMetrics,
  type NotebookSignals,
  notebookDimensions,
  notebookMetrics,
  toWork,
} from '../compute/sagemaker/notebook.ts';

/** What may tell of notebooks' work, by their names, or why nobody could look for it. */
export type Discovered = { metrics: ReadonlyMap<string, NotebookMetrics>; fault?: string };

/** Looks in every namespace: which one an agent writes to is up to whoever installed it. */
export async function discoverNotebookMetrics(cloudWatch: CloudWatchClient): Promise<Discovered> {
  try {
    const listings = notebookDimensions.map((name) => listMetrics(cloudWatch, { dimensions: [{ name }] }));
    return { metrics: notebookMetrics((await Promise.all(listings)).flat()) };
  } catch (error) {
    return { metrics: new Map(), fault: (error as Error).message };
  }
}

/** What each of them that has an agent did, by name: $0.01 per 1,000 metrics, its CPU and each of its GPUs. */
export async function measureNotebooks(
  cloudWatch: CloudWatchClient,
  notebooks: readonly Notebook[],
  { metrics }: Discovered,
  window: Window,
  period: number,
): Promise<Map<string, NotebookSignals>> {
  const own = notebooks.flatMap(({ name }) => {
    const found = metrics.get(name);
    return found ? [{ name, ...found }] : [];
  });
  const queries = own.flatMap(({ cpu, gpus }) => [...cpu, ...[...gpus.values()].flat()]);
  const series = await getSeries(cloudWatch, queries, window, period);
  const answers = new Map(queries.map((query, index) => [query, series[index] ?? unanswered]));
  return new Map(
    own.map(({ name, cpu, gpus }) => [
      name,
      {
        cpuPercent: cpu.length === 0 ? undefined : joined(cpu, answers),
        gpus: new Map([...gpus].map(([index, asked]) => [index, joined(asked, answers)] as const)),
      },
    ]),
  );
}

const unanswered: Series = { points: [], failure: 'CloudWatch did not answer for it' };

/** One thing under several sets of dimensions is one thing. */
function joined(queries: readonly MetricQuery[], answers: ReadonlyMap<MetricQuery, Series>): Series {
  const parts = queries.map((query) => toWork(query.metric, answers.get(query) ?? unanswered));
  return {
    points: parts.flatMap(({ points }) => points),
    failure: parts.find(({ failure }) => failure !== undefined)?.failure,
  };
}
