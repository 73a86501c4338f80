import { startDynamoDb } from '../../cli/sample/dynamodb.ts';
import { startSlack } from '../../cli/sample/slack.ts';
import { luckOf } from '../../test/support/simulation/luck.ts';

/**
 * A process of its own with DynamoDB and Slack, so that what delivers is measured by itself. Argument: JSON of `Options`.
 * Says where they are, and on request what is to be seen.
 */
export type Options = {
  /** Messages that a channel takes in a second; undefined: as many as come. */
  messagesPerSecond?: number;
  /** Of how many messages one answer gets lost. */
  lostAnswers: number;
  now: number;
};

/** Where they are. */
export type Places = { dynamoDb: string; slackApi: string; token: string };

/**
 * Messages, how many of them everybody in the channel sees, how many different ones, how many were refused, and requests by
 * method.
 */
export type Seen = {
  messages: number;
  loud: number;
  different: number;
  tooFast: number;
  requests: Record<string, number>;
};

const { messagesPerSecond, lostAnswers, now } = JSON.parse(process.argv[2] ?? '') as Options;
const luck = luckOf('slack');
const dynamoDb = await startDynamoDb('watchdog');
const slack = await startSlack({
  now: () => now,
  fault: ({ method }) =>
    method === 'chat.postMessage' && lostAnswers > 0 && luck.oneIn(lostAnswers) ? 'lost' : undefined,
  ...(messagesPerSecond && { messagesPerSecond }),
});

function seen(): Seen {
  const markers = slack.posts.map(({ blocks }) => blocks.at(-1)?.block_id);
  const requests = Map.groupBy(slack.requests, ({ method }) => method);
  return {
    messages: slack.posts.length,
    loud: slack.posts.filter(({ threadTs, isBroadcast }) => threadTs === undefined || isBroadcast).length,
    different: new Set(markers).size,
    tooFast: (requests.get('chat.postMessage')?.length ?? 0) - slack.posts.length,
    requests: Object.fromEntries([...requests].map(([method, { length }]) => [method, length])),
  };
}

process.on('message', () => process.send?.(seen()));
process.once('disconnect', () => process.exit());
process.send?.({ dynamoDb: dynamoDb.endpoint, slackApi: slack.apiUrl, token: slack.token } satisfies Places);
