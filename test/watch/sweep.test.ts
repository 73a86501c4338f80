import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import event from '../../events/sweep.json' with { type: 'json' };
import type { Target } from '../../shared/target.ts';
import { sweep, sweepMessage, type ToVisit } from '../../shared/watch/sweep.ts';

const sqs = mockClient(SQSClient);
const queue = { client: new SQSClient({}), url: 'https://sqs/sweep' };
const time = '2026-11-16T18:05:00Z';

const target = (number: number): Target => ({
  account: String(100_000_000_000 + number),
  region: 'eu-west-1',
});
const mlDev = {
  account: '210987654321',
  accountName: 'ml-dev',
  region: 'eu-west-1',
  roleArn: 'arn:aws:iam::210987654321:role/watchdog',
};

beforeEach(() => {
  sqs.reset();
  sqs.on(SendMessageBatchCommand).resolves({ Successful: [], Failed: [] });
});

const sweepOver = (targets: readonly Target[], visit = vi.fn(async () => 'visited')) =>
  sweep({
    pass: 'schedules',
    targets: targets.length,
    toVisit: targets.map((each) => ({ target: each })),
    time,
    queue,
    visit,
  });

const bodies = () =>
  sqs
    .commandCalls(SendMessageBatchCommand)
    .flatMap(({ args: [{ input }] }) =>
      (input.Entries ?? []).map(({ MessageBody = '' }) => JSON.parse(MessageBody)),
    );

describe('a sweep', () => {
  it('visits a single target here and now, without the queue', async () => {
    const visit = vi.fn(async ({ target: { account } }: ToVisit) => `${account} visited`);
    const toVisit = [{ target: mlDev }];
    expect(await sweep({ pass: 'schedules', targets: 1, toVisit, time, queue, visit })).toEqual({
      visited: '210987654321 visited',
    });
    expect(visit).toHaveBeenCalledExactlyOnceWith({ target: mlDev });
    expect(sqs).not.toHaveReceivedCommand(SendMessageBatchCommand);
  });

  it('hands several to the queue, one message each, and visits none itself', async () => {
    const visit = vi.fn(async () => 'visited');
    expect(await sweepOver([target(1), mlDev], visit)).toEqual({ queued: 2 });
    expect(visit).not.toHaveBeenCalled();
    expect(bodies()).toEqual([
      { pass: 'schedules', target: target(1), time },
      { pass: 'schedules', target: mlDev, time },
    ]);
  });

  it('lets those be that are not due, and says how many', async () => {
    const visit = vi.fn(async () => 'visited');
    const others = { running: 40, pending: 3, pendingInstances: 2 };
    const some = { pass: 'schedules' as const, time, queue, visit };
    expect(await sweep({ ...some, targets: 3, toVisit: [{ target: mlDev, others }] })).toEqual({
      queued: 1,
      notDue: 2,
    });
    expect(bodies()).toEqual([{ pass: 'schedules', target: mlDev, others, time }]);
    expect(await sweep({ ...some, targets: 1, toVisit: [] })).toEqual({ notDue: 1 });
    expect(visit).not.toHaveBeenCalled();
  });

  it('sends what its worker reads', async () => {
    await sweepOver([target(1), mlDev]);
    expect(bodies().map((body) => sweepMessage.parse(body))).toEqual(bodies());
  });

  it('takes ten targets to a call', async () => {
    await sweepOver(Array.from({ length: 25 }, (_, index) => target(index)));
    expect(sqs).toHaveReceivedCommandTimes(SendMessageBatchCommand, 3);
    expect(new Set(bodies().map(({ target: { account } }) => account)).size).toBe(25);
  });

  it('fails, naming them, where the queue did not take all', async () => {
    sqs.on(SendMessageBatchCommand).resolves({
      Successful: [],
      Failed: [{ Id: '1', Code: 'InternalError', SenderFault: false }],
    });
    await expect(sweepOver([target(1), mlDev, target(2)])).rejects.toThrow(
      'The sweep queue did not take ml-dev (210987654321), eu-west-1',
    );
  });

  it('fails where its one visit fails', async () => {
    const visit = vi.fn(async () => Promise.reject(new Error('no access')));
    await expect(sweepOver([mlDev], visit)).rejects.toThrow('no access');
  });
});

describe('a message of the sweep', () => {
  const [record] = event.Records;
  const message = JSON.parse(record?.body ?? '');

  it('is what the sample event holds', () => {
    expect(sweepMessage.parse(message)).toEqual(message);
  });

  it.each([
    ['another pass', { pass: 'everything' }],
    ['no target', { target: undefined }],
    ['a target without region', { target: { account: '210987654321' } }],
    ['no time', { time: undefined }],
    ['a time that is none', { time: 'now' }],
  ])('is refused with %s', (_, change) => {
    expect(sweepMessage.safeParse({ ...message, ...change }).success).toBe(false);
  });
});
