import {
  CreateEndpointCommand,
  CreateEndpointConfigCommand,
  CreateModelCommand,
  CreateNotebookInstanceCommand,
  DescribeEndpointCommand,
  DescribeNotebookInstanceCommand,
  ListTagsCommand,
  SageMakerClient,
  type Tag,
} from '@aws-sdk/client-sagemaker';
import type { Pluggable } from '@smithy/types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addClientPlugin, createClient } from '../../shared/aws/client.ts';
import { scopeFor } from '../../shared/aws/sts.ts';
import { parseConfig } from '../../shared/config.ts';
import { addMilliseconds, type IsoTime } from '../../shared/period.ts';
import { storeRates } from '../../shared/store/prices.ts';
import type { Table } from '../../shared/store/table.ts';
import {
  createQueue,
  createTable,
  createTopic,
  emptyEmulator,
  evening,
  everyFiveMinutes,
  putMetrics,
  mlDevIreland as target,
} from './emulator.ts';
import { deliverByMail, enforceAt } from './enforcing.ts';

const config = parseConfig({ enforce: true });
const later = addMilliseconds(evening, 30 * 60_000);
const nextMorning = addMilliseconds(evening, 11 * 60 * 60_000);
const role = 'arn:aws:iam::210987654321:role/ml';

const tags = {
  owner: 'mei',
  environment: 'dev',
  'auto-stop': 'Mon-Sun 08:00-19:00 UTC; start; delete',
};
const Tags: Tag[] = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));

const arnOf = (resource: string) => `arn:aws:sagemaker:${target.region}:${target.account}:${resource}`;

/** The emulator's tagging API knows nothing of SageMaker: it is answered here, by what was tagged below. */
const tagged: Pluggable<object, object> = {
  applyToStack: (stack) =>
    stack.add(
      (next, { commandName }) =>
        async (args) =>
          commandName === 'GetResourcesCommand'
            ? {
                response: {},
                output: {
                  $metadata: {},
                  ResourceTagMappingList: ['notebook-instance/labels', 'endpoint/captions'].map(
                    (resource) => ({
                      ResourceARN: arnOf(resource),
                      Tags,
                    }),
                  ),
                  PaginationToken: '',
                },
              }
            : next(args),
      { step: 'initialize', name: 'answerTagging' },
    ),
};

let removePlugin: () => void;
let table: Table;
let queue: Awaited<ReturnType<typeof createQueue>>;
let topic: Awaited<ReturnType<typeof createTopic>>;
let client: SageMakerClient;

beforeAll(async () => {
  await emptyEmulator();
  removePlugin = addClientPlugin(tagged);
  table = await createTable('watchdog');
  await storeRates(
    table,
    [
      { region: target.region, type: 'ml.m5.xlarge', use: 'notebook', hourlyRate: 0.12 },
      { region: target.region, type: 'ml.m5.xlarge', use: 'hosting', hourlyRate: 0.13 },
    ],
    evening,
  );
  queue = await createQueue('alerts');
  topic = await createTopic('alerts');
  client = createClient(SageMakerClient, scopeFor(target));
  await client.send(
    new CreateNotebookInstanceCommand({
      NotebookInstanceName: 'labels',
      InstanceType: 'ml.m5.xlarge',
      RoleArn: role,
      Tags,
    }),
  );
  await client.send(
    new CreateModelCommand({
      ModelName: 'captions',
      ExecutionRoleArn: role,
      PrimaryContainer: { Image: 'captions' },
    }),
  );
  await client.send(
    new CreateEndpointConfigCommand({
      EndpointConfigName: 'captions-2',
      ProductionVariants: [
        {
          VariantName: 'AllTraffic',
          ModelName: 'captions',
          InstanceType: 'ml.m5.xlarge',
          InitialInstanceCount: 1,
          InitialVariantWeight: 1,
        },
      ],
    }),
  );
  await client.send(
    new CreateEndpointCommand({ EndpointName: 'captions', EndpointConfigName: 'captions-2', Tags }),
  );
  const span = { end: later, hours: 2 };
  const variant = { EndpointName: 'captions', VariantName: 'AllTraffic' };
  await putMetrics(
    target,
    'CWAgent',
    everyFiveMinutes({ cpu_usage_active: 1 }, { NotebookInstanceName: 'labels', cpu: 'cpu-total' }, span),
  );
  await putMetrics(target, 'AWS/SageMaker', everyFiveMinutes({ Invocations: 0 }, variant, span));
  await putMetrics(
    target,
    '/aws/sagemaker/Endpoints',
    everyFiveMinutes({ CPUUtilization: 2 }, variant, span),
  );
});
afterAll(() => removePlugin());

const run = (time: IsoTime) => enforceAt(table, target, config, time);

const deliver = () => deliverByMail(table, config, queue, topic);

const notebookStatus = async () => {
  const command = new DescribeNotebookInstanceCommand({ NotebookInstanceName: 'labels' });
  return (await client.send(command)).NotebookInstanceStatus;
};

const describeEndpoint = () => client.send(new DescribeEndpointCommand({ EndpointName: 'captions' }));

// One night in its order: each test goes on from where the one before it ended.
describe('a night of SageMaker', () => {
  it('warns of the notebook instance and the endpoint, and stops neither yet', async () => {
    expect((await run(evening)).warned.toSorted()).toEqual([
      'sagemaker-endpoint#captions',
      'sagemaker-notebook#labels',
    ]);
    expect([await notebookStatus(), (await describeEndpoint()).EndpointStatus]).toEqual([
      'InService',
      'InService',
    ]);
    await deliver();
  });

  it('stops the one and deletes the other, of which its configuration stays', async () => {
    expect((await run(later)).stopped).toMatchObject([
      { kind: 'sagemaker-notebook', id: 'labels', outcome: 'done' },
      { kind: 'sagemaker-endpoint', id: 'captions', outcome: 'done' },
    ]);
    expect(await notebookStatus()).toBe('Stopped');
    await expect(describeEndpoint()).rejects.toThrow(/could not find endpoint/i);
  });

  it('starts the one and makes the other again in the morning, as it was', async () => {
    expect((await run(nextMorning)).started).toMatchObject([
      { kind: 'sagemaker-notebook', id: 'labels', outcome: 'done' },
      { kind: 'sagemaker-endpoint', id: 'captions', outcome: 'done' },
    ]);
    expect(await notebookStatus()).toBe('InService');
    expect(await describeEndpoint()).toMatchObject({
      EndpointStatus: 'InService',
      EndpointConfigName: 'captions-2',
    });
    const own = await client.send(new ListTagsCommand({ ResourceArn: arnOf('endpoint/captions') }));
    expect(Object.fromEntries((own.Tags ?? []).map(({ Key, Value }) => [Key, Value]))).toEqual(tags);
  });
});
