import {
  DescribeAppCommand,
  type DescribeAppCommandInput,
  ListAppsCommand,
  type SageMakerClient,
} from '@aws-sdk/client-sagemaker';
import { z } from 'zod';
import type { StudioApp } from '../compute/sagemaker/studio-app.ts';
import { toTime } from '../period.ts';
import { describeEach, type Fault, faultsOf } from './describe-each.ts';

const time = z.date().transform((date) => toTime(date.getTime()));

const app = z.object({
  DomainId: z.string(),
  UserProfileName: z.string().optional(),
  SpaceName: z.string().optional(),
  AppType: z.string(),
  AppName: z.string(),
  Status: z.string(),
  CreationTime: time.optional(),
  ResourceSpec: z.object({ InstanceType: z.string().optional() }).optional(),
});

type Listed = z.infer<typeof app>;

const listed = z.object({ Apps: z.array(app).default([]), NextToken: z.string().optional() });

const described = z.object({
  AppArn: z.string().optional(),
  LastHealthCheckTimestamp: time.optional(),
  LastUserActivityTimestamp: time.optional(),
});

/** Types that always run on an instance of their own; the others may run on SageMaker's, which is free. */
const ownInstance = new Set(['JupyterLab', 'CodeEditor', 'KernelGateway', 'RSessionGateway']);

/**
 * The instance that is paid for; undefined where there is none, empty where nothing tells its type. API reference of
 * ResourceSpec: for a KernelGateway app `system` means ml.t3.medium.
 */
function paidType({ AppType, ResourceSpec }: Listed): string | undefined {
  const type = ResourceSpec?.InstanceType;
  if (type === 'system') return AppType === 'KernelGateway' ? 'ml.t3.medium' : undefined;
  return type ?? (ownInstance.has(AppType) ? '' : undefined);
}

/** An app, and SageMaker's own word for its state: `InService`. */
export type AppWithStatus = { app: StudioApp; status: string };

/**
 * The Studio apps in service that cost something, all pages, each with its user's last activity. Throws where they can't
 * be listed; of one that can't be described the activity is unknown.
 */
export async function getStudioApps(
  client: SageMakerClient,
): Promise<{ apps: StudioApp[]; faults: Fault[] }> {
  const { apps, faults } = await describeApps(
    client,
    paidApps(await listApps(client)).filter(({ status }) => status === 'InService'),
  );
  return { apps: apps.map(({ app }) => app), faults };
}

/**
 * The Studio apps whose ARN is one of these and that cost something, whether they are there already, still, or not; as
 * far as SageMaker describes them.
 */
export async function getAppsByArn(
  client: SageMakerClient,
  arns: readonly string[],
): Promise<AppWithStatus[]> {
  const resources = new Set(arns.map(resourceOf));
  const listed = paidApps(await listApps(client)).filter(({ app }) => resources.has(resourceOfApp(app)));
  return (await describeApps(client, listed)).apps.filter(({ app }) => arns.includes(app.arn ?? ''));
}

/** What SageMaker says now of these apps; who is gone, or can't be described, is missing. */
export async function describeAppsById(
  client: SageMakerClient,
  ids: readonly string[],
): Promise<AppWithStatus[]> {
  const answers = await describeEach(ids, async (id) => {
    const answer = await client.send(new DescribeAppCommand(appName(id)));
    const [listed] = paidApps([app.parse(answer)]);
    return listed && withDetail(listed, described.parse(answer));
  });
  return [...answers.values()].flatMap((answer) => (answer instanceof Error ? [] : (answer ?? [])));
}

/** `app/d-1234/desk/jupyterlab/default`, as ARNs spell what apps are called: in lower case. */
const resourceOf = (arn: string): string => (arn.split(':')[5] ?? '').toLowerCase();

function resourceOfApp({ id }: StudioApp): string {
  const [domain, , owner, type, name] = id.split('/');
  return ['app', domain, owner, type, name].join('/').toLowerCase();
}

const paidApps = (apps: readonly Listed[]): AppWithStatus[] => [
  ...new Map(
    apps.flatMap((each): [string, AppWithStatus][] => {
      const instanceType = each.Status in there ? paidType(each) : undefined;
      const studioApp = instanceType === undefined ? undefined : toApp(each, instanceType);
      return studioApp ? [[studioApp.id, { app: studioApp, status: each.Status }]] : [];
    }),
  ).values(),
];

/** Those in which there is an app, or is about to be: what was deleted stays listed for a day. */
const there: Readonly<Record<string, true>> = { Pending: true, InService: true, Deleting: true };

async function describeApps(
  client: SageMakerClient,
  found: readonly AppWithStatus[],
): Promise<{ apps: AppWithStatus[]; faults: Fault[] }> {
  const details = await describeEach(
    found.map(({ app: { id } }) => id),
    async (id) => described.parse(await client.send(new DescribeAppCommand(appName(id)))),
  );
  const apps = found.flatMap((each): AppWithStatus[] => {
    const detail = details.get(each.app.id);
    if (detail === undefined || (detail instanceof Error && isGone(detail))) return [];
    if (detail instanceof Error) return [{ ...each, app: { ...each.app, fault: detail.message } }];
    return [withDetail(each, detail)];
  });
  const what = (count: number) =>
    `the activity of ${count} Studio app${count === 1 ? '' : 's'} (DescribeApp)`;
  return { apps, faults: faultsOf(details, what, isGone) };
}

const withDetail = (each: AppWithStatus, detail: z.infer<typeof described>): AppWithStatus => ({
  ...each,
  app: {
    ...each.app,
    arn: detail.AppArn,
    checkedAt: detail.LastHealthCheckTimestamp,
    activeAt: detail.LastUserActivityTimestamp,
  },
});

/** How SageMaker's calls name the app of an id. */
export function appName(id: string): DescribeAppCommandInput {
  const [DomainId, kind, owner, AppType, AppName] = id.split('/');
  return {
    DomainId,
    ...(kind === 'space' ? { SpaceName: owner } : { UserProfileName: owner }),
    AppType: AppType as DescribeAppCommandInput['AppType'],
    AppName,
  };
}

/** Deleted between the listing and the question. */
const isGone = (error: Error): boolean => error.name === 'ResourceNotFound';

function toApp(each: Listed, instanceType: string): StudioApp | undefined {
  const { DomainId, SpaceName, UserProfileName, AppType, AppName, CreationTime } = each;
  const owner = SpaceName ?? UserProfileName;
  if (owner === undefined) return undefined;
  const ownerKind = SpaceName === undefined ? 'user' : 'space';
  return {
    id: [DomainId, ownerKind, owner, AppType, AppName].join('/'),
    domainId: DomainId,
    ownerKind,
    owner,
    appType: AppType,
    instanceType,
    createdAt: CreationTime,
  };
}

async function listApps(client: SageMakerClient): Promise<Listed[]> {
  const apps: Listed[] = [];
  let NextToken: string | undefined;
  do {
    const page = listed.parse(await client.send(new ListAppsCommand({ MaxResults: 100, NextToken })));
    apps.push(...page.Apps);
    NextToken = page.NextToken;
  } while (NextToken);
  return apps;
}
