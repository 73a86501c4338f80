import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { mockClient } from 'aws-sdk-client-mock';
import { expect, it } from 'vitest';
import { moveDeadLetters } from '../../cli/redrive.ts';

const queue = 'https://sqs.eu-west-1.amazonaws.com/123456789012/alerts';

/** Dead letters of which a receive hides what it gives, for ever unless it is made visible again. */
function deadLetters(bodies: readonly string[]) {
  const waiting = bodies.map((Body, index) => ({
    MessageId: `m-${index}`,
    ReceiptHandle: `r-${index}`,
    Body,
  }));
  const hidden = new Set<string>();
  const moved: string[] = [];
  const sqs = mockClient(SQSClient);
  const deadLetterTargetArn = 'arn:aws:sqs:eu-west-1:123456789012:dead';
  sqs
    .on(GetQueueAttributesCommand)
    .resolves({ Attributes: { RedrivePolicy: JSON.stringify({ deadLetterTargetArn }) } });
  sqs.on(GetQueueUrlCommand).resolves({ QueueUrl: `${queue}-dead` });
  sqs.on(ReceiveMessageCommand).callsFake(async () => {
    const Messages = waiting.filter(({ ReceiptHandle }) => !hidden.has(ReceiptHandle)).slice(0, 10);
    for (const { ReceiptHandle } of Messages) hidden.add(ReceiptHandle);
    return { Messages };
  });
  sqs.on(ChangeMessageVisibilityCommand).callsFake(async ({ ReceiptHandle }) => {
    hidden.delete(ReceiptHandle);
    return {};
  });
  sqs.on(SendMessageCommand).callsFake(async ({ MessageBody }) => {
    moved.push(MessageBody);
    return {};
  });
  sqs.on(DeleteMessageCommand).resolves({});
  return { client: new SQSClient({}), moved };
}

it('only looks when asked to, and leaves every dead letter to be redriven right after', async () => {
  const bodies = Array.from({ length: 12 }, (_, index) => `letter ${index}`);
  const { client, moved } = deadLetters(bodies);
  expect(await moveDeadLetters(client, queue, true)).toHaveLength(12);
  expect(moved).toEqual([]);
  expect(await moveDeadLetters(client, queue)).toHaveLength(12);
  expect(moved).toEqual(bodies);
});
