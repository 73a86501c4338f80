import type {
  GetResourcesCommandInput,
  GetResourcesCommandOutput,
} from '@aws-sdk/client-resource-groups-tagging-api';
import { placeOf } from '../fleet.ts';
import { provisionedModelArn } from '../metrics/bedrock.ts';
import type { SageMaker } from '../sagemaker-spec.ts';
import { awsError, type Caller, type Reply } from '../sample.ts';
import { serviceArn } from './ecs.ts';
import { nodegroupArn } from './eks.ts';
import { pageOf } from './page.ts';
import { taggedDatabases } from './rds.ts';
import { appResource, appsAt, clusterResource, endpointsAt, sageMakerArn } from './sagemaker.ts';

export const tagging = { GetResources: getResources };

type Tagged = { arn: string; tags: Readonly<Record<string, string>> };

/** What has tags, of the services that the sample tags through this API. */
function getResources(input: GetResourcesCommandInput, caller: Caller): Reply<GetResourcesCommandOutput> {
  const { ResourceTypeFilters = [], ResourceARNList: arns, ResourcesPerPage = 100, PaginationToken } = input;
  if (arns && (arns.length > 100 || input.ResourceTypeFilters || input.ResourcesPerPage)) {
    throw awsError(
      'InvalidParameterException',
      'ResourceARNList takes up to 100 ARNs, and nothing beside it',
    );
  }
  if (ResourcesPerPage < 1 || ResourcesPerPage > 100) {
    throw awsError('InvalidParameterException', 'ResourcesPerPage must be between 1 and 100');
  }
  const keys = (input.TagFilters ?? []).flatMap(({ Key }) => Key ?? []);
  const wanted = taggedAt(caller).filter(
    ({ arn, tags }) =>
      Object.keys(tags).length > 0 &&
      keys.every((key) => key in tags) &&
      (arns?.includes(arn) ?? isOfType(arn, ResourceTypeFilters)),
  );
  const { page, next } = pageOf(wanted, PaginationToken, ResourcesPerPage);
  return {
    ResourceTagMappingList: page.map(({ arn, tags }) => ({
      ResourceARN: arn,
      Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
    })),
    PaginationToken: next ?? '',
  };
}

/** `sagemaker` is all of a service, `sagemaker:endpoint` one type of it. */
function isOfType(arn: string, filters: readonly string[]): boolean {
  const [, , service, , , resource = ''] = arn.split(':');
  const type = `${service}:${resource.split('/')[0]}`;
  return filters.length === 0 || filters.some((filter) => filter === service || filter === type);
}

function taggedAt(caller: Caller): Tagged[] {
  const { sample, account, region } = caller;
  const { sageMaker, bedrock, ecs = [], eks = [] } = sample.services.get(placeOf(account, region)) ?? {};
  const throughputs = (bedrock?.throughputs ?? []).filter(({ created }) => created <= sample.now);
  return [
    ...(sageMaker ? taggedOf(sageMaker, caller) : []).map(({ resource, tags }) => ({
      arn: sageMakerArn(caller, resource),
      tags,
    })),
    ...taggedDatabases(caller),
    ...throughputs.map(({ name, tags }) => ({ arn: provisionedModelArn(account, region, name), tags })),
    ...ecs.map(({ spec, tags }) => ({ arn: serviceArn(caller, spec), tags })),
    ...eks.map(({ spec, tags }) => ({ arn: nodegroupArn(caller, spec), tags })),
  ];
}

function taggedOf(spec: SageMaker, caller: Caller): { resource: string; tags: Tagged['tags'] }[] {
  const { now } = caller.sample;
  const named = (type: string, items: readonly { name: string; since: number; tags: Tagged['tags'] }[]) =>
    items
      .filter(({ since }) => since <= now)
      .map(({ name, tags }) => ({ resource: `${type}/${name}`, tags }));
  const created = <Item extends { created: number }>(item: Item) => ({ ...item, since: item.created });
  return [
    ...named('endpoint', endpointsAt(caller).map(created)),
    ...named(
      'notebook-instance',
      spec.notebooks.map((item) => ({ ...item, since: item.started })),
    ),
    ...appsAt(caller).map((app) => ({ resource: appResource(app), tags: app.tags })),
    ...named('training-job', spec.trainingJobs.map(created)),
    ...named('processing-job', spec.processingJobs.map(created)),
    ...named('transform-job', spec.transformJobs.map(created)),
    ...spec.clusters
      .filter((cluster) => cluster.created <= now)
      .map((cluster) => ({ resource: clusterResource(cluster), tags: cluster.tags })),
  ];
}
