import { ResourceGroupsTaggingAPIClient } from '@aws-sdk/client-resource-groups-tagging-api';
import { SageMakerClient } from '@aws-sdk/client-sagemaker';
import { type AppWithStatus, describeAppsById, getAppsByArn } from '../../aws/sagemaker-apps.ts';
import { deleteApps } from '../../aws/sagemaker-power.ts';
import { getOwnTags } from '../../aws/sagemaker-tags.ts';
import { getTagsOf } from '../../aws/tags.ts';
import { ec2TypeOf } from '../../compute/sagemaker/job-utilization.ts';
import { judgeStudioApp, type StudioApp } from '../../compute/sagemaker/studio-app.ts';
import type { Utilization } from '../../compute/utilization.ts';
import { isBefore } from '../../schedule/case.ts';
import { deletedApp, schedulableApp } from '../../schedule/kinds/sagemaker-app.ts';
import { type Schedulable, schedulableKey } from '../../schedule/schedulable.ts';
import { clientFor } from '../client-for.ts';
import type { Kind, KindContext, Listed } from './kind.ts';
import { sageMakerFacts, sageMakerRates } from './sagemaker-types.ts';

/** Apps of SageMaker Studio. They are deleted to stop them, as Studio does it, and opened again by their users. */
export const sageMakerApps: Kind = {
  kind: 'sagemaker-app',
  what: 'Studio apps (ListApps)',
  list,
  refresh,
  stop: ({ target }, stops, options) => deleteApps(clientFor(SageMakerClient, target), stops, options),
  // None is ever listed as one that may be started.
  start: async (_, starts) => starts.map(({ subject: { id } }) => ({ id, outcome: 'left' })),
};

async function list(context: KindContext): Promise<Listed> {
  const { target, taggedArns } = context;
  const arns = await taggedArns('sagemaker:app');
  const apps = arns.length > 0 ? await getAppsByArn(clientFor(SageMakerClient, target), arns) : [];
  const tags =
    apps.length > 0 ? await getTagsOf(clientFor(ResourceGroupsTaggingAPIClient, target), arns) : noTags;
  const subjects = await toSubjects(context, apps, tags);
  return {
    subjects: [...subjects, ...unrecorded(context, subjects)],
    measure: async (ids, minutes) =>
      new Map(
        apps.flatMap(({ app }) =>
          ids.includes(app.id) ? [[app.id, judge(context, app, minutes)] as const] : [],
        ),
      ),
    rates: async () => {
      const types = apps.flatMap(({ app: { instanceType } }) => instanceType || []);
      const rates = await sageMakerRates(context, types, 'studio');
      return new Map(
        apps.flatMap(({ app }) => {
          const rate = rates.get(app.instanceType);
          return rate === undefined ? [] : [[app.id, rate] as const];
        }),
      );
    },
  };
}

const noTags: ReadonlyMap<string, Record<string, string>> = new Map();

async function refresh(context: KindContext, subjects: readonly Schedulable[]): Promise<Schedulable[]> {
  const client = clientFor(SageMakerClient, context.target);
  const fresh = await describeAppsById(
    client,
    subjects.map(({ id }) => id),
  );
  const tags = await getOwnTags(
    client,
    fresh.flatMap(({ app: { arn } }) => arn ?? []),
  );
  return toSubjects(context, fresh, tags);
}

async function toSubjects(
  context: KindContext,
  apps: readonly AppWithStatus[],
  tags: ReadonlyMap<string, Record<string, string>>,
): Promise<Schedulable[]> {
  const { account, region } = context.target;
  const types = apps.flatMap(({ app: { instanceType } }) => instanceType || []);
  const facts = types.length > 0 ? await sageMakerFacts(context, types) : undefined;
  return apps.flatMap(({ app, status }) => {
    const own = tags.get(app.arn ?? '');
    const known = facts?.get(ec2TypeOf(app.instanceType));
    const { instanceStore: instanceStoreTag } = context.config.tags;
    return own
      ? [schedulableApp({ account, region, app, status, tags: own, facts: known, instanceStoreTag })]
      : [];
  });
}

/** Whose deletion a run claimed, and didn't live to record: they are listed no more. */
const unrecorded = ({ records, target }: KindContext, listed: readonly Schedulable[]): Schedulable[] => {
  const prefix = schedulableKey({ kind: 'sagemaker-app', id: '' });
  const there = new Set(listed.map(schedulableKey));
  return [...records].flatMap(([key, { stopRequestedAt, restore }]) =>
    key.startsWith(prefix) && stopRequestedAt !== undefined && restore && !there.has(key)
      ? [deletedApp(target, key.slice(prefix.length), restore)]
      : [],
  );
};

/** Types on which a kernel is likely to compute without its user: that nobody is there is not enough to stop one. */
const isAccelerated = /^ml\.(p|g|inf|trn)\d/;

/**
 * API reference, DescribeApp: an app that is opened again within a day keeps what SageMaker knew of the one before. What
 * its user did before it was shut down says nothing of this one.
 */
function judge({ records, now }: KindContext, app: StudioApp, minutes: number): Utilization {
  const judged = judgeStudioApp(app, minutes, now).utilization;
  const utilization = isAccelerated.test(app.instanceType)
    ? { ...judged, confidence: 'low' as const }
    : judged;
  const { stoppedAt } = records.get(schedulableKey({ kind: 'sagemaker-app', id: app.id })) ?? {};
  if (utilization.state !== 'idle' || stoppedAt === undefined || app.activeAt === undefined)
    return utilization;
  if (!isBefore(app.activeAt, stoppedAt)) return utilization;
  const reason = `it was opened again since ${stoppedAt}, and SageMaker tells of its user's activity before that alone`;
  const { windowStart, windowEnd } = utilization;
  return { state: 'unknown', reason, windowStart, windowEnd, coverage: 0, confidence: 'low' };
}
