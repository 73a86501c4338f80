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
import { changeEach } from './change-each.ts';
import type { PowerOptions, PowerOutcome } from './power.ts';
import { appName } from './sagemaker-apps.ts';

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
const changeById = (
  cleared: readonly { subject: { id: string } }[],
  options: PowerOptions,
  send: (id: string) => Promise<unknown>,
  outcomeOf: (id: string) => Promise<typeof done | undefined> = async () => undefined,
): Promise<PowerOutcome[]> =>
  changeEach(
    cleared.map(({ subject: { id } }) => ({ id })),
    { send: ({ id }) => send(id), ofOne, outcomeOf: ({ id }) => outcomeOf(id) },
    options,
  );

const done = { outcome: 'done' } as const;

/** Stops notebook instances that the last gate has cleared; the only caller of StopNotebookInstance. */
export const stopNotebooks = (
  client: SageMakerClient,
  stops: readonly ClearedStop[],
  options: PowerOptions,
): Promise<PowerOutcome[]> =>
  changeById(
    stops,
    options,
    (NotebookInstanceName) => client.send(new StopNotebookInstanceCommand({ NotebookInstanceName })),
    (name) => notebookOutcome(client, name, ['Stopping', 'Stopped', 'Deleting']),
  );

/** Starts notebook instances that the last gate has cleared; the only caller of StartNotebookInstance. */
export const startNotebooks = (
  client: SageMakerClient,
  starts: readonly ClearedStart[],
  options: PowerOptions,
): Promise<PowerOutcome[]> =>
  changeById(
    starts,
    options,
    (NotebookInstanceName) => client.send(new StartNotebookInstanceCommand({ NotebookInstanceName })),
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
  changeById(stops, options, async (id) => {
    try {
      await client.send(new DeleteAppCommand(appName(id)));
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
    stops,
    options,
    (EndpointName) => client.send(new DeleteEndpointCommand({ EndpointName })),
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
  changeEach(
    starts.map(({ subject: { id }, restore = {} }) => ({ id, restore })),
    {
      send: async ({ id, restore }) => client.send(new CreateEndpointCommand(toInput(id, restore))),
      ofOne,
      outcomeOf: async ({ id }) => {
        const status = await endpointStatus(client, id);
        return status !== undefined && status !== 'Deleting' ? done : undefined;
      },
    },
    options,
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
