import type {
  AddTagsCommandInput,
  AddTagsCommandOutput,
  CreateEndpointCommandInput,
  CreateEndpointCommandOutput,
  DeleteAppCommandInput,
  DeleteEndpointCommandInput,
  DeleteTagsCommandInput,
  DescribeModelCommandInput,
  DescribeModelCommandOutput,
  DescribeNotebookInstanceCommandInput,
  DescribeNotebookInstanceCommandOutput,
  ListTagsCommandInput,
  ListTagsCommandOutput,
  StartNotebookInstanceCommandInput,
  StopNotebookInstanceCommandInput,
} from '@aws-sdk/client-sagemaker';
import type { EndpointSpec, NotebookSpec } from '../sagemaker-spec.ts';
import { awsError, type Caller, type Reply } from '../sample.ts';
import {
  appNamed,
  appResource,
  appsAt,
  configNameOf,
  endpointStatus,
  endpointsAt,
  modelNameOf,
  notFound,
  sageMakerArn,
  sageMakerAt,
  toNotebook,
} from './sagemaker.ts';

/** What changes notebook instances, apps and endpoints, and what is asked before and after. */
export const sageMakerPower = {
  DescribeNotebookInstance: describeNotebookInstance,
  StopNotebookInstance: stopNotebookInstance,
  StartNotebookInstance: startNotebookInstance,
  DeleteApp: deleteApp,
  DescribeModel: describeModel,
  DeleteEndpoint: deleteEndpoint,
  CreateEndpoint: createEndpoint,
  ListTags: listTags,
  AddTags: addTags,
  DeleteTags: deleteTags,
};

function notebookNamed(name: string | undefined, caller: Caller): NotebookSpec {
  const found = (sageMakerAt(caller)?.notebooks ?? []).find(
    (each) => each.name === name && each.started <= caller.sample.now,
  );
  if (!found) throw awsError('ValidationException', 'RecordNotFound');
  return found;
}

function describeNotebookInstance(
  { NotebookInstanceName }: DescribeNotebookInstanceCommandInput,
  caller: Caller,
): Reply<DescribeNotebookInstanceCommandOutput> {
  return toNotebook(notebookNamed(NotebookInstanceName, caller), caller);
}

function changed(caller: Caller): void {
  const here = sageMakerAt(caller);
  if (here) here.changes += 1;
}

function expectStatus(notebook: NotebookSpec, caller: Caller, status: string, to: string): void {
  const { NotebookInstanceStatus: now, NotebookInstanceArn: arn } = toNotebook(notebook, caller);
  if (now === status) return;
  const message = `Status (${now}) not in ([${status}]). Unable to transition to (${to}) for Notebook Instance (${arn}).`;
  throw awsError('ValidationException', message);
}

function stopNotebookInstance(
  { NotebookInstanceName }: StopNotebookInstanceCommandInput,
  caller: Caller,
): object {
  const notebook = notebookNamed(NotebookInstanceName, caller);
  expectStatus(notebook, caller, 'InService', 'Stopping');
  notebook.stopped = caller.sample.now;
  changed(caller);
  return {};
}

function startNotebookInstance(
  { NotebookInstanceName }: StartNotebookInstanceCommandInput,
  caller: Caller,
): object {
  const notebook = notebookNamed(NotebookInstanceName, caller);
  expectStatus(notebook, caller, 'Stopped', 'Pending');
  notebook.started = caller.sample.now;
  notebook.stopped = Number.POSITIVE_INFINITY;
  changed(caller);
  return {};
}

function deleteApp(input: DeleteAppCommandInput, caller: Caller): object {
  const app = appNamed(input, caller);
  if (app.deleted !== undefined) throw awsError('ResourceInUse', `App [${app.name}] is being deleted.`);
  app.deleted = caller.sample.now;
  changed(caller);
  return {};
}

function describeModel(
  { ModelName }: DescribeModelCommandInput,
  caller: Caller,
): Reply<DescribeModelCommandOutput> {
  const made = (sageMakerAt(caller)?.endpointConfigs ?? []).find(
    (each) => modelNameOf(each) === ModelName && !each.modelGone,
  );
  if (!made || ModelName === undefined) throw notFound('model', ModelName);
  return {
    ModelName,
    ModelArn: sageMakerArn(caller, `model/${ModelName}`),
    CreationTime: new Date(made.created - 600_000),
  };
}

function endpointNamed(name: string | undefined, caller: Caller): EndpointSpec {
  const found = endpointsAt(caller).find((each) => each.name === name);
  if (!found) throw notFound('endpoint', name);
  return found;
}

function deleteEndpoint({ EndpointName }: DeleteEndpointCommandInput, caller: Caller): object {
  const endpoint = endpointNamed(EndpointName, caller);
  if (endpointStatus(endpoint, caller) !== 'InService') {
    const message = `Cannot delete an endpoint while status is ${endpointStatus(endpoint, caller)}.`;
    throw awsError('ValidationException', message);
  }
  endpoint.deleted = caller.sample.now;
  changed(caller);
  return {};
}

function createEndpoint(
  { EndpointName, EndpointConfigName, Tags = [] }: CreateEndpointCommandInput,
  caller: Caller,
): Reply<CreateEndpointCommandOutput> {
  const here = sageMakerAt(caller);
  const config = here?.endpointConfigs.find((each) => configNameOf(each) === EndpointConfigName);
  if (!here || !config || EndpointName === undefined) {
    throw notFound('endpoint configuration', EndpointConfigName);
  }
  const arn = sageMakerArn(caller, `endpoint/${EndpointName}`);
  if (endpointsAt(caller).some(({ name }) => name === EndpointName)) {
    throw awsError('ValidationException', `Cannot create already existing endpoint "${arn}".`);
  }
  const tags = Object.fromEntries(Tags.map(({ Key = '', Value = '' }) => [Key, Value]));
  here.endpoints.push({ ...config, name: EndpointName, created: caller.sample.now, tags });
  changed(caller);
  return { EndpointArn: arn };
}

/** What carries tags that can be changed here, by its ARN. */
function taggedBy(arn: string | undefined, caller: Caller): Record<string, string> {
  const found = [
    ...endpointsAt(caller).map(({ name, tags }) => ({ resource: `endpoint/${name}`, tags })),
    ...(sageMakerAt(caller)?.notebooks ?? []).map(({ name, tags }) => ({
      resource: `notebook-instance/${name}`,
      tags,
    })),
    ...appsAt(caller).map((app) => ({ resource: appResource(app), tags: app.tags })),
  ].find(({ resource }) => sageMakerArn(caller, resource) === arn);
  if (!found) throw awsError('ValidationException', `The resource ${arn} does not exist.`);
  return found.tags;
}

function listTags({ ResourceArn }: ListTagsCommandInput, caller: Caller): Reply<ListTagsCommandOutput> {
  const tags = taggedBy(ResourceArn, caller);
  return { Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) };
}

function addTags(
  { ResourceArn, Tags = [] }: AddTagsCommandInput,
  caller: Caller,
): Reply<AddTagsCommandOutput> {
  const tags = taggedBy(ResourceArn, caller);
  for (const { Key = '', Value = '' } of Tags) tags[Key] = Value;
  return { Tags };
}

function deleteTags({ ResourceArn, TagKeys = [] }: DeleteTagsCommandInput, caller: Caller): object {
  const tags = taggedBy(ResourceArn, caller);
  for (const key of TagKeys) delete tags[key];
  return {};
}
