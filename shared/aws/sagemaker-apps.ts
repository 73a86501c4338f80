import { DescribeAppCommand, ListAppsCommand, type SageMakerClient } from '@aws-sdk/client-sagemaker';
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

/**
 * The Studio apps in service that cost something, all pages, each with its user's last activity. Throws where they can't
 * be listed; of one that can't be described the activity is unknown.
 */
export async function getStudioApps(
  client: SageMakerClient,
): Promise<{ apps: StudioApp[]; faults: Fault[] }> {
  const found = new Map(
    (await listApps(client)).flatMap((each): [string, StudioApp][] => {
      const instanceType = each.Status === 'InService' ? paidType(each) : undefined;
      const studioApp = instanceType === undefined ? undefined : toApp(each, instanceType);
      return studioApp ? [[studioApp.id, studioApp]] : [];
    }),
  );
  const details = await describeEach(found.keys(), async (id) => {
    const [DomainId, kind, owner, AppType, AppName] = id.split('/');
    const command = new DescribeAppCommand({
      DomainId,
      ...(kind === 'space' ? { SpaceName: owner } : { UserProfileName: owner }),
      AppType: AppType as StudioAppType,
      AppName,
    });
    return described.parse(await client.send(command));
  });
  const apps = [...found.values()].flatMap((each): StudioApp[] => {
    const detail = details.get(each.id);
    if (detail === undefined || (detail instanceof Error && isGone(detail))) return [];
    if (detail instanceof Error) return [{ ...each, fault: detail.message }];
    return [
      {
        ...each,
        arn: detail.AppArn,
        checkedAt: detail.LastHealthCheckTimestamp,
        activeAt: detail.LastUserActivityTimestamp,
      },
    ];
  });
  const what = (count: number) =>
    `the activity of ${count} Studio app${count === 1 ? '' : 's'} (DescribeApp)`;
  return { apps, faults: faultsOf(details, what, isGone) };
}

type StudioAppType = ConstructorParameters<typeof DescribeAppCommand>[0]['AppType'];

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
