import { createHash } from 'node:crypto';
import type { SQSBatchResponse } from 'aws-lambda';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSampleAccount, type SampleAccount } from '../../cli/sample/account.ts';
import schedulesEvent from '../../events/enforce-schedules.json' with { type: 'json' };
import event from '../../events/sweep.json' with { type: 'json' };
import utilizationEvent from '../../events/watch-utilization.json' with { type: 'json' };
import { context } from '../support/context.ts';
import { queueEvent } from '../support/queue.ts';

let sample: SampleAccount;
beforeAll(async () => {
  sample = await openSampleAccount({ now: schedulesEvent.time });
});
afterAll(() => sample.close());

const urlOf = (name: string) => sample.env[name] ?? '';

/** Works what lies in the sweep queue, one message an event; returns the accounts whose message failed. */
async function work(arrivedAt: string): Promise<string[]> {
  const { handler } = await import('../../functions/sweep.ts');
  const failed: string[] = [];
  const url = urlOf('SWEEP_QUEUE_URL');
  for (const message of sample.queues.receive(url)) {
    const own = { ...context, arrivedAt };
    const { batchItemFailures } = (await handler(queueEvent(message), own)) as SQSBatchResponse;
    if (batchItemFailures.length > 0) failed.push(JSON.parse(message.body).target.account);
    sample.queues.remove(url, message.receiptHandle);
  }
  return failed;
}

describe('a sweep over several accounts and regions', () => {
  it('makes one message a target, and asks EC2 nothing itself', async () => {
    const { handler } = await import('../../functions/enforce-schedules.ts');
    const own = { ...context, arrivedAt: schedulesEvent.time };
    expect(await handler(schedulesEvent, own)).toEqual({ queued: 6, alerts: 0 });
    expect(sample.calls.filter(({ call }) => call.startsWith('EC2:'))).toEqual([]);
    expect(sample.queues.remaining(urlOf('SWEEP_QUEUE_URL'))).toBe(6);
  });

  it('visits each target by its own role, and warns there', async () => {
    expect(await work(schedulesEvent.time)).toEqual([]);
    const visited = sample.calls
      .filter(({ call }) => call === 'EC2:DescribeInstances')
      .map(({ account, region }) => `${account} ${region}`);
    expect(new Set(visited).size).toBe(6);
    expect(sample.queues.remaining(urlOf('ALERT_QUEUE_URL'))).toBeGreaterThan(3);
  });

  it('measures utilisation by the same queue and worker', async () => {
    const { handler } = await import('../../functions/watch-utilization.ts');
    sample.setNow(utilizationEvent.time);
    expect(await handler(utilizationEvent, context)).toMatchObject({ queued: 6 });
    const before = sample.queues.remaining(urlOf('ALERT_QUEUE_URL'));
    expect(await work(utilizationEvent.time)).toEqual([]);
    expect(sample.queues.remaining(urlOf('ALERT_QUEUE_URL'))).toBeGreaterThan(before);
  });
});

describe('the worker of the sweep', () => {
  const run = async (given: object) => {
    const { handler } = await import('../../functions/sweep.ts');
    const own = { ...context, arrivedAt: schedulesEvent.time };
    return handler(given, own);
  };

  it('works its sample event', async () => {
    sample.setNow(schedulesEvent.time);
    const before = sample.calls.length;
    expect(await run(event)).toEqual({ batchItemFailures: [] });
    const asked = sample.calls.slice(before).filter(({ call }) => call === 'EC2:DescribeInstances');
    // Once for the instances, once for the nodes of its node groups.
    const there = { call: 'EC2:DescribeInstances', account: '210987654321', region: 'eu-west-1' };
    expect(asked).toEqual([there, there]);
  });

  it('gives back a visit that comes too late, and so does not take it for made', async () => {
    const { handler } = await import('../../functions/sweep.ts');
    const before = sample.calls.length;
    const late = await handler(event, { ...context, arrivedAt: '2026-11-16T18:20:01Z' } as typeof context);
    expect(late).toEqual({ batchItemFailures: [{ itemIdentifier: event.Records[0]?.messageId }] });
    expect(sample.calls.slice(before).filter(({ call }) => call.startsWith('EC2:'))).toEqual([]);
  });

  it('gives back the target that can not be visited, and visits the others', async () => {
    const [record] = event.Records;
    const message = JSON.parse(record?.body ?? '');
    const elsewhere = {
      ...message,
      target: {
        account: '999999999999',
        region: 'eu-west-1',
        roleArn: 'arn:aws:iam::999999999999:role/not-deployed',
      },
    };
    const Records = [
      { ...record, messageId: 'elsewhere', body: JSON.stringify(elsewhere) },
      { ...record, messageId: 'broken', body: '{' },
      { ...record, messageId: 'fine' },
    ];
    expect(await run({ Records })).toEqual({
      batchItemFailures: [{ itemIdentifier: 'elsewhere' }, { itemIdentifier: 'broken' }],
    });
  });

  it('has a sample event that is as true as its checksum', () => {
    for (const { body, md5OfBody } of event.Records) {
      expect(createHash('md5').update(body).digest('hex')).toBe(md5OfBody);
    }
  });
});
