import { CloudWatchClient, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { DescribeInstancesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { GetProductsCommand, PricingClient } from '@aws-sdk/client-pricing';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import {
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSampleAccount, type SampleAccount } from '../../../cli/sample/account.ts';
import { createClient } from '../../../shared/aws/client.ts';
import { readMeter, resetMeter } from '../../../shared/aws/meter.ts';
import { getOnDemandRate } from '../../../shared/aws/pricing.ts';
import { scopeFor } from '../../../shared/aws/sts.ts';
import { loadConfig } from '../../../shared/config.ts';
import { openTable } from '../../../shared/store/table.ts';

const roleArn = (account: string) => `arn:aws:iam::${account}:role/ai-cost-watchdog-target`;

describe('the sample account', () => {
  let sample: SampleAccount;
  beforeEach(async () => {
    sample = await openSampleAccount();
  });
  afterEach(() => sample.close());

  const put = (Key: string, Body: string, more = {}) =>
    createClient(S3Client).send(new PutObjectCommand({ Bucket: 'watchdog-ledger', Key, Body, ...more }));
  const get = (Key: string) =>
    createClient(S3Client).send(new GetObjectCommand({ Bucket: 'watchdog-ledger', Key }));

  it('sets the environment of the functions, and gives it back', async () => {
    expect(process.env['ALERT_TOPIC_ARN']).toBe('arn:aws:sns:eu-west-1:123456789012:watchdog-alerts');
    expect(loadConfig(process.env).targets.accounts).toHaveLength(3);
    await sample.close();
    expect(process.env['WATCHDOG_CONFIG']).toBeUndefined();
    expect(process.env['AWS_ACCESS_KEY_ID']).toBe('test');
    sample = await openSampleAccount();
  });

  it('opens once at a time', async () => {
    await expect(openSampleAccount()).rejects.toThrow('open already');
  });

  it('moves to another time when told', () => {
    expect(sample.now()).toBe('2026-11-16T06:00:00Z');
    const before = sample.instances().length;
    sample.setNow('2026-11-16T18:05:00Z');
    expect(sample.instances().length).toBeGreaterThan(before);
  });

  it('knows who calls by the role that was assumed', async () => {
    const who = async (account?: string) => {
      const target = {
        account: account ?? '',
        region: 'eu-west-1',
        ...(account && { roleArn: roleArn(account) }),
      };
      return (await createClient(STSClient, scopeFor(target)).send(new GetCallerIdentityCommand({}))).Account;
    };
    expect([await who(), await who('210987654321'), await who('345678901234')]).toEqual([
      '123456789012',
      '210987654321',
      '345678901234',
    ]);
  });

  it.each(['arn:aws:iam::210987654321:role/other', 'arn:aws:iam::999999999999:role/ai-cost-watchdog-target'])(
    'does not let anybody assume %s',
    async (RoleArn) => {
      const command = new AssumeRoleCommand({ RoleArn, RoleSessionName: 'test' });
      await expect(createClient(STSClient).send(command)).rejects.toMatchObject({ name: 'AccessDenied' });
    },
  );

  it('counts the calls like any others, and records who made them', async () => {
    resetMeter();
    const target = { account: '210987654321', region: 'us-east-1', roleArn: roleArn('210987654321') };
    await createClient(EC2Client, scopeFor(target)).send(new DescribeInstancesCommand({}));
    expect(readMeter().calls).toMatchObject({ 'EC2:DescribeInstances': 1 });
    expect(sample.calls).toContainEqual({
      call: 'EC2:DescribeInstances',
      account: '210987654321',
      region: 'us-east-1',
    });
  });

  it('names a command that it has no answer to', async () => {
    const command = new PutMetricDataCommand({ Namespace: 'Watchdog', MetricData: [] });
    await expect(createClient(CloudWatchClient).send(command)).rejects.toThrow(
      'The sample account has no answer to CloudWatch:PutMetricData',
    );
  });

  it('still answers a client that was built for an account opened before', async () => {
    const table = openTable('watchdog');
    const sns = createClient(SNSClient);
    await sample.close();
    sample = await openSampleAccount();
    await table.client.send(new PutCommand({ TableName: 'watchdog', Item: { pk: 'a', sk: 'b' } }));
    await sns.send(new PublishCommand({ TopicArn: process.env['ALERT_TOPIC_ARN'], Message: 'still here' }));
    expect(sample.emails).toHaveLength(1);
  });

  it('has a DynamoDB table', async () => {
    const { client, name } = openTable('watchdog');
    const Item = { pk: 'INCIDENTS', sk: '1', version: 1 };
    await client.send(new PutCommand({ TableName: name, Item }));
    const read = await client.send(new GetCommand({ TableName: name, Key: { pk: 'INCIDENTS', sk: '1' } }));
    expect(read.Item).toEqual(Item);
  });

  it('has a Slack webhook behind its secret', async () => {
    const ssm = createClient(SSMClient);
    const read = (Name: string) => ssm.send(new GetParameterCommand({ Name, WithDecryption: true }));
    const { Parameter } = await read('/watchdog/slack-webhook');
    const post = (body: string) =>
      fetch(Parameter?.Value ?? '', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      });
    const response = await post('{"text":"hello"}');
    expect([response.status, await response.text()]).toEqual([200, 'ok']);
    expect(sample.slackMessages).toMatchObject([{ channel: 'webhook', text: 'hello', edits: 0 }]);
    expect((await post('hello')).status).toBe(400);
    await expect(read('/watchdog/other')).rejects.toMatchObject({ name: 'ParameterNotFound' });
  });

  it('keeps what is published to its topic, and refuses what SNS refuses', async () => {
    const sns = createClient(SNSClient);
    const publish = (more: object) =>
      sns.send(new PublishCommand({ TopicArn: process.env['ALERT_TOPIC_ARN'], Message: 'text', ...more }));
    await publish({ Subject: 'Spend anomaly' });
    expect(sample.emails).toEqual([
      {
        topicArn: 'arn:aws:sns:eu-west-1:123456789012:watchdog-alerts',
        subject: 'Spend anomaly',
        message: 'text',
      },
    ]);
    for (const refused of [{ Subject: 'two\nlines' }, { Subject: 'x'.repeat(101) }, { Subject: 'grün' }]) {
      await expect(publish(refused)).rejects.toMatchObject({ name: 'InvalidParameter' });
    }
    await expect(publish({ TopicArn: 'arn:aws:sns:eu-west-1:1:other' })).rejects.toMatchObject({
      name: 'NotFound',
    });
  });

  it('takes messages through a queue, and a message that fails twelve times out of it', async () => {
    const sqs = createClient(SQSClient);
    const QueueUrl = process.env['ALERT_QUEUE_URL'] ?? '';
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'one' }));
    await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries: [{ Id: 'a', MessageBody: 'two' }] }));
    const { Attributes } = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['ApproximateNumberOfMessages'] }),
    );
    expect(Attributes?.['ApproximateNumberOfMessages']).toBe('2');
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
    expect(Messages.map(({ Body }) => Body)).toEqual(['one']);
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: Messages[0]?.ReceiptHandle }));
    for (let attempt = 1; attempt <= 12; attempt++) {
      const [message] = sample.queues.receive(QueueUrl);
      expect([message?.body, message?.receiveCount]).toEqual(['two', attempt]);
      sample.queues.release(QueueUrl, message?.receiptHandle ?? '');
    }
    expect(sample.queues.remaining(QueueUrl)).toBe(0);
    expect(sample.queues.dead(QueueUrl).map(({ body }) => body)).toEqual(['two']);
    await expect(
      sqs.send(new SendMessageCommand({ QueueUrl: 'https://sqs/none', MessageBody: 'x' })),
    ).rejects.toMatchObject({ name: 'QueueDoesNotExist' });
  });

  it('refuses a batch of eleven', async () => {
    const Entries = Array.from({ length: 11 }, (_, index) => ({ Id: `m${index}`, MessageBody: 'x' }));
    const command = new SendMessageBatchCommand({ QueueUrl: process.env['SWEEP_QUEUE_URL'], Entries });
    await expect(createClient(SQSClient).send(command)).rejects.toMatchObject({
      name: 'TooManyEntriesInBatchRequest',
    });
  });

  it('keeps objects, as text and as bytes', async () => {
    await put('ledger/2026-11.csv', 'date,amount\n');
    expect(await (await get('ledger/2026-11.csv')).Body?.transformToString()).toBe('date,amount\n');
    expect(await (await get('ledger/2026-11.csv')).Body?.transformToByteArray()).toHaveLength(12);
    await expect(get('ledger/none')).rejects.toMatchObject({ name: 'NoSuchKey' });
    await expect(put('x', 'x', { Bucket: 'other' })).rejects.toMatchObject({ name: 'NoSuchBucket' });
  });

  it('writes an object only under the condition it is given', async () => {
    const { ETag } = await put('ledger', 'one', { IfNoneMatch: '*' });
    await expect(put('ledger', 'two', { IfNoneMatch: '*' })).rejects.toMatchObject({
      name: 'PreconditionFailed',
    });
    await put('ledger', 'three', { IfMatch: ETag });
    await expect(put('ledger', 'four', { IfMatch: ETag })).rejects.toMatchObject({
      name: 'PreconditionFailed',
    });
    await expect(put('none', 'five', { IfMatch: ETag })).rejects.toMatchObject({ name: 'NoSuchKey' });
    expect(await (await get('ledger')).Body?.transformToString()).toBe('three');
  });

  it('lists objects by prefix, page by page', async () => {
    for (const key of ['a/3', 'a/1', 'b/1', 'a/2']) await put(key, key);
    const keys: (string | undefined)[] = [];
    let ContinuationToken: string | undefined;
    do {
      const page = await createClient(S3Client).send(
        new ListObjectsV2Command({ Bucket: 'watchdog-ledger', Prefix: 'a/', MaxKeys: 2, ContinuationToken }),
      );
      keys.push(...(page.Contents ?? []).map(({ Key }) => Key));
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken);
    expect(keys).toEqual(['a/1', 'a/2', 'a/3']);
  });

  it("has the types' prices in documents of the Pricing API", async () => {
    const pricing = createClient(PricingClient, { region: 'us-east-1' });
    const fields = { instanceType: 'p4d.24xlarge', regionCode: 'eu-west-1', operatingSystem: 'Linux' };
    const { PriceList = [] } = await pricing.send(
      new GetProductsCommand({
        ServiceCode: 'AmazonEC2',
        Filters: Object.entries(fields).map(([Field, Value]) => ({ Type: 'TERM_MATCH', Field, Value })),
      }),
    );
    expect(PriceList).toHaveLength(1);
    const [offer] = Object.values(JSON.parse(String(PriceList[0])).terms.OnDemand) as [
      { priceDimensions: Record<string, unknown> },
    ];
    expect(Object.values(offer.priceDimensions)).toMatchObject([
      { unit: 'Hrs', pricePerUnit: { USD: '32.7726000000' } },
    ]);
  });

  it("has SageMaker's prices once for each use, in the usage type's words", async () => {
    const pricing = createClient(PricingClient, { region: 'us-east-1' });
    const usages = async (regionCode: string): Promise<Record<string, string>[]> => {
      const fields = { instanceName: 'ml.g5.2xlarge', regionCode };
      const { PriceList = [] } = await pricing.send(
        new GetProductsCommand({
          ServiceCode: 'AmazonSageMaker',
          Filters: Object.entries(fields).map(([Field, Value]) => ({ Type: 'TERM_MATCH', Field, Value })),
        }),
      );
      return PriceList.map((product: unknown) => JSON.parse(String(product)).product.attributes);
    };
    expect(await usages('eu-west-1')).toContainEqual(
      expect.objectContaining({ component: 'Hosting', usagetype: 'EUW1-Host:ml.g5.2xlarge' }),
    );
    expect((await usages('us-east-1')).map((attributes) => attributes['usagetype'])).toContain(
      'USE1-Studio:JupyterLab-ml.g5.2xlarge',
    );
    const rate = (use: 'hosting' | 'studio' | 'cluster') =>
      getOnDemandRate(pricing, { region: 'eu-west-1', type: 'ml.g5.2xlarge', use });
    expect(await Promise.all([rate('hosting'), rate('studio'), rate('cluster')])).toEqual([
      1.894, 1.894, 1.894,
    ]);
  });
});
