import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { addClientPlugin } from '../../shared/aws/client.ts';
import { resetBuckets } from '../../shared/aws/token-bucket.ts';
import type { InstanceState } from '../../shared/compute/instance.ts';
import { type IsoTime, toTime } from '../../shared/period.ts';
import { recordLaunch } from '../../shared/store/launches.ts';
import { openTable } from '../../shared/store/table.ts';
import { answerFrom, type SampleCall, type Stage } from './aws/middleware.ts';
import { createQueues, queueAt, receive, release } from './aws/sqs.ts';
import { accessKeyOf } from './aws/sts.ts';
import { startDynamoDb } from './dynamodb.ts';
import { type Fleet, type Member, stateOf } from './fleet.ts';
import {
  createSample,
  type Invocation,
  type Publication,
  type QueuedMessage,
  type Sample,
} from './sample.ts';
import { type SlackPost, startSlack } from './slack.ts';
import { readSampleWorld, type WorldFile } from './world.ts';

type SampleInstance = {
  account: string;
  region: string;
  instanceId: string;
  instanceType: string;
  name: string;
  state: InstanceState;
  tags: Readonly<Record<string, string>>;
  /** Dollars an hour while it runs. */
  hourlyRate: number;
};

/** The embedded sample account, as long as it is open. */
export type SampleAccount = {
  now: () => IsoTime;
  /** Moves the world to another time; what was stopped and tagged stays so. */
  setNow: (time: IsoTime) => void;
  /** The instances that EC2 would list now, in all accounts and regions. */
  instances: () => SampleInstance[];
  /** What stands in the channels of Slack, threads included, oldest first. */
  slackMessages: readonly SlackPost[];
  /** What was published to the alert topic, oldest first. */
  emails: readonly Publication[];
  queues: SampleQueues;
  /** Takes off what functions are to run with, oldest first, for whoever plays Lambda's part. */
  takeInvocations: () => Invocation[];
  calls: readonly SampleCall[];
  /** The environment in which a function of the sample runs. */
  env: Readonly<Record<string, string>>;
  /** Ends the servers and gives the process its environment back. */
  close: () => Promise<void>;
};

/** The sample's queues by their address, for whoever plays Lambda's part. */
type SampleQueues = {
  /** Takes up to `max` (default 10) messages off; each must be removed or released. */
  receive: (url: string, max?: number) => QueuedMessage[];
  remove: (url: string, receiptHandle: string) => void;
  /** Puts a message that failed back; the twelfth time it goes to the dead letters. */
  release: (url: string, receiptHandle: string) => void;
  /** How many wait or are being worked. */
  remaining: (url: string) => number;
  dead: (url: string) => readonly QueuedMessage[];
};

export type SampleOptions = { now?: IsoTime; world?: WorldFile; groupsPerPage?: number };

/** The configuration that belongs to the sample account, `watchdog.yml` beside this file, not yet validated. */
export const readSampleConfig = (): unknown =>
  parse(readFileSync(new URL('watchdog.yml', import.meta.url), 'utf8'));

/** What the requests in events/slack-*.json are signed with: of no real app, and no secret. */
export const sampleSigningSecret = 'signs-what-the-sample-account-sends';

let stage: Stage | undefined;

/**
 * Opens the sample account: until it is closed all clients of this process speak to it, and no call leaves the
 * machine. One at a time.
 */
export async function openSampleAccount(options: SampleOptions = {}): Promise<SampleAccount> {
  if (stage) throw new Error('The sample account is open already');
  const file = options.world ?? readSampleWorld();
  const account = file.accounts.find(({ payer }) => payer)?.id ?? '';
  const region = Object.keys(file.regions)[0] ?? '';
  const sample = createSample(file, { account, region });
  if (options.now) sample.now = Date.parse(options.now);
  if (options.groupsPerPage) sample.groupsPerPage = options.groupsPerPage;
  const furnished = environment(account, region);
  furnish(sample, furnished);
  const [dynamoDb, slack] = await Promise.all([
    startDynamoDb(furnished.TABLE_NAME),
    startSlack({ now: () => sample.now, channels: ['#ml-cost'] }),
  ]);
  const env = { ...furnished, SLACK_API_URL: slack.apiUrl };
  sample.parameters.set('/watchdog/slack-token', slack.token);
  sample.parameters.set('/watchdog/slack-webhook', slack.webhookUrl);
  sample.parameters.set('/watchdog/slack-signing-secret', sampleSigningSecret);
  const calls: SampleCall[] = [];
  stage = { sample, dynamoDb: new URL(dynamoDb.endpoint), calls };
  resetBuckets();
  const removePlugin = addClientPlugin(answerFrom(() => stage));
  const restore = useEnvironment(env);
  await rememberLaunches(sample, env.TABLE_NAME);
  calls.length = 0;
  return {
    now: () => toTime(sample.now),
    setNow: (time) => {
      sample.now = Date.parse(time);
      resetBuckets(); // hours may have passed there, and none for this process
    },
    instances: () => listInstances(sample.fleet, sample.now),
    slackMessages: slack.posts,
    emails: sample.published,
    queues: queuesOf(sample),
    takeInvocations: () => sample.invocations.splice(0),
    calls,
    env,
    close: async () => {
      stage = undefined;
      removePlugin();
      restore();
      await Promise.all([dynamoDb.close(), slack.close()]);
    },
  };
}

/** What the watchdog was told of launches before the sample was opened. */
async function rememberLaunches({ fleet, now }: Sample, tableName: string): Promise<void> {
  const table = openTable(tableName);
  for (const { account, region, spec, facts, reservationId, tags } of fleet.members) {
    const { id: instanceId, type: instanceType, launched, startedBy } = spec;
    if (startedBy === undefined || launched > now) continue;
    const hourlyRate = facts.hourly[region];
    const { owner, team } = tags;
    const attribution = { ...(owner && { owner }), ...(team && { team }) };
    const instance = { account, region, instanceId, instanceType };
    const launchTime = toTime(launched);
    await recordLaunch(
      table,
      {
        reservationId,
        launchTime,
        startedBy,
        isAutoScaling: false,
        instances: [{ instance, attribution, hourlyRate }],
      },
      launchTime,
    );
  }
}

function environment(account: string, region: string) {
  const queue = (name: string) => `https://sqs.${region}.amazonaws.com/${account}/${name}`;
  return {
    TABLE_NAME: 'watchdog',
    LEDGER_BUCKET: 'watchdog-ledger',
    ALERT_QUEUE_URL: queue('watchdog-alerts'),
    SWEEP_QUEUE_URL: queue('watchdog-sweep'),
    ALERT_TOPIC_ARN: `arn:aws:sns:${region}:${account}:watchdog-alerts`,
    PRESSES_FUNCTION: 'ai-cost-watchdog-sample-carry-out-presses',
    ACCOUNT_ID: account,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: accessKeyOf(account),
    AWS_SECRET_ACCESS_KEY: 'sample',
    AWS_SESSION_TOKEN: 'sample',
    WATCHDOG_CONFIG: JSON.stringify(readSampleConfig()),
  };
}

function furnish(sample: Sample, env: ReturnType<typeof environment>): void {
  sample.topics.add(env.ALERT_TOPIC_ARN);
  sample.buckets.set(env.LEDGER_BUCKET, new Map());
  for (const url of [env.ALERT_QUEUE_URL, env.SWEEP_QUEUE_URL]) {
    for (const [address, queue] of createQueues(url)) sample.queues.set(address, queue);
  }
}

/** Somebody's own profile and endpoints must not lead a call out of the sample. */
const foreign = ['AWS_PROFILE', 'AWS_DEFAULT_REGION', 'AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_DYNAMODB'];

function useEnvironment(env: Readonly<Record<string, string>>): () => void {
  const before = [...Object.keys(env), ...foreign].map((name) => [name, process.env[name]] as const);
  for (const name of foreign) delete process.env[name];
  Object.assign(process.env, env);
  return () => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  };
}

const listInstances = ({ members }: Fleet, now: number): SampleInstance[] =>
  members.flatMap((member) => {
    const state = stateOf(member, now);
    return state ? [toSampleInstance(member, state)] : [];
  });

function toSampleInstance(member: Member, state: InstanceState): SampleInstance {
  const { account, region, spec, facts, tags } = member;
  const spot = spec.lifecycle === 'spot' ? facts.spot[region] : undefined;
  return {
    account,
    region,
    instanceId: spec.id,
    instanceType: spec.type,
    name: spec.name ?? spec.id,
    state,
    tags: { ...tags },
    hourlyRate: spot ?? facts.hourly[region] ?? 0,
  };
}

const queuesOf = (sample: Sample): SampleQueues => ({
  receive: (url, max = 10) => receive(queueAt(sample, url), max),
  remove: (url, receiptHandle) => void queueAt(sample, url).inFlight.delete(receiptHandle),
  release: (url, receiptHandle) => release(queueAt(sample, url), receiptHandle),
  remaining: (url) => {
    const { waiting, inFlight } = queueAt(sample, url);
    return waiting.length + inFlight.size;
  },
  dead: (url) => queueAt(sample, url).dead,
});
