import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import { SSMClient } from '@aws-sdk/client-ssm';
import { noise, seedOf } from '../../cli/sample/noise.ts';
import type { Alert } from '../../shared/alert/alert.ts';
import { createClient } from '../../shared/aws/client.ts';
import { forgetSecret } from '../../shared/aws/ssm.ts';
import { type Config, parseConfig } from '../../shared/config.ts';
import { openTable, type Table } from '../../shared/store/table.ts';
import type { Teller } from '../../shared/watch/notify.ts';
import { openTeller } from '../../shared/watch/teller.ts';
import { openVisibleQueue, type VisibleQueue } from '../../test/support/visible-queue.ts';
import type { Options, Places, Seen } from './servers.ts';
import { countCalls } from './table-calls.ts';

/** When all of it happens: the clock says only how long it takes. */
export const now = '2026-11-16T06:00:05Z';

const token = 'ssm:/watchdog/slack-token';

export type World = {
  table: Table;
  sqs: SQSClient;
  queue: VisibleQueue;
  config: Config;
  teller: Teller;
  places: Places;
  seen: () => Promise<Seen>;
  close: () => Promise<void>;
};

/** Servers in a process of their own, a queue in this one, and what tells alerts to `channels` channels as a bot. */
export async function openWorld(
  channels: number,
  alerts: object,
  options: Omit<Options, 'now'>,
): Promise<World> {
  Object.assign(process.env, { AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'x' });
  const child = fork('bench/alerts/servers.ts', [JSON.stringify({ ...options, now: Date.parse(now) })]);
  const [places] = (await once(child, 'message')) as [Places];
  process.env['AWS_ENDPOINT_URL_DYNAMODB'] = places.dynamoDb;
  const table = openTable('watchdog');
  countCalls(table.client);
  const queue = openVisibleQueue({ visibilityMs: 360_000, maxReceives: 12 });
  const names = Array.from({ length: channels }, (_, index) => channelName(index));
  const config = parseConfig({
    alerts: {
      slack: { token, channel: '#other' },
      email: false,
      destinations: Object.fromEntries(
        names.map((name, index) => [name, { slack: channelId(index), fallback: 'slack' }]),
      ),
      routes: names.map((name) => ({ team: name, to: [name] })),
      ...alerts,
    },
  });
  const ssm = answering(createClient(SSMClient), () => ({ Parameter: { Value: places.token } }));
  const sqs = answering(createClient(SQSClient), (input) => {
    for (const { MessageBody = '' } of (input as { Entries: { MessageBody?: string }[] }).Entries)
      queue.send(MessageBody);
    return { Successful: [], Failed: [] };
  });
  const services = { ssm, sns: createClient(SNSClient), slackApiUrl: places.slackApi };
  return {
    table,
    sqs,
    queue,
    config,
    teller: openTeller(table, config, services),
    places,
    seen: () => ask(child),
    close: async () => {
      forgetSecret(token);
      table.client.destroy();
      child.disconnect();
      await once(child, 'exit');
    },
  };
}

const channelName = (index: number): string => `team-${index}`;
export const channelId = (index: number): string => `C${String(index).padStart(9, '0')}`;

async function ask(child: ChildProcess): Promise<Seen> {
  child.send('seen');
  const [seen] = (await once(child, 'message')) as [Seen];
  return seen;
}

/** A client that is answered in this process. */
function answering<C extends object>(client: C, answer: (input: object) => object): C {
  const { middlewareStack } = client as {
    middlewareStack: { add: (middleware: unknown, how: object) => void };
  };
  middlewareStack.add(
    () =>
      async ({ input }: { input: object }) => ({
        response: {},
        output: { $metadata: { attempts: 1 }, ...answer(input) },
      }),
    { step: 'initialize', priority: 'low', name: 'answerHere' },
  );
  return client;
}

/**
 * Of ten alerts of a channel five open a problem, two tell that one has grown, and three are told and over; each is one
 * message. In an order as good as chance, the same each time.
 */
export function generateAlerts(count: number, channels: number): Alert[] {
  const alerts = Array.from({ length: count }, (_, index) => alertOf(index, channels));
  return alerts
    .map((alert, index) => ({ alert, place: noise(seedOf('alerts'), index) }))
    .toSorted((one, other) => one.place - other.place)
    .map(({ alert }) => alert);
}

function alertOf(index: number, channels: number): Alert {
  const kind = kinds[index % 10] ?? 'told';
  const subject = kind === 'grown' ? `spend/${index - 5}` : `${kind}/${index}`;
  return {
    ...told[kind],
    id: kind === 'told' ? subject : `${subject}/${kind}`,
    subject: kind === 'opened' ? `spend/${index}` : subject,
    severity: 'warning',
    title: `EC2 in ml-dev-${index} costs $786 a day more than expected`,
    summary: 'Since Friday 2026-11-13, almost certainly: a p4d.24xlarge that nobody stopped.',
    facts: [
      { label: 'Account', value: `ml-dev-${index} (210987654321)` },
      { label: 'Expected', value: '$64.20 a day' },
    ],
    items: ['p4d.24xlarge i-0a1b2c3d4e5f60718: $32.77 an hour'],
    action: 'Stop i-0a1b2c3d4e5f60718, or tag it auto-stop:keep-until if it is needed.',
    links: [{ label: 'Cost Explorer', url: 'https://console.aws.amazon.com/costmanagement/home' }],
    account: '210987654321',
    team: channelName(Math.floor(index / 10) % channels),
  };
}

/** What the ten are; the first two have grown. */
const kinds = [
  ...Array(5).fill('opened'),
  'grown',
  'grown',
  ...Array(3).fill('told'),
] as (keyof typeof told)[];

const told = {
  opened: { kind: 'spend-anomaly', step: 'opened', at: '2026-11-16T05:00:00Z' },
  grown: { kind: 'spend-anomaly', step: 'grown', at: '2026-11-16T06:00:00Z' },
  told: { kind: 'launch', at: '2026-11-16T06:00:00Z' },
} as const;
