import { DescribeInstancesCommand, EC2Client } from '@aws-sdk/client-ec2';
import type { Context } from 'aws-lambda';
import { mockClient } from 'aws-sdk-client-mock';
import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import event from '../events/enforce-schedules.json' with { type: 'json' };
import { lambdaCost, meterCalls, type RunCost, readMeter } from '../shared/aws/meter.ts';
import { createHandler, createQueueHandler, RetryLater, scheduledEvent } from '../shared/lambda.ts';
import { context } from './support/context.ts';

const arrivedAt = (time: string): Context & { arrivedAt: string } => ({ ...context, arrivedAt: time });

describe('a function', () => {
  it('hands its work the checked event and what is known of the run', async () => {
    const handler = createHandler(scheduledEvent, async ({ time }, run) => ({
      time,
      remaining: run.remainingMs(),
      arrivedAt: run.arrivedAt,
    }));
    expect(await handler(event, arrivedAt('2026-11-16T18:05:07Z'))).toEqual({
      time: '2026-11-16T18:05:00Z',
      remaining: 300_000,
      arrivedAt: '2026-11-16T18:05:07Z',
    });
  });

  it('takes the time of its arrival from the clock, and only that', async () => {
    vi.useFakeTimers({ now: Date.parse('2026-11-16T18:07:30.500Z'), toFake: ['Date'] });
    const handler = createHandler(scheduledEvent, async ({ time }, run) => [time, run.arrivedAt]);
    expect(await handler(event, context)).toEqual(['2026-11-16T18:05:00Z', '2026-11-16T18:07:30Z']);
    vi.useRealTimers();
  });

  it.each([
    ['nothing', undefined],
    ['a text', 'run!'],
    ['an event without a time', { source: 'aws.events' }],
    ['a time that is none', { time: 'yesterday' }],
    ['a time without a zone', { time: '2026-11-16T18:05:00' }],
  ])('rejects %s before any work, and says what it expected', async (_, wrong) => {
    const work = vi.fn(async () => 'worked');
    await expect(createHandler(scheduledEvent, work)(wrong, context)).rejects.toThrow(
      /^Unexpected event\n✖ Invalid (input: expected|ISO datetime)/,
    );
    expect(work).not.toHaveBeenCalled();
  });

  it('fails with the error of its work, for Lambda to try again', async () => {
    const handler = createHandler(scheduledEvent, async () => {
      throw new Error('Rate exceeded');
    });
    await expect(handler(event, context)).rejects.toThrow('Rate exceeded');
  });

  it('counts the calls of each run by itself', async () => {
    mockClient(EC2Client).on(DescribeInstancesCommand).resolves({});
    let calls = {};
    const handler = createHandler(scheduledEvent, async () => {
      await countOne();
      calls = readMeter().calls;
    });
    await handler(event, context);
    await handler(event, context);
    expect(calls).toEqual({ 'EC2:DescribeInstances': 1 });
  });
});

describe('what comes after a run', () => {
  it('is told the time of the event, and what the run cost: its calls, its time, its memory', async () => {
    const runs: RunCost[] = [];
    const handler = createHandler(scheduledEvent, countOne, async (run) => runs.push(run));
    await handler(event, { ...context, memoryLimitInMB: '1024' });
    expect(runs).toEqual([{ at: '2026-11-16T18:05:00Z', cost: expect.any(Number) }]);
    const cost = runs[0]?.cost ?? 0;
    expect(cost).toBeGreaterThan(0.2e-6); // what the run itself costs, however short
    expect(cost).toBeLessThan(1e-4);
  });

  it('is told the time of arrival where the event names none', async () => {
    const runs: RunCost[] = [];
    const handler = createHandler(
      z.object({}),
      async () => 'done',
      async (run) => runs.push(run),
    );
    await handler({}, arrivedAt('2026-11-16T18:05:07Z'));
    expect(runs[0]?.at).toBe('2026-11-16T18:05:07Z');
  });

  it('does not come after a run that failed', async () => {
    const afterwards = vi.fn(async () => undefined);
    const fail = async () => {
      throw new Error('Rate exceeded');
    };
    await expect(createHandler(scheduledEvent, fail, afterwards)(event, context)).rejects.toThrow();
    expect(afterwards).not.toHaveBeenCalled();
  });

  it('fails no run, which has done its work', async () => {
    const handler = createHandler(
      scheduledEvent,
      async () => 'done',
      async () => {
        throw new Error('no table');
      },
    );
    expect(await handler(event, context)).toBe('done');
  });

  it('costs what Lambda charges for a second of a gigabyte, and for the run', () => {
    expect(lambdaCost(1000, 1024)).toBeCloseTo(0.0000133334 + 0.0000002, 12);
    expect(lambdaCost(60_000, 512)).toBeCloseTo(30 * 0.0000133334 + 0.0000002, 12);
  });
});

/** One call as a metered client makes it. */
async function countOne(): Promise<void> {
  let counted: Promise<unknown> | undefined;
  meterCalls.applyToStack({
    add: (middleware: (next: unknown, names: object) => (args: object) => Promise<unknown>) => {
      const names = { clientName: 'EC2Client', commandName: 'DescribeInstancesCommand' };
      counted = middleware(async () => ({ output: {} }), names)({ input: {} });
    },
  } as never);
  await counted;
}

describe('a function that works a queue', () => {
  const record = (messageId: string, body: string, receiveCount = 1) => ({
    messageId,
    receiptHandle: `handle-${messageId}`,
    body,
    attributes: { ApproximateReceiveCount: String(receiveCount) },
  });
  const schema = z.object({ target: z.string() });

  it('gives back the messages that failed, and only those', async () => {
    const worked: string[] = [];
    const handler = createQueueHandler(schema, async ({ body: { target } }) => {
      if (target === 'ml-dev') throw new Error('no access');
      worked.push(target);
    });
    const Records = [
      record('1', '{"target":"ml-platform"}'),
      record('2', '{"target":"ml-dev"}'),
      record('3', '{"target":"ml-prod"}'),
    ];
    expect(await handler({ Records }, context)).toEqual({ batchItemFailures: [{ itemIdentifier: '2' }] });
    expect(worked).toEqual(['ml-platform', 'ml-prod']);
  });

  it.each([
    ['that is not JSON', '{"target":'],
    ['that is empty', ''],
    ['of another shape', '{"account":"123456789012"}'],
    ['that is null', 'null'],
  ])('fails a message %s by itself', async (_, body) => {
    const work = vi.fn(async () => undefined);
    const Records = [record('bad', body), record('good', '{"target":"ml-dev"}')];
    expect(await createQueueHandler(schema, work)({ Records }, context)).toEqual({
      batchItemFailures: [{ itemIdentifier: 'bad' }],
    });
    expect(work).toHaveBeenCalledOnce();
  });

  it('tells a second delivery from a second message', async () => {
    const work = vi.fn(async () => undefined);
    const Records = [record('1', '{"target":"a"}', 3), record('2', '{"target":"a"}')];
    await createQueueHandler(schema, work)({ Records }, arrivedAt('2026-11-16T18:05:07Z'));
    const run = expect.objectContaining({ arrivedAt: '2026-11-16T18:05:07Z' });
    expect(work.mock.calls).toEqual([
      [{ body: { target: 'a' }, messageId: '1', receiveCount: 3 }, run],
      [{ body: { target: 'a' }, messageId: '2', receiveCount: 1 }, run],
    ]);
  });

  it('works groups at the same time, and each group in its order', async () => {
    const log: string[] = [];
    const gate = Promise.withResolvers<void>();
    const handler = createQueueHandler(
      schema,
      async ({ body: { target }, messageId }) => {
        log.push(`${target} ${messageId} begins`);
        if (messageId === 'a1') await gate.promise;
        if (messageId === 'b1') gate.resolve();
        log.push(`${target} ${messageId} ends`);
      },
      { groupOf: ({ target }) => target },
    );
    const Records = [
      record('a1', '{"target":"a"}'),
      record('a2', '{"target":"a"}'),
      record('b1', '{"target":"b"}'),
    ];
    expect(await handler({ Records }, context)).toEqual({ batchItemFailures: [] });
    expect(log).toEqual(['a a1 begins', 'b b1 begins', 'b b1 ends', 'a a1 ends', 'a a2 begins', 'a a2 ends']);
  });

  it('goes on with a group of which one failed, and with the others', async () => {
    const worked: string[] = [];
    const handler = createQueueHandler(
      schema,
      async ({ messageId }) => {
        if (messageId === 'a1') throw new Error('no access');
        worked.push(messageId);
      },
      { groupOf: ({ target }) => target },
    );
    const Records = [
      record('a1', '{"target":"a"}'),
      record('a2', '{"target":"a"}'),
      record('b1', '{"target":"b"}'),
    ];
    expect(await handler({ Records }, context)).toEqual({ batchItemFailures: [{ itemIdentifier: 'a1' }] });
    expect(worked.toSorted()).toEqual(['a2', 'b1']);
  });

  it('hides what is to be tried later for as long as it says, and leaves the rest to the queue', async () => {
    const hide = vi.fn(async () => undefined);
    const handler = createQueueHandler(
      schema,
      async ({ messageId }) => {
        throw messageId === 'later' ? new RetryLater('busy', 90) : new Error('broken');
      },
      { hide },
    );
    const Records = [record('later', '{"target":"a"}'), record('now', '{"target":"a"}'), record('bad', '')];
    const { batchItemFailures } = await handler({ Records }, context);
    expect(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier).toSorted()).toEqual([
      'bad',
      'later',
      'now',
    ]);
    expect(hide.mock.calls).toEqual([['handle-later', 90]]);
  });

  it('gives back a message that it could not hide all the same', async () => {
    const handler = createQueueHandler(
      schema,
      async () => {
        throw new RetryLater('busy', 90);
      },
      { hide: () => Promise.reject(new Error('throttled')) },
    );
    const Records = [record('1', '{"target":"a"}'), record('2', '{"target":"a"}')];
    expect(await handler({ Records }, context)).toEqual({
      batchItemFailures: [{ itemIdentifier: '1' }, { itemIdentifier: '2' }],
    });
  });

  it('has nothing to give back of an empty batch', async () => {
    const handler = createQueueHandler(schema, async () => undefined);
    expect(await handler({ Records: [] }, context)).toEqual({ batchItemFailures: [] });
  });

  it('rejects an event that is none of a queue as a whole', async () => {
    await expect(createQueueHandler(schema, async () => undefined)(event, context)).rejects.toThrow(
      /Unexpected event\n(.*\n)*.*Records/,
    );
  });
});
