import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import type { Received, VisibleQueue } from './visible-queue.ts';

type Asked = {
  ReceiptHandle?: string;
  VisibilityTimeout?: number;
  MaxNumberOfMessages?: number;
  Name?: string;
};

type Options = {
  queue: VisibleQueue;
  /** By the name of their parameter. */
  secrets: Readonly<Record<string, string>>;
  /** Called with what a worker has received; `worker` is the last part of the queue's address. */
  onReceived?: (worker: string, messages: readonly Received[]) => void;
};

/** SQS and Parameter Store on this machine's loopback, as far as a worker of a queue asks them. */
export async function startQueueServer({ queue, secrets, onReceived }: Options) {
  const answers: Readonly<Record<string, (asked: Asked & { QueueUrl?: string }) => object>> = {
    'AmazonSQS.ReceiveMessage': ({ MaxNumberOfMessages, QueueUrl = '' }) => {
      const messages = queue.receive(MaxNumberOfMessages);
      onReceived?.(QueueUrl.split('/').at(-1) ?? '', messages);
      return {
        Messages: messages.map(({ messageId, receipt, body, receiveCount }) => ({
          MessageId: messageId,
          ReceiptHandle: receipt,
          Body: body,
          MD5OfBody: createHash('md5').update(body).digest('hex'),
          Attributes: { ApproximateReceiveCount: String(receiveCount) },
        })),
      };
    },
    'AmazonSQS.DeleteMessage': ({ ReceiptHandle = '' }) => {
      queue.remove(ReceiptHandle);
      return {};
    },
    'AmazonSQS.ChangeMessageVisibility': ({ ReceiptHandle = '', VisibilityTimeout = 0 }) => {
      queue.hide(ReceiptHandle, VisibilityTimeout);
      return {};
    },
    'AmazonSSM.GetParameter': ({ Name = '' }) => ({ Parameter: { Name, Value: secrets[Name] } }),
  };
  const server = createServer(async (request, response) => {
    const asked = (await json(request).catch(() => undefined)) as Asked | undefined;
    const answer = answers[String(request.headers['x-amz-target'])];
    if (asked && answer) reply(response, 200, answer(asked));
    else reply(response, 400, { __type: 'com.amazonaws.sqs#InvalidAction', message: 'Nobody answers this' });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

const reply = (response: ServerResponse, status: number, body: object): void =>
  void response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(body));
