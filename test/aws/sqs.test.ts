import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { mockClient } from 'aws-sdk-client-mock';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { sendMessages } from '../../shared/aws/sqs.ts';

const url = 'https://sqs.eu-west-1.amazonaws.com/123456789012/watchdog-sweep';
const client = new SQSClient({});
const sqs = mockClient(SQSClient);
beforeEach(() => {
  sqs.reset();
  sqs.on(SendMessageBatchCommand).resolves({ Successful: [], Failed: [] });
});

const batches = () =>
  sqs
    .commandCalls(SendMessageBatchCommand)
    .map(({ args }) => (args[0].input.Entries ?? []).map(({ MessageBody = '' }) => MessageBody));

describe('sending messages', () => {
  it('takes ten to a call', async () => {
    const messages = Array.from({ length: 23 }, (_, index) => ({ id: `${index}`, body: `body ${index}` }));
    expect(await sendMessages(client, url, messages)).toEqual({ failed: [] });
    expect(batches().map(({ length }) => length)).toEqual([10, 10, 3]);
    expect(batches().flat()).toEqual(messages.map(({ body }) => body));
  });

  it('makes no call for nothing', async () => {
    expect(await sendMessages(client, url, [])).toEqual({ failed: [] });
    expect(sqs).not.toHaveReceivedCommand(SendMessageBatchCommand);
  });

  it('stays below 256 KiB a call, counted in bytes', async () => {
    const body = '€'.repeat(40_000); // 120,000 bytes
    await sendMessages(client, url, [
      { id: 'a', body },
      { id: 'b', body },
      { id: 'c', body },
    ]);
    expect(batches().map(({ length }) => length)).toEqual([2, 1]);
  });

  it('names by their own ids those that SQS refused, and those that no call takes', async () => {
    sqs
      .on(SendMessageBatchCommand)
      .resolves({ Successful: [], Failed: [{ Id: '1', Code: 'InternalError', SenderFault: false }] });
    const messages = [
      { id: 'huge', body: 'x'.repeat(256 * 1024 + 1) },
      { id: 'aws-budget/team: search', body: 'a' },
      { id: 'breaker/€', body: 'b' },
    ];
    expect(await sendMessages(client, url, messages)).toEqual({ failed: ['huge', 'breaker/€'] });
  });

  it('throws where a call fails', async () => {
    sqs.on(SendMessageBatchCommand).rejects('no network');
    await expect(sendMessages(client, url, [{ id: 'a', body: 'a' }])).rejects.toThrow('no network');
  });

  it('sends every message once, within both limits, whatever their sizes', async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 262_144 }), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(sizes, async (sizes) => {
        sqs.resetHistory();
        const messages = sizes.map((size, index) => ({ id: `${index}`, body: 'x'.repeat(size) }));
        await sendMessages(client, url, messages);
        expect(batches().flat()).toEqual(messages.map(({ body }) => body));
        for (const batch of batches()) {
          expect(batch.length).toBeLessThanOrEqual(10);
          expect(batch.join('').length).toBeLessThanOrEqual(256 * 1024);
        }
      }),
      { numRuns: 30 },
    );
  });
});
