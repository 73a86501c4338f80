import { getInstanceTypeFacts } from '../aws/ec2.ts';
import { getNotebooks } from '../aws/sagemaker-notebooks.ts';
import { hourSeconds, hoursBefore } from '../compute/hours.ts';
import type { InstanceTypeFacts } from '../compute/instance.ts';
import { periodSeconds } from '../compute/metric.ts';
import type { Resource } from '../compute/resource.ts';
import { ec2TypeOf } from '../compute/sagemaker/job-utilization.ts';
import {
  judgeNotebook,
  type Notebook,
  type NotebookPolicy,
  notebookSilentSince,
  toPeaks,
} from '../compute/sagemaker/notebook.ts';
import { windowBefore } from '../compute/utilization.ts';
import type { Usd } from '../money.ts';
import type { IsoTime } from '../period.ts';
import { ratesOf } from '../store/prices.ts';
import type { Target } from '../target.ts';
import { type Discovered, discoverNotebookMetrics, measureNotebooks } from './measure-notebooks.ts';
import type { Watched } from './observe.ts';
import type { Untagged } from './tagged.ts';

/**
 * The notebook instances of a target that are in service, or in maintenance. $0.01 per 1,000 metrics: the CPU and each GPU of those that
 * have an agent, none of the others. Throws where they can't be listed.
 */
export async function observeNotebooks(watched: Watched): Promise<Untagged> {
  const { clients, config, target, now } = watched;
  const notebooks = await getNotebooks(clients.sageMaker);
  if (notebooks.length === 0) return { found: [], gaps: [] };
  const policy: NotebookPolicy = { ...config.idle, window: config.utilization.notebooks.window };
  const { facts, gaps } = await readFacts(watched, notebooks);
  const discovered = await discoverNotebookMetrics(clients.cloudWatch);
  const window = windowBefore(now, policy.window);
  const signals = await measureNotebooks(clients.cloudWatch, notebooks, discovered, window, periodSeconds);
  const rates = await readRates(watched, notebooks);
  const judged = notebooks.map((notebook, index) => {
    const measured = signals.get(notebook.name) ?? { gpus: new Map(), fault: discovered.fault };
    const known = facts.get(ec2TypeOf(notebook.instanceType));
    const utilization = judgeNotebook(notebook, known, measured, policy, now);
    return { notebook, utilization, hourlyRate: rates[index] };
  });
  const idle = judged.filter(({ utilization }) => utilization.state === 'idle');
  const sinces = await readSinces(
    watched,
    idle.map(({ notebook }) => notebook),
    discovered,
    policy,
  );
  const found = judged.map(({ notebook, ...observed }) => ({
    observation: {
      resource: toResource(notebook, target),
      ...observed,
      since: sinces.get(notebook.name),
    },
    arns: [notebook.arn],
  }));
  const fault = discovered.fault
    ? [{ what: 'the metrics of notebook instances (ListMetrics)', why: discovered.fault }]
    : [];
  return { found, gaps: [...gaps, ...fault] };
}

const toResource = ({ name, instanceType, startedAt }: Notebook, { account, region }: Target): Resource => ({
  kind: 'sagemaker-notebook',
  account,
  region,
  id: name,
  name,
  type: instanceType,
  count: 1,
  startedAt,
  tags: {},
});

function readRates(
  { clients, table, target, now, readOnly = false }: Watched,
  notebooks: readonly Notebook[],
): Promise<(Usd | undefined)[]> {
  const priced = notebooks.map(({ instanceType }) => ({
    region: target.region,
    type: instanceType,
    use: 'notebook' as const,
  }));
  return ratesOf({ pricing: clients.pricing, table, readOnly }, priced, now);
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

/** Days looked back for the last work of one that is newly idle, by the hour. */
const lookBackDays = 14;

/** Since when each has been silent, by name; only once an episode. */
async function readSinces(
  watched: Watched,
  idle: readonly Notebook[],
  discovered: Discovered,
  policy: NotebookPolicy,
): Promise<Map<string, IsoTime>> {
  const { clients, now, open } = watched;
  const fresh = idle.filter(
    ({ name, startedAt }) =>
      !open.some(
        ({ check, id, since }) =>
          check === 'idle-notebook' && id === name && Date.parse(startedAt ?? now) <= Date.parse(since),
      ),
  );
  const peaks = new Map([...discovered.metrics].map(([name, found]) => [name, toPeaks(found)]));
  const window = hoursBefore(now, lookBackDays * 1440);
  const signals = await measureNotebooks(clients.cloudWatch, fresh, { metrics: peaks }, window, hourSeconds);
  return new Map(
    fresh.map((notebook) => {
      const measured = signals.get(notebook.name) ?? { gpus: new Map() };
      return [notebook.name, notebookSilentSince(notebook, measured, policy, now)];
    }),
  );
}
