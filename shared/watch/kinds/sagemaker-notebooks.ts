import { ResourceGroupsTaggingAPIClient } from '@aws-sdk/client-resource-groups-tagging-api';
import { SageMakerClient } from '@aws-sdk/client-sagemaker';
import {
  describeNotebooks,
  type ListedNotebook,
  listNotebooks,
  toNotebook,
} from '../../aws/sagemaker-notebooks.ts';
import { startNotebooks, stopNotebooks } from '../../aws/sagemaker-power.ts';
import { getOwnTags } from '../../aws/sagemaker-tags.ts';
import { getTagsOf } from '../../aws/tags.ts';
import { periodSeconds } from '../../compute/metric.ts';
import { ec2TypeOf } from '../../compute/sagemaker/job-utilization.ts';
import { judgeNotebook } from '../../compute/sagemaker/notebook.ts';
import { type Utilization, windowBefore } from '../../compute/utilization.ts';
import { schedulableNotebook } from '../../schedule/kinds/sagemaker-notebook.ts';
import type { Schedulable } from '../../schedule/schedulable.ts';
import { clientFor } from '../client-for.ts';
import { discoverNotebookMetrics, measureNotebooks } from '../measure-notebooks.ts';
import type { Kind, KindContext, Listed } from './kind.ts';
import { sageMakerFacts, sageMakerRates } from './sagemaker-types.ts';

/** SageMaker notebook instances. */
export const sageMakerNotebooks: Kind = {
  kind: 'sagemaker-notebook',
  what: 'SageMaker notebook instances (ListNotebookInstances)',
  list,
  refresh,
  stop: ({ target }, stops, options) => stopNotebooks(clientFor(SageMakerClient, target), stops, options),
  start: ({ target }, starts, options) => startNotebooks(clientFor(SageMakerClient, target), starts, options),
};

const nothing: Listed = { subjects: [], measure: async () => new Map(), rates: async () => new Map() };

async function list(context: KindContext): Promise<Listed> {
  const { target, taggedArns } = context;
  const arns = await taggedArns('sagemaker:notebook-instance');
  if (arns.length === 0) return nothing;
  const all = await listNotebooks(clientFor(SageMakerClient, target));
  const notebooks = all.filter(({ arn }) => arns.includes(arn));
  const tags = await getTagsOf(clientFor(ResourceGroupsTaggingAPIClient, target), arns);
  return {
    subjects: toSubjects(context, notebooks, tags),
    measure: (ids, minutes) =>
      measure(
        context,
        notebooks.filter(({ name }) => ids.includes(name)),
        minutes,
      ),
    rates: async () => {
      const types = notebooks.map(({ instanceType }) => instanceType);
      const rates = await sageMakerRates(context, types, 'notebook');
      return new Map(
        notebooks.flatMap(({ name, instanceType }) => {
          const rate = rates.get(instanceType);
          return rate === undefined ? [] : [[name, rate] as const];
        }),
      );
    },
  };
}

async function refresh(context: KindContext, subjects: readonly Schedulable[]): Promise<Schedulable[]> {
  const client = clientFor(SageMakerClient, context.target);
  const fresh = await describeNotebooks(
    client,
    subjects.map(({ id }) => id),
  );
  const tags = await getOwnTags(
    client,
    fresh.map(({ arn }) => arn),
  );
  return toSubjects(context, fresh, tags);
}

/** Whose tags nobody knows is nobody's to stop. */
const toSubjects = (
  { target: { account, region } }: KindContext,
  notebooks: readonly ListedNotebook[],
  tags: ReadonlyMap<string, Record<string, string>>,
): Schedulable[] =>
  notebooks.flatMap((notebook) => {
    const own = tags.get(notebook.arn);
    return own ? [schedulableNotebook({ account, region, ...notebook, tags: own })] : [];
  });

/** SageMaker publishes nothing of notebook instances: without an agent on it, what one does is unknown. */
async function measure(
  context: KindContext,
  listed: readonly ListedNotebook[],
  minutes: number,
): Promise<Map<string, Utilization>> {
  const { clients, config, now } = context;
  const notebooks = listed.map(toNotebook);
  const facts = await sageMakerFacts(
    context,
    notebooks.map(({ instanceType }) => instanceType),
  );
  const discovered = await discoverNotebookMetrics(clients.cloudWatch);
  const window = windowBefore(now, minutes);
  const signals = await measureNotebooks(clients.cloudWatch, notebooks, discovered, window, periodSeconds);
  const policy = { ...config.idle, window: minutes };
  return new Map(
    notebooks.map((notebook) => {
      const measured = signals.get(notebook.name) ?? { gpus: new Map(), fault: discovered.fault };
      const known = facts.get(ec2TypeOf(notebook.instanceType));
      return [notebook.name, judgeNotebook(notebook, known, measured, policy, now)];
    }),
  );
}
