import {
  CreateEndpointCommand,
  type CreateEndpointCommandInput,
  DeleteAppCommand,
  DeleteEndpointCommand,
  DescribeEndpointCommand,
  DescribeNotebookInstanceCommand,
  type SageMakerClient,
  StartNotebookInstanceCommand,
  StopNotebookInstanceCommand,
} from '@aws-sdk/client-sagemaker';
import { z } from 'zod';
import type { ClearedStart, ClearedStop } from '../schedule/clearance.ts';
import { storedTags } from '../schedule/kinds/sagemaker-app.ts';
import { changeEach, paceOf } from './change-each.ts';
import type { PowerOptions, PowerOutcome } from './power.ts';
import { appName } from './sagemaker-apps.ts';
import { untilThrottled } from './throttling.ts';

/**
 * Codes that speak of one resource of SageMaker. ValidationException among them: it says so of a state from which nothing
 * can be stopped or started, of a name that isn't there, and of one that is there already.
 */
const ofOne = new Set([
  'ValidationException',
  'ResourceInUse',
  'ResourceNotFound',
  'ResourceLimitExceeded',
  'ConflictException',
]);

/** One call for each, by its id. */
async function changeById<Cleared extends ClearedStop | ClearedStart>(
  api: string,
  cleared: readonly Cleared[],
  options: PowerOptions,
  send: (id: string, cleared: Cleared) => Promise<unknown>,
  outcomeOf: (id: string) => Promise<typeof done | undefined> = async () => undefined,
): Promise<PowerOutcome[]> {
  const [first] = cleared;
  if (!first) return []; // one client is one account in one region
  return changeEach(
    cleared.map((each) => ({ id: each.subject.id, each })),
    { send: ({ id, each }) => send(id, each), ofOne, outcomeOf: ({ id }) => outcomeOf(id) },
    paceOf(api, first.subject, options),
  );
}

const done = { outcome: 'done' } as const;

/** Stops notebook instances that the last gate has cleared; the only caller of StopNotebookInstance. */
export const stopNotebooks = (
  client: SageMakerClient,
  stops: readonly ClearedStop[],
  options: PowerOptions,
): Promise<PowerOutcome[]> =>
  changeById(
    'StopNotebookInstance',
    stops,
    options,
    (NotebookInstanceName) =>
      client.send(untilThrottled(new StopNotebookInstanceCommand({ NotebookInstanceName }), ofOne)),
    (name) => notebookOutcome(client, name, ['Stopping', 'Stopped', 'Deleting']),
  );

/** Starts notebook instances that the last gate has cleared; the only caller of StartNotebookInstance. */
export const startNotebooks = (
  client: SageMakerClient,
  starts: readonly ClearedStart[],
  options: PowerOptions,
): Promise<PowerOutcome[]> =>
  changeById(
    'StartNotebookInstance',
    starts,
    options,
    (NotebookInstanceName) =>
      client.send(untilThrottled(new StartNotebookInstanceCommand({ NotebookInstanceName }), ofOne)),
    (name) => notebookOutcome(client, name, ['Pending', 'InService']),
  );

const notebook = z.object({ NotebookInstanceStatus: z.string() });

/** A call whose answer was lost may have been heard. */
async function notebookOutcome(client: SageMakerClient, id: string, reached: readonly string[]) {
  const command = new DescribeNotebookInstanceCommand({ NotebookInstanceName: id });
  const { NotebookInstanceStatus } = notebook.parse(await client.send(command));
  return reached.includes(NotebookInstanceStatus) ? done : undefined;
}

/**
 * Deletes Studio apps that the last gate has cleared; the only caller of DeleteApp. One that is being deleted, or is gone,
 * is what was wanted.
 */
export const deleteApps = (
  client: SageMakerClient,
  stops: readonly ClearedStop[],
  options: PowerOptions,
): Promise<PowerOutcome[]> =>
  changeById('DeleteApp', stops, options, async (id) => {
    try {
      await client.send(untilThrottled(new DeleteAppCommand(appName(id)), ofOne));
    } catch (error) {
      if (!(error instanceof Error && error.name === 'ResourceNotFound')) throw error;
    }
  });

/**
 * Deletes endpoints that the last gate has cleared, and nothing of what they were made of; the only caller of
 * DeleteEndpoint.
 */
export const deleteEndpoints = (
  client: SageMakerClient,
  stops: readonly ClearedStop[],
  options: PowerOptions,
): Promise<PowerOutcome[]> =>
  changeById(
    'DeleteEndpoint',
    stops,
    options,
    (EndpointName) => client.send(untilThrottled(new DeleteEndpointCommand({ EndpointName }), ofOne)),
    async (name) => {
      const status = await endpointStatus(client, name);
      return status === undefined || status === 'Deleting' ? done : undefined;
    },
  );

/**
 * Makes endpoints again that were deleted to stop them, under their name, of their configuration and with their tags; the
 * only caller of CreateEndpoint. One that is there meanwhile is left as it is.
 */
export const createEndpoints = (
  client: SageMakerClient,
  starts: readonly ClearedStart[],
  options: PowerOptions,
): Promise<PowerOutcome[]> =>
  changeById(
    'CreateEndpoint',
    starts,
    options,
    (id, { restore = {} }) =>
      client.send(untilThrottled(new CreateEndpointCommand(toInput(id, restore)), ofOne)),
    async (name) => {
      const status = await endpointStatus(client, name);
      return status !== undefined && status !== 'Deleting' ? done : undefined;
    },
  );

function toInput(id: string, restore: NonNullable<ClearedStart['restore']>): CreateEndpointCommandInput {
  const { endpointConfigName, deploymentConfig, tags } = restore;
  return {
    EndpointName: id,
    EndpointConfigName: String(endpointConfigName ?? ''),
    Tags: Object.entries(storedTags(tags)).map(([Key, Value]) => ({ Key, Value })),
    ...(deploymentConfig !== undefined && { DeploymentConfig: JSON.parse(String(deploymentConfig)) }),
  };
}

const endpoint = z.object({ EndpointStatus: z.string() });

/** Undefined where there is none. */
async function endpointStatus(client: SageMakerClient, EndpointName: string): Promise<string | undefined> {
  try {
    return endpoint.parse(await client.send(new DescribeEndpointCommand({ EndpointName }))).EndpointStatus;
  } catch (error) {
    if (error instanceof Error && /could not find endpoint/i.test(error.message)) return undefined;
    throw error;
  }
}
