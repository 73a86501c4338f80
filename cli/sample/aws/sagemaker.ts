import type {
  AppDetails,
  ClusterNodeSummary,
  DescribeAppCommandInput,
  DescribeAppCommandOutput,
  DescribeEndpointCommandInput,
  DescribeEndpointCommandOutput,
  DescribeEndpointConfigCommandInput,
  DescribeEndpointConfigCommandOutput,
  EndpointSummary,
  InferenceComponentSummary,
  ListAppsCommandInput,
  ListAppsCommandOutput,
  ListClusterNodesCommandInput,
  ListClusterNodesCommandOutput,
  ListClustersCommandInput,
  ListClustersCommandOutput,
  ListEndpointsCommandInput,
  ListEndpointsCommandOutput,
  ListInferenceComponentsCommandInput,
  ListInferenceComponentsCommandOutput,
  ListNotebookInstancesCommandInput,
  ListNotebookInstancesCommandOutput,
  NotebookInstanceStatus,
  NotebookInstanceSummary,
  ProductionVariant,
  ProductionVariantSummary,
} from '@aws-sdk/client-sagemaker';
import { placeOf } from '../fleet.ts';
import { variantName } from '../metrics/sagemaker.ts';
import type {
  AppSpec,
  ClusterSpec,
  EndpointSpec,
  NodeSpec,
  NotebookSpec,
  SageMaker,
} from '../sagemaker-spec.ts';
import { awsError, type Caller, type Reply } from '../sample.ts';
import { pageOf } from './page.ts';
import { sageMakerJobs } from './sagemaker-jobs.ts';

export const sageMaker = {
  ListEndpoints: listEndpoints,
  DescribeEndpoint: describeEndpoint,
  DescribeEndpointConfig: describeEndpointConfig,
  ListInferenceComponents: listInferenceComponents,
  ListNotebookInstances: listNotebookInstances,
  ListApps: listApps,
  DescribeApp: describeApp,
  ListClusters: listClusters,
  ListClusterNodes: listClusterNodes,
  ...sageMakerJobs,
};

const defaultPage = 10;

/** What the caller's account and region hold; undefined where nothing of it is SageMaker's. */
export const sageMakerAt = ({ sample, account, region }: Caller): SageMaker | undefined =>
  sample.services.get(placeOf(account, region))?.sageMaker;

type Arn = { account: string; region: string };

export const sageMakerArn = ({ account, region }: Arn, resource: string): string =>
  `arn:aws:sagemaker:${region}:${account}:${resource}`;

export const notFound = (what: string, name: string | undefined): Error =>
  awsError('ValidationException', `Could not find ${what} "${name}".`);

/** Those that are there, be it on their way in or out; to come up takes seven minutes, and to go one. */
export const endpointsAt = (caller: Caller): EndpointSpec[] =>
  (sageMakerAt(caller)?.endpoints ?? []).filter(
    ({ created, deleted }) =>
      created <= caller.sample.now && (deleted === undefined || caller.sample.now < deleted + 60_000),
  );

const upAt = ({ created }: EndpointSpec): number => created + 420_000;

export function endpointStatus(endpoint: EndpointSpec, { sample: { now } }: Caller) {
  if (endpoint.deleted !== undefined) return 'Deleting';
  return now < upAt(endpoint) ? 'Creating' : 'InService';
}

const modifiedAt = (endpoint: EndpointSpec, { sample: { now } }: Caller): Date =>
  new Date(Math.min(now, endpoint.deleted ?? upAt(endpoint)));

function listEndpoints(
  { StatusEquals, NameContains = '', MaxResults, NextToken }: ListEndpointsCommandInput,
  caller: Caller,
): Reply<ListEndpointsCommandOutput> {
  const wanted = endpointsAt(caller).filter(
    (endpoint) =>
      (StatusEquals ?? endpointStatus(endpoint, caller)) === endpointStatus(endpoint, caller) &&
      endpoint.name.includes(NameContains),
  );
  const { page, next } = pageOf(wanted, NextToken, MaxResults ?? defaultPage);
  return {
    Endpoints: page.map(
      (endpoint): EndpointSummary => ({
        EndpointName: endpoint.name,
        EndpointArn: sageMakerArn(caller, `endpoint/${endpoint.name}`),
        CreationTime: new Date(endpoint.created),
        LastModifiedTime: modifiedAt(endpoint, caller),
        EndpointStatus: endpointStatus(endpoint, caller),
      }),
    ),
    ...(next && { NextToken: next }),
  };
}

function describeEndpoint(
  { EndpointName }: DescribeEndpointCommandInput,
  caller: Caller,
): Reply<DescribeEndpointCommandOutput> {
  const endpoint = endpointsAt(caller).find(({ name }) => name === EndpointName);
  if (!endpoint) throw notFound('endpoint', EndpointName);
  const { name, created } = endpoint;
  return {
    EndpointName: name,
    EndpointArn: sageMakerArn(caller, `endpoint/${name}`),
    EndpointConfigName: configNameOf(endpoint),
    ProductionVariants: [toVariantSummary(endpoint)],
    EndpointStatus: endpointStatus(endpoint, caller),
    CreationTime: new Date(created),
    LastModifiedTime: modifiedAt(endpoint, caller),
  };
}

export const configNameOf = ({ name }: EndpointSpec): string => `${name}-config`;

const serverlessOf = ({ serverless }: EndpointSpec) =>
  serverless && {
    MemorySizeInMB: serverless.memoryMb,
    MaxConcurrency: serverless.maxConcurrency,
    ...(serverless.provisioned && { ProvisionedConcurrency: serverless.provisioned }),
  };

function toVariantSummary(endpoint: EndpointSpec): ProductionVariantSummary {
  const serverless = serverlessOf(endpoint);
  return {
    VariantName: variantName,
    CurrentWeight: 1,
    DesiredWeight: 1,
    ...(serverless
      ? { CurrentServerlessConfig: serverless, DesiredServerlessConfig: serverless }
      : { CurrentInstanceCount: endpoint.instances, DesiredInstanceCount: endpoint.instances }),
  };
}

function describeEndpointConfig(
  { EndpointConfigName }: DescribeEndpointConfigCommandInput,
  caller: Caller,
): Reply<DescribeEndpointConfigCommandOutput> {
  const configs = sageMakerAt(caller)?.endpointConfigs ?? [];
  const endpoint = configs.find((each) => configNameOf(each) === EndpointConfigName);
  if (!endpoint) throw notFound('endpoint configuration', EndpointConfigName);
  return {
    EndpointConfigName,
    EndpointConfigArn: sageMakerArn(caller, `endpoint-config/${EndpointConfigName}`),
    ProductionVariants: [toVariant(endpoint)],
    CreationTime: new Date(endpoint.created),
  };
}

export const modelNameOf = ({ name }: EndpointSpec): string => name.replace(/-live$/, '');

function toVariant(endpoint: EndpointSpec): ProductionVariant {
  const serverless = serverlessOf(endpoint);
  return {
    VariantName: variantName,
    ...(endpoint.components.length === 0 && { ModelName: modelNameOf(endpoint) }),
    InitialVariantWeight: 1,
    ...(serverless
      ? { ServerlessConfig: serverless }
      : {
          InitialInstanceCount: endpoint.instances,
          InstanceType: endpoint.type as NonNullable<ProductionVariant['InstanceType']>,
        }),
  };
}

function listInferenceComponents(
  { EndpointNameEquals, MaxResults, NextToken }: ListInferenceComponentsCommandInput,
  caller: Caller,
): Reply<ListInferenceComponentsCommandOutput> {
  const wanted = endpointsAt(caller)
    .filter(({ name }) => (EndpointNameEquals ?? name) === name)
    .flatMap((endpoint) =>
      endpoint.components.map(
        (component): InferenceComponentSummary => ({
          InferenceComponentName: component.name,
          InferenceComponentArn: sageMakerArn(caller, `inference-component/${component.name}`),
          EndpointName: endpoint.name,
          EndpointArn: sageMakerArn(caller, `endpoint/${endpoint.name}`),
          VariantName: variantName,
          InferenceComponentStatus: 'InService',
          CreationTime: new Date(endpoint.created + 600_000),
          LastModifiedTime: new Date(endpoint.created + 780_000),
        }),
      ),
    );
  const { page, next } = pageOf(wanted, NextToken, MaxResults ?? defaultPage);
  return { InferenceComponents: page, ...(next && { NextToken: next }) };
}

function listNotebookInstances(
  { StatusEquals, MaxResults, NextToken }: ListNotebookInstancesCommandInput,
  caller: Caller,
): Reply<ListNotebookInstancesCommandOutput> {
  const { now } = caller.sample;
  const wanted = (sageMakerAt(caller)?.notebooks ?? [])
    .filter(({ started }) => started <= now)
    .map((notebook) => toNotebook(notebook, caller))
    .filter(
      ({ NotebookInstanceStatus }) => (StatusEquals ?? NotebookInstanceStatus) === NotebookInstanceStatus,
    );
  const { page, next } = pageOf(wanted, NextToken, MaxResults ?? defaultPage);
  return { NotebookInstances: page, ...(next && { NextToken: next }) };
}

/** To start takes four minutes, to stop one. */
export function toNotebook(
  { name, type, started, stopped }: NotebookSpec,
  caller: Caller,
): NotebookInstanceSummary & { NotebookInstanceStatus: NotebookInstanceStatus } {
  const { now } = caller.sample;
  const [up, down] = [started + 240_000, stopped + 60_000];
  const goesDown = now >= stopped;
  const status = goesDown ? (now < down ? 'Stopping' : 'Stopped') : now < up ? 'Pending' : 'InService';
  return {
    NotebookInstanceName: name,
    NotebookInstanceArn: sageMakerArn(caller, `notebook-instance/${name}`),
    NotebookInstanceStatus: status,
    Url: `${name}.notebook.${caller.region}.sagemaker.aws`,
    InstanceType: type as NonNullable<NotebookInstanceSummary['InstanceType']>,
    CreationTime: new Date(started),
    LastModifiedTime: new Date(Math.min(now, goesDown ? down : up)),
  };
}

export const appsAt = (caller: Caller): AppSpec[] =>
  (sageMakerAt(caller)?.apps ?? []).filter(
    ({ started, deleted }) =>
      started <= caller.sample.now && (deleted === undefined || caller.sample.now < deleted + 86_400_000),
  );

const ownerOf = ({ space, user }: AppSpec) =>
  space === undefined ? { UserProfileName: user ?? '' } : { SpaceName: space };

function listApps(
  { DomainIdEquals, MaxResults, NextToken }: ListAppsCommandInput,
  caller: Caller,
): Reply<ListAppsCommandOutput> {
  const wanted = appsAt(caller).filter(({ domain }) => (DomainIdEquals ?? domain) === domain);
  const { page, next } = pageOf(wanted, NextToken, MaxResults ?? defaultPage);
  return { Apps: page.map((app) => toApp(app, caller)), ...(next && { NextToken: next }) };
}

/** What was deleted stays listed for a day. */
function appStatus({ deleted }: AppSpec, { sample: { now } }: Caller) {
  if (deleted === undefined) return 'InService';
  return now < deleted + 60_000 ? 'Deleting' : 'Deleted';
}

const toApp = (app: AppSpec, caller: Caller): AppDetails => ({
  DomainId: app.domain,
  ...ownerOf(app),
  AppType: app.kind,
  AppName: app.name,
  Status: appStatus(app, caller),
  CreationTime: new Date(app.started),
  ResourceSpec: { InstanceType: app.type as NonNullable<AppDetails['ResourceSpec']>['InstanceType'] },
});

export const appResource = (app: AppSpec): string =>
  `app/${app.domain}/${app.space ?? app.user}/${app.kind}/${app.name}`;

type AppName = Pick<
  DescribeAppCommandInput,
  'DomainId' | 'AppType' | 'AppName' | 'SpaceName' | 'UserProfileName'
>;

export function appNamed(input: AppName, caller: Caller): AppSpec {
  const app = appsAt(caller).find(
    ({ domain, kind, name, space, user }) =>
      domain === input.DomainId &&
      kind === input.AppType &&
      name === input.AppName &&
      space === input.SpaceName &&
      user === input.UserProfileName,
  );
  if (!app) throw awsError('ResourceNotFound', `App [${input.AppName}] does not exist.`);
  return app;
}

function describeApp(input: DescribeAppCommandInput, caller: Caller): Reply<DescribeAppCommandOutput> {
  const app = appNamed(input, caller);
  const { now } = caller.sample;
  const minutely = now - (now % 60_000);
  return {
    ...toApp(app, caller),
    AppArn: sageMakerArn(caller, appResource(app)),
    LastHealthCheckTimestamp: new Date(minutely),
    LastUserActivityTimestamp: new Date(
      app.lastActive === 'now' ? minutely - 120_000 : Math.min(minutely - 120_000, app.lastActive),
    ),
  };
}

const clustersAt = (caller: Caller): ClusterSpec[] =>
  (sageMakerAt(caller)?.clusters ?? []).filter(({ created }) => created <= caller.sample.now);

export const clusterResource = ({ name }: ClusterSpec): string => `cluster/${name}`;

function listClusters(
  { MaxResults, NextToken }: ListClustersCommandInput,
  caller: Caller,
): Reply<ListClustersCommandOutput> {
  const { page, next } = pageOf(clustersAt(caller), NextToken, MaxResults ?? defaultPage);
  return {
    ClusterSummaries: page.map((cluster) => ({
      ClusterArn: sageMakerArn(caller, clusterResource(cluster)),
      ClusterName: cluster.name,
      CreationTime: new Date(cluster.created),
      ClusterStatus: 'InService',
    })),
    ...(next && { NextToken: next }),
  };
}

/** By the cluster's name or its ARN. */
function listClusterNodes(
  { ClusterName, MaxResults, NextToken }: ListClusterNodesCommandInput,
  caller: Caller,
): Reply<ListClusterNodesCommandOutput> {
  const cluster = clustersAt(caller).find(
    (each) => each.name === ClusterName || sageMakerArn(caller, clusterResource(each)) === ClusterName,
  );
  if (!cluster) throw awsError('ResourceNotFound', `Cluster with name ${ClusterName} not found.`);
  const nodes = cluster.nodes.filter(({ launched }) => launched <= caller.sample.now);
  const { page, next } = pageOf(nodes, NextToken, MaxResults ?? defaultPage);
  return { ClusterNodeSummaries: page.map(toNode), ...(next && { NextToken: next }) };
}

const toNode = ({ id, group, type, launched }: NodeSpec): ClusterNodeSummary => ({
  InstanceGroupName: group,
  InstanceId: id,
  InstanceType: type as ClusterNodeSummary['InstanceType'],
  LaunchTime: new Date(launched),
  InstanceStatus: { Status: 'Running' },
});
