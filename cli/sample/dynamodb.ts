import { once } from 'node:events';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import { z } from 'zod';

/** A DynamoDB API on this machine's loopback, in memory. */
export type LocalDynamoDb = { endpoint: string; close: () => Promise<void> };

/**
 * Starts dynalite, adds the one call of ours that it lacks, TransactWriteItems, and creates the watchdog's table.
 * Requests are worked one at a time, so that nobody sees half a transaction.
 */
export async function startDynamoDb(tableName: string): Promise<LocalDynamoDb> {
  const server = dynalite({ createTableMs: 0, deleteTableMs: 0 });
  const [plain] = server.listeners('request') as RequestListener[];
  if (!plain) throw new Error('dynalite answers no requests');
  server.removeAllListeners('request');
  let endpoint = '';
  let turn: Promise<unknown> = Promise.resolve();
  const tokens = new Set<string>();
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    if (request.headers['x-in-transaction']) return plain(request, response);
    const isTransaction = String(request.headers['x-amz-target']).endsWith('.TransactWriteItems');
    turn = turn.then(async () => {
      if (response.closed) return; // whoever asked is gone: nobody else is to wait for them
      const answered = once(response, 'close');
      if (isTransaction) await answerTransaction(endpoint, tokens, request, response);
      else plain(request, response);
      await answered;
    });
    return turn;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await createTable(endpoint, tableName);
  return {
    endpoint,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      }),
  };
}

async function createTable(endpoint: string, TableName: string): Promise<void> {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const client = new DynamoDBClient({ endpoint, region: 'eu-west-1', credentials });
  await client.send(
    new CreateTableCommand({
      TableName,
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
  client.destroy();
}

const attributes = z.record(z.string(), z.unknown());
const write = z.looseObject({
  TableName: z.string(),
  Key: attributes.optional(),
  Item: attributes.optional(),
  ReturnValuesOnConditionCheckFailure: z.string().optional(),
});
const transaction = z.object({
  ClientRequestToken: z.string().optional(),
  TransactItems: z
    .array(
      z.object({
        Put: write.optional(),
        Update: write.optional(),
        Delete: write.optional(),
        ConditionCheck: write.optional(),
      }),
    )
    .min(1)
    .max(100),
});

type Attributes = z.infer<typeof attributes>;
type Kind = 'Put' | 'Update' | 'Delete' | 'ConditionCheck';
type Step = { kind: Kind; write: z.infer<typeof write>; key: Attributes; before: Attributes | undefined };
type Answer = { status: number; body: Record<string, unknown> };
type Call = (operation: string, body: object) => Promise<Answer>;

async function answerTransaction(
  endpoint: string,
  tokens: Set<string>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { status, body } = await runTransaction(
    caller(endpoint, request),
    tokens,
    JSON.parse(await text(request)),
  ).catch((error: Error) => problem('InternalServerError', error.message));
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(body));
}

/** All of the writes, or none and the reason of each. */
async function runTransaction(call: Call, tokens: Set<string>, input: unknown): Promise<Answer> {
  const { data, error } = transaction.safeParse(input);
  if (error) return problem('ValidationException', z.prettifyError(error));
  const token = data.ClientRequestToken;
  if (token !== undefined && tokens.has(token)) return { status: 200, body: {} };
  const steps = await readSteps(call, data.TransactItems);
  if (new Set(steps.map(({ key }) => JSON.stringify(key))).size < steps.length) {
    const message = 'Transaction request cannot include multiple operations on one item';
    return problem('ValidationException', message);
  }
  const answers: Answer[] = [];
  for (const step of steps) answers.push(await apply(call, step));
  if (answers.every(({ status }) => status === 200)) {
    if (token !== undefined) tokens.add(token);
    return { status: 200, body: {} };
  }
  const applied = steps.filter((_, index) => answers[index]?.status === 200);
  for (const step of applied) await undo(call, step);
  return refusal(steps, answers);
}

async function readSteps(call: Call, items: z.infer<typeof transaction>['TransactItems']): Promise<Step[]> {
  const steps: Step[] = [];
  for (const item of items) {
    const [[kind, write] = []] = Object.entries(item) as [Kind, Step['write']][];
    if (!kind || !write) throw new Error('An item of a transaction has no operation');
    const { pk, sk } = write.Key ?? write.Item ?? {};
    const key = { pk, sk };
    const found = await call('GetItem', { TableName: write.TableName, Key: key, ConsistentRead: true });
    steps.push({ kind, write, key, before: attributes.optional().parse(found.body['Item']) });
  }
  return steps;
}

function apply(call: Call, { kind, write, key, before }: Step): Promise<Answer> {
  if (kind !== 'ConditionCheck') return call(`${kind}Item`, write);
  // What is there is written again as it is, and what isn't is deleted: only the condition has an effect.
  return before
    ? call('PutItem', { ...write, Key: undefined, Item: before })
    : call('DeleteItem', { ...write, Key: key });
}

const undo = (call: Call, { write: { TableName }, key, before }: Step): Promise<Answer> =>
  before ? call('PutItem', { TableName, Item: before }) : call('DeleteItem', { TableName, Key: key });

function refusal(steps: readonly Step[], answers: readonly Answer[]): Answer {
  const codes = answers.map(({ status, body }) => (status === 200 ? 'None' : errorCode(body)));
  const unmet = codes.find((code) => code !== 'None' && code !== 'ConditionalCheckFailedException');
  if (unmet !== undefined) return answers[codes.indexOf(unmet)] ?? problem('InternalServerError', unmet);
  const reasons = steps.map(({ write, before }, index) => {
    if (codes[index] === 'None') return { Code: 'None' };
    const item = write.ReturnValuesOnConditionCheckFailure === 'ALL_OLD' && before ? { Item: before } : {};
    return { Code: 'ConditionalCheckFailed', Message: 'The conditional request failed', ...item };
  });
  const list = reasons.map(({ Code }) => Code).join(', ');
  const message = `Transaction cancelled, please refer cancellation reasons for specific reasons [${list}]`;
  return problem('TransactionCanceledException', message, { CancellationReasons: reasons });
}

const errorCode = (body: Answer['body']): string => String(body['__type']).split('#').at(-1) ?? '';

const problem = (code: string, message: string, more: object = {}): Answer => ({
  status: 400,
  body: { __type: `com.amazonaws.dynamodb.v20120810#${code}`, message, Message: message, ...more },
});

/** Calls the server with the transaction's own signature, past the queue in which the transaction has its turn. */
const caller =
  (endpoint: string, { headers }: IncomingMessage): Call =>
  async (operation, body) => {
    const response = await fetch(endpoint, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': `DynamoDB_20120810.${operation}`,
        'x-amz-date': String(headers['x-amz-date']),
        authorization: String(headers.authorization),
        'x-in-transaction': 'yes',
      },
      body: JSON.stringify(body),
    });
    return { status: response.status, body: attributes.parse(await response.json()) };
  };
