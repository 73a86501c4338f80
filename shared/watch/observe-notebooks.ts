import { getSeries, listMetrics } from '../aws/cloudwatch.ts';
import { getInstanceTypeFacts } from '../aws/ec2.ts';
import { getNotebooks } from '../aws/sagemaker-notebooks.ts';
import type { Tags } from '../aws/tags.ts';
import type { Observation } from '../compute/finding.ts';
import type { InstanceTypeFacts } from '../compute/instance.ts';
import { type MetricQuery, periodSeconds, type Series } from '../compute/metric.ts';
import { ec2TypeOf } from '../compute/sagemaker/job-utilization.ts';
import {
  judgeNotebook,
  type Notebook,
  type NotebookMetrics,
  type NotebookPolicy,
  type NotebookSignals,
  notebookDimensions,
  notebookMetrics,
  toWork,
} from '../compute/sagemaker/notebook.ts';
import { windowBefore } from '../compute/utilization.ts';
import { ratesOf } from '../store/prices.ts';
import type { Gap, Watched } from './observe.ts';

/**
 * The notebook instances of a target that are in service. $0.01 per 1,000 metrics: the CPU and each GPU of those that
 * have an agent, none of the others. Throws where they can't be listed.
 */
export async function observeNotebooks(
  watched: Watched,
  tags: Tags,
): Promise<{ observations: Observation[]; gaps: Gap[] }> {
  const { clients, config, table, target, now, readOnly = false } = watched;
  const notebooks = await getNotebooks(clients.sageMaker);
  if (notebooks.length === 0) return { observations: [], gaps: [] };
  const policy: NotebookPolicy = { ...config.idle, window: config.utilization.notebooks.window };
  const { facts, gaps } = await readFacts(watched, notebooks);
  const discovered = await discover(watched);
  const signals = await measure(watched, notebooks, discovered, policy);
  const priced = notebooks.map(({ instanceType }) => ({
    region: target.region,
    type: instanceType,
    use: 'notebook' as const,
  }));
  const rates = await ratesOf({ pricing: clients.pricing, table, readOnly }, priced, now);
  const observations = notebooks.map((notebook, index): Observation => {
    const { name, arn, instanceType, startedAt } = notebook;
    const measured = signals.get(name) ?? { gpus: new Map(), fault: discovered.fault };
    const resource = {
      kind: 'sagemaker-notebook' as const,
      account: target.account,
      region: target.region,
      id: name,
      name,
      type: instanceType,
      count: 1,
      startedAt,
      tags: tags.get(arn) ?? {},
    };
    const utilization = judgeNotebook(notebook, facts.get(ec2TypeOf(instanceType)), measured, policy, now);
    return { resource, utilization, hourlyRate: rates[index] };
  });
  const fault = discovered.fault
    ? [{ what: 'the metrics of notebook instances (ListMetrics)', why: discovered.fault }]
    : [];
  return { observations, gaps: [...gaps, ...fault] };
}

async function readFacts({ clients }: Watched, notebooks: readonly Notebook[]) {
  try {
    const types = notebooks.map(({ instanceType }) => ec2TypeOf(instanceType));
    return { facts: await getInstanceTypeFacts(clients.ec2, types), gaps: [] };
  } catch (error) {
    const what = 'the types of notebook instances (DescribeInstanceTypes)';
    return { facts: new Map<string, InstanceTypeFacts>(), gaps: [{ what, why: (error as Error).message }] };
  }
}

type Discovered = { metrics: ReadonlyMap<string, NotebookMetrics>; fault?: string };

/** Looks in every namespace: which one an agent writes to is up to whoever installed it. */
async function discover({ clients }: Watched): Promise<Discovered> {
  try {
    const listings = notebookDimensions.map((name) =>
      listMetrics(clients.cloudWatch, { dimensions: [{ name }] }),
    );
    return { metrics: notebookMetrics((await Promise.all(listings)).flat()) };
  } catch (error) {
    return { metrics: new Map(), fault: (error as Error).message };
  }
}

async function measure(
  { clients, now }: Watched,
  notebooks: readonly Notebook[],
  { metrics }: Discovered,
  policy: NotebookPolicy,
): Promise<Map<string, NotebookSignals>> {
  const own = notebooks.flatMap(({ name }) => {
    const found = metrics.get(name);
    return found ? [{ name, ...found }] : [];
  });
  const queries = own.flatMap(({ cpu, gpus }) => [...cpu, ...[...gpus.values()].flat()]);
  const window = windowBefore(now, policy.window);
  const series = await getSeries(clients.cloudWatch, queries, window, periodSeconds);
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
