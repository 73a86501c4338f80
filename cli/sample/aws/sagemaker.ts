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
  SageMakerSpec,
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
const specAt = ({ sample, account, region }: Caller): SageMakerSpec | undefined =>
  sample.services.get(placeOf(account, region))?.sageMaker;

type Arn = { account: string; region: string };

export const sageMakerArn = ({ account, region }: Arn, resource: string): string =>
  `arn:aws:sagemaker:${region}:${account}:${resource}`;

const notFound = (what: string, name: string | undefined): Error =>
  awsError('ValidationException', `Could not find ${what} "${name}".`);

const endpointsAt = (caller: Caller): EndpointSpec[] =>
  (specAt(caller)?.endpoints ?? []).filter(({ created }) => created <= caller.sample.now);

function listEndpoints(
  { StatusEquals = 'InService', NameContains = '', MaxResults, NextToken }: ListEndpointsCommandInput,
  caller: Caller,
): Reply<ListEndpointsCommandOutput> {
  const wanted = endpointsAt(caller).filter(
    ({ name }) => StatusEquals === 'InService' && name.includes(NameContains),
  );
  const { page, next } = pageOf(wanted, NextToken, MaxResults ?? defaultPage);
  return {
    Endpoints: page.map(
      ({ name, created }): EndpointSummary => ({
        EndpointName: name,
        EndpointArn: sageMakerArn(caller, `endpoint/${name}`),
        CreationTime: new Date(created),
        LastModifiedTime: new Date(created + 420_000),
        EndpointStatus: 'InService',
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
    EndpointStatus: 'InService',
    CreationTime: new Date(created),
    LastModifiedTime: new Date(created + 420_000),
  };
}

const configNameOf = ({ name }: EndpointSpec): string => `${name}-config`;

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
  const endpoint = endpointsAt(caller).find((each) => configNameOf(each) === EndpointConfigName);
  if (!endpoint) throw notFound('endpoint configuration', EndpointConfigName);
  return {
    EndpointConfigName,
    EndpointConfigArn: sageMakerArn(caller, `endpoint-config/${EndpointConfigName}`),
    ProductionVariants: [toVariant(endpoint)],
    CreationTime: new Date(endpoint.created),
  };
}

function toVariant(endpoint: EndpointSpec): ProductionVariant {
  const serverless = serverlessOf(endpoint);
  return {
    VariantName: variantName,
    ...(endpoint.components.length === 0 && { ModelName: endpoint.name.replace(/-live$/, '') }),
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
  const wanted = (specAt(caller)?.notebooks ?? [])
    .filter(({ started }) => started <= now)
    .map((notebook) => toNotebook(notebook, caller))
    .filter(
      ({ NotebookInstanceStatus }) => (StatusEquals ?? NotebookInstanceStatus) === NotebookInstanceStatus,
    );
  const { page, next } = pageOf(wanted, NextToken, MaxResults ?? defaultPage);
  return { NotebookInstances: page, ...(next && { NextToken: next }) };
}

function toNotebook({ name, type, started, stopped }: NotebookSpec, caller: Caller): NotebookInstanceSummary {
  const isUp = caller.sample.now < stopped;
  return {
    NotebookInstanceName: name,
    NotebookInstanceArn: sageMakerArn(caller, `notebook-instance/${name}`),
    NotebookInstanceStatus: isUp ? 'InService' : 'Stopped',
    Url: `${name}.notebook.${caller.region}.sagemaker.aws`,
    InstanceType: type as NonNullable<NotebookInstanceSummary['InstanceType']>,
    CreationTime: new Date(started),
    LastModifiedTime: new Date(isUp ? started + 240_000 : stopped),
  };
}

const appsAt = (caller: Caller): AppSpec[] =>
  (specAt(caller)?.apps ?? []).filter(({ started }) => started <= caller.sample.now);

const ownerOf = ({ space, user }: AppSpec) =>
  space === undefined ? { UserProfileName: user ?? '' } : { SpaceName: space };

function listApps(
  { DomainIdEquals, MaxResults, NextToken }: ListAppsCommandInput,
  caller: Caller,
): Reply<ListAppsCommandOutput> {
  const wanted = appsAt(caller).filter(({ domain }) => (DomainIdEquals ?? domain) === domain);
  const { page, next } = pageOf(wanted, NextToken, MaxResults ?? defaultPage);
  return { Apps: page.map(toApp), ...(next && { NextToken: next }) };
}

const toApp = (app: AppSpec): AppDetails => ({
  DomainId: app.domain,
  ...ownerOf(app),
  AppType: app.kind,
  AppName: app.name,
  Status: 'InService',
  CreationTime: new Date(app.started),
  ResourceSpec: { InstanceType: app.type as NonNullable<AppDetails['ResourceSpec']>['InstanceType'] },
});

export const appResource = (app: AppSpec): string =>
  `app/${app.domain}/${app.space ?? app.user}/${app.kind}/${app.name}`;

function describeApp(input: DescribeAppCommandInput, caller: Caller): Reply<DescribeAppCommandOutput> {
  const app = appsAt(caller).find(
    ({ domain, kind, name, space, user }) =>
      domain === input.DomainId &&
      kind === input.AppType &&
      name === input.AppName &&
      space === input.SpaceName &&
      user === input.UserProfileName,
  );
  if (!app) throw awsError('ResourceNotFound', `App [${input.AppName}] does not exist.`);
  const { now } = caller.sample;
  const minutely = now - (now % 60_000);
  return {
    ...toApp(app),
    AppArn: sageMakerArn(caller, appResource(app)),
    LastHealthCheckTimestamp: new Date(minutely),
    LastUserActivityTimestamp: new Date(app.lastActive === 'now' ? minutely - 120_000 : app.lastActive),
  };
}

const clustersAt = (caller: Caller): ClusterSpec[] =>
  (specAt(caller)?.clusters ?? []).filter(({ created }) => created <= caller.sample.now);

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
