import { CloudWatchClient, GetMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { DescribeInstancesCommand, EC2Client } from '@aws-sdk/client-ec2';
import type { Pluggable } from '@smithy/types';
import { beforeEach, describe, expect, it } from 'vitest';
import { callName, meterCalls, readMeter, resetMeter } from '../../shared/aws/meter.ts';

beforeEach(resetMeter);

/** A client whose calls are metered, and answered here: with an answer, or with an error. */
function metered<Client extends { middlewareStack: { use: (plugin: never) => void } }>(
  client: Client,
  answer: object,
): Client {
  const answering: Pluggable<object, object> = {
    applyToStack: (stack) =>
      stack.add(
        () => async () => {
          if (answer instanceof Error) throw answer;
          return { response: {}, output: { $metadata: {}, ...answer } };
        },
        { step: 'initialize', priority: 'low' },
      ),
  };
  client.middlewareStack.use(meterCalls as never);
  client.middlewareStack.use(answering as never);
  return client;
}

const query = (Id: string) => ({ Id, Expression: '1' });
const metrics = (...ids: string[]) =>
  new GetMetricDataCommand({
    StartTime: new Date('2026-11-16T17:00:00Z'),
    EndTime: new Date('2026-11-16T18:00:00Z'),
    MetricDataQueries: ids.map(query),
  });

describe('the meter', () => {
  it('names and counts the calls, those that are free as well', async () => {
    const ec2 = metered(new EC2Client({}), {});
    await ec2.send(new DescribeInstancesCommand({}));
    await ec2.send(new DescribeInstancesCommand({}));
    expect(readMeter()).toEqual({ calls: { 'EC2:DescribeInstances': 2 }, metricQueries: 0, cost: 0 });
  });

  it('prices metrics by the metric and writes by the write', async () => {
    await metered(new CloudWatchClient({}), {}).send(metrics('a', 'b', 'c'));
    await metered(new DynamoDBClient({}), {}).send(new PutItemCommand({ TableName: 't', Item: {} }));
    const { metricQueries, cost } = readMeter();
    expect(metricQueries).toBe(3);
    expect(cost).toBeCloseTo(3 * 0.00001 + 0.000000625, 12);
  });

  it('counts what the SDK tried again, whether it succeeded in the end or not', async () => {
    await metered(new CloudWatchClient({}), { $metadata: { attempts: 3 } }).send(metrics('a', 'b'));
    const throttled = Object.assign(new Error('Rate exceeded'), { $metadata: { attempts: 5 } });
    const failing = metered(new EC2Client({}), throttled);
    await expect(failing.send(new DescribeInstancesCommand({}))).rejects.toThrow('Rate exceeded');
    expect(readMeter()).toMatchObject({
      calls: { 'CloudWatch:GetMetricData': 3, 'EC2:DescribeInstances': 5 },
      metricQueries: 6,
    });
  });

  it('counts a call that failed before it was sent as one', async () => {
    const failing = metered(new EC2Client({}), new Error('no credentials'));
    await expect(failing.send(new DescribeInstancesCommand({}))).rejects.toThrow('no credentials');
    expect(readMeter().calls).toEqual({ 'EC2:DescribeInstances': 1 });
  });

  it('begins at zero when it is reset', async () => {
    await metered(new CloudWatchClient({}), {}).send(metrics('a'));
    resetMeter();
    expect(readMeter()).toEqual({ calls: {}, metricQueries: 0, cost: 0 });
  });

  it('calls a call as the SDK does', () => {
    expect(callName({ clientName: 'CostExplorerClient', commandName: 'GetCostAndUsageCommand' })).toBe(
      'CostExplorer:GetCostAndUsage',
    );
  });
});
