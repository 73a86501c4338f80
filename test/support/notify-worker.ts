import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { DeleteMessageCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { context } from './context.ts';

/**
 * A process that works the alert queue as Lambda works it, with the function itself, until it is killed: it receives, hands
 * a batch to the handler, and removes what the handler doesn't give back. It begins when its parent says so.
 */
const { handler } = await import('../../functions/notify.ts');
const sqs = new SQSClient({});
const QueueUrl = process.env['ALERT_QUEUE_URL'];

process.once('disconnect', () => process.exit()); // no worker outlives the test
process.send?.('ready');
await once(process, 'message');

for (;;) {
  const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 5 }));
  if (Messages.length === 0) {
    await wait(20);
    continue;
  }
  const Records = Messages.map(({ MessageId, ReceiptHandle, Body, Attributes }) => ({
    messageId: MessageId,
    receiptHandle: ReceiptHandle,
    body: Body,
    attributes: Attributes,
  }));
  const { batchItemFailures } = await handler({ Records }, context);
  const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
  for (const { MessageId, ReceiptHandle } of Messages) {
    if (!failed.has(MessageId ?? '')) await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
  }
}
