import { CloudWatchClient, type MetricDatum, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { CreateTableCommand } from '@aws-sdk/client-dynamodb';
import { type _InstanceType, EC2Client, RunInstancesCommand } from '@aws-sdk/client-ec2';
import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { Pluggable } from '@smithy/types';
import { z } from 'zod';
import { addClientPlugin, createClient } from '../../shared/aws/client.ts';
import { scopeFor } from '../../shared/aws/sts.ts';
import { inBatches } from '../../shared/batches.ts';
import { addDays, addMilliseconds, dateOf, type IsoDate, type IsoTime } from '../../shared/period.ts';
import type { RatePaid } from '../../shared/spend/rate.ts';
import { openTable, type Table } from '../../shared/store/table.ts';
import type { Target } from '../../shared/target.ts';

const target = (account: string, accountName: string, region: string): Target => ({
  account,
  accountName,
  region,
  roleArn: `arn:aws:iam::${account}:role/ai-cost-watchdog-target`,
});

/** Two accounts beside the watchdog's own, one of them in two regions. */
export const mlDevIreland = target('210987654321', 'ml-dev', 'eu-west-1');
export const mlDevVirginia = target('210987654321', 'ml-dev', 'us-east-1');
export const mlProd = target('345678901234', 'ml-prod', 'eu-west-1');

/**
 * The emulator launches by its own clock, so that the evening to judge has to lie after it: 22:00 UTC of tomorrow.
 */
export const evening: IsoTime = `${addDays(dateOf(new Date().toISOString()), 1)}T22:00:00Z`;

/** Forgets everything in every account. Once a file, before it assumes a role: credentials are forgotten too. */
export const emptyEmulator = (): Promise<void> => askEmulator('reset');

type BilledGroup = { date: IsoDate; keys: string[]; amount: number };

/** What Cost Explorer answers from now on: to each question in turn its pages, of one group a day. */
export const presetBill = (questions: readonly BilledGroup[][][]): Promise<void> =>
  askEmulator('static/ce/cost-and-usage-results', {
    account_id: '123456789012',
    results: questions.flatMap((pages, question) =>
      pages.map((groups, page) => ({
        ResultsByTime: groups.map(({ date, keys, amount }) => ({
          TimePeriod: { Start: date, End: addDays(date, 1) },
          Estimated: true,
          Groups: [{ Keys: keys, Metrics: { NetAmortizedCost: { Amount: String(amount), Unit: 'USD' } } }],
        })),
        ...(page + 1 < pages.length && { NextPageToken: `${question}-${page + 1}` }),
      })),
    ),
  });

async function askEmulator(path: string, body: object = {}): Promise<void> {
  const endpoint = process.env['AWS_ENDPOINT_URL'];
  if (endpoint === undefined) throw new Error('No emulator: run npm run test:emulator');
  const request = { method: 'POST', body: JSON.stringify(body) };
  const { ok, status } = await fetch(`${endpoint}/moto-api/${path}`, request);
  if (!ok) throw new Error(`The emulator answers ${status} to ${path}`);
}

/** Makes EC2 answer in pages of five, the least it allows; returns what ends that. */
export const smallPages = (): (() => void) => addClientPlugin(pagesOfFive);

const pagesOfFive: Pluggable<object, object> = {
  applyToStack: (stack) =>
    stack.add(
      (next) => (args) =>
        next('MaxResults' in args.input ? { ...args, input: { ...args.input, MaxResults: 5 } } : args),
      { step: 'initialize', name: 'pagesOfFive', priority: 'high' },
    ),
};

const launched = z.object({ Instances: z.array(z.object({ InstanceId: z.string() })) });

/** Starts one instance, a reservation of its own, and returns its id. */
export async function launch(
  where: Target,
  type: _InstanceType,
  tags?: Record<string, string>,
): Promise<string> {
  const [id] = await launchMany(where, type, 1, tags);
  if (id === undefined) throw new Error('The emulator launched nothing');
  return id;
}

/** Starts instances, one reservation of them, and returns their ids. */
export async function launchMany(
  where: Target,
  type: _InstanceType,
  count: number,
  tags: Record<string, string> = { Name: 'untagged' },
): Promise<string[]> {
  const command = new RunInstancesCommand({
    ImageId: 'ami-760aaa0f', // a Linux that the emulator brings along
    InstanceType: type,
    MinCount: count,
    MaxCount: count,
    TagSpecifications: [
      { ResourceType: 'instance', Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) },
    ],
  });
  const answer = await createClient(EC2Client, scopeFor(where)).send(command);
  return launched.parse(answer).Instances.map(({ InstanceId }) => InstanceId);
}

type Traced = { end?: IsoTime; hours?: number };

/** The device's utilisation and memory every five minutes before `end`, as the CloudWatch agent puts it. */
export const gpuData = (
  instanceId: string,
  index: number,
  percent: number,
  span: Traced = {},
): MetricDatum[] =>
  everyFiveMinutes(
    { nvidia_smi_utilization_gpu: percent, nvidia_smi_memory_used: 3 },
    { InstanceId: instanceId, index: String(index), host: 'ip-10-0-0-12' },
    span,
  );

/** A host that does nothing, every five minutes before `end`, as EC2 itself puts it. */
export const quietHostData = (instanceId: string, span: Traced = {}): MetricDatum[] =>
  everyFiveMinutes(
    { CPUUtilization: 1.5, NetworkIn: 20_000, NetworkOut: 15_000 },
    { InstanceId: instanceId },
    span,
  );

/** These values every five minutes before `end`. */
export function everyFiveMinutes(
  values: Record<string, number>,
  dimensions: Record<string, string>,
  { end = evening, hours = 1 }: Traced,
): MetricDatum[] {
  const Dimensions = Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value }));
  return Array.from({ length: hours * 12 }, (_, period) => {
    const Timestamp = new Date(addMilliseconds(end, -period * 300_000));
    return Object.entries(values).map(([MetricName, Value]) => ({
      MetricName,
      Dimensions,
      Timestamp,
      Value,
    }));
  }).flat();
}

/** Writes metrics, at most 1,000 a call as CloudWatch takes them. */
export async function putMetrics(
  where: Target,
  Namespace: string,
  data: readonly MetricDatum[],
): Promise<void> {
  const client = createClient(CloudWatchClient, scopeFor(where));
  for (const MetricData of inBatches(data, 1000)) {
    await client.send(new PutMetricDataCommand({ Namespace, MetricData }));
  }
}

/** What the bill says of the type these tests launch; the emulator has no price list. */
export const paid = (region: string): RatePaid => ({
  region,
  type: 'g5g.xlarge',
  use: 'on-demand',
  hourlyRate: 0.42,
});

/** The watchdog's table, as resources/state.yml has it. */
export async function createTable(name = 'watchdog'): Promise<Table> {
  const table = openTable(name);
  await table.client.send(
    new CreateTableCommand({
      TableName: name,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: 'S' },
      ],
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
    }),
  );
  return table;
}

const queue = z.object({ QueueUrl: z.string() });
const attributes = z.object({ Attributes: z.object({ QueueArn: z.string() }) });
const topic = z.object({ TopicArn: z.string() });

export async function createQueue(name: string): Promise<{ client: SQSClient; url: string; arn: string }> {
  const client = createClient(SQSClient);
  const { QueueUrl } = queue.parse(await client.send(new CreateQueueCommand({ QueueName: name })));
  const { Attributes } = attributes.parse(
    await client.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] })),
  );
  return { client, url: QueueUrl, arn: Attributes.QueueArn };
}

/** A topic and a queue that is subscribed to it: whatever is published is there to be read. */
export async function createTopic(name: string) {
  const client = createClient(SNSClient);
  const { TopicArn } = topic.parse(await client.send(new CreateTopicCommand({ Name: name })));
  const inbox = await createQueue(`${name}-inbox`);
  await client.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: inbox.arn }));
  return { client, arn: TopicArn, inbox };
}

const received = z.object({
  Messages: z.array(z.object({ Body: z.string(), ReceiptHandle: z.string() })).default([]),
});

/** Takes all messages off a queue and returns their bodies. */
export async function takeAll({ client, url }: { client: SQSClient; url: string }): Promise<string[]> {
  const bodies: string[] = [];
  for (;;) {
    const { Messages } = received.parse(
      await client.send(
        new ReceiveMessageCommand({ QueueUrl: url, MaxNumberOfMessages: 10, WaitTimeSeconds: 0 }),
      ),
    );
    if (Messages.length === 0) return bodies;
    for (const { Body, ReceiptHandle } of Messages) {
      bodies.push(Body);
      await client.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle }));
    }
  }
}
