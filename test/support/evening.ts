import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { CreateTagsCommand, DeleteTagsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { PricingClient } from '@aws-sdk/client-pricing';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import { SSMClient } from '@aws-sdk/client-ssm';
import { openSampleAccount } from '../../cli/sample/account.ts';
import { awsError } from '../../cli/sample/sample.ts';
import { parseWorld, type WorldDocument } from '../../cli/sample/world.ts';
import { alertSchema } from '../../shared/alert/alert.ts';
import { createClient } from '../../shared/aws/client.ts';
import { parseConfig } from '../../shared/config.ts';
import type { IsoTime } from '../../shared/period.ts';
import { flushOutbox } from '../../shared/store/outbox.ts';
import { openTable } from '../../shared/store/table.ts';
import { enforceSchedules } from '../../shared/watch/enforce-schedules.ts';
import { notify } from '../../shared/watch/notify.ts';
import { openTeller } from '../../shared/watch/teller.ts';

type InstanceDocument = NonNullable<WorldDocument['instances']>[string][string][number];

/** A Monday on which the office in Berlin closes at 18:00 UTC: the run that warns, and the one that stops. */
export const evening = '2026-11-16T18:05:00Z';
export const afterGrace = '2026-11-16T18:25:00Z';
export const officeHours = 'Mon-Fri 08:00-19:00 Europe/Berlin';

export const target = { account: '210987654321', region: 'eu-west-1', accountName: 'ml-dev' };

export const idOf = (number: number): string => `i-${String(number).padStart(17, '0')}`;

/** A dev machine that has done nothing since the morning. */
export const machine = (number: number, given: Partial<InstanceDocument> = {}): InstanceDocument => ({
  id: idOf(number),
  type: 'm6i.xlarge',
  launched: '2026-11-16T07:00:00Z',
  cpu: 0.8,
  ...given,
  tags: { owner: 'mei', 'auto-stop': officeHours, ...given.tags },
});

const worldOf = (instances: InstanceDocument[], more: Partial<WorldDocument>): WorldDocument => ({
  now: evening,
  accounts: [{ id: target.account, name: 'ml-dev', payer: true }],
  volumeTypes: { gp3: { 'eu-west-1': 0.088 } },
  regions: { 'eu-west-1': { usagePrefix: 'EUW1-', location: 'EU (Ireland)' } },
  costAllocationTags: [],
  types: {
    'm6i.xlarge': { vcpus: 4, memoryGib: 16, hourly: { 'eu-west-1': 0.214 } },
    'm6id.xlarge': { vcpus: 4, memoryGib: 16, instanceStoreGb: 237, hourly: { 'eu-west-1': 0.26 } },
    'g6.xlarge': {
      vcpus: 4,
      memoryGib: 16,
      gpu: { name: 'L4', count: 1, memoryMib: 24_576 },
      hourly: { 'eu-west-1': 1 },
    },
  },
  instances: { 'ml-dev': { 'eu-west-1': instances } },
  ...more,
});

const noOthers = { running: 0, pending: 0, pendingInstances: 0 };

type Event = { command: string; input: Record<string, unknown> };
type Fault = { command: RegExp; error: Error; times: number; after: boolean };

/** One account with these instances, the watchdog's table beside it, and a hand on each call that it answers. */
export async function openEvening(
  instances: InstanceDocument[],
  settings: object = {},
  more: Partial<WorldDocument> = {},
) {
  const sample = await openSampleAccount({ world: parseWorld(worldOf(instances, more)), now: evening });
  const enforcing = parseConfig({ enforce: true, ...settings });
  const table = openTable('watchdog');
  const clients = {
    ec2: createClient(EC2Client),
    cloudWatch: createClient(CloudWatchClient),
    pricing: createClient(PricingClient, { region: 'us-east-1' }),
    table,
  };
  const sqs = createClient(SQSClient);
  const sent: Event[] = [];
  const faults: Fault[] = [];
  watch(clients.ec2, sent, faults);
  watch(clients.cloudWatch, sent, faults);
  watch(table.client, [], faults);
  const teller = openTeller(table, parseConfig({}), {
    ssm: createClient(SSMClient),
    sns: createClient(SNSClient),
    topicArn: sample.env['ALERT_TOPIC_ARN'],
  });

  return {
    sample,
    table,
    clients,
    /** Has the calls of another client told and failed like those of EC2. */
    watchClient: (client: unknown) => watch(client, sent, faults),
    /** The calls that change an instance, each with what it was given. */
    power: () => sent.filter(({ command }) => !/^(Describe|Get|List)/.test(command)),
    calls: (command: string) => sent.filter((event) => event.command === command).length,
    /** Fails the next calls of that name; with `after` they take effect, and only their answer is an error. */
    fail: (command: RegExp, code: string, { message = 'No.', times = 1, after = false } = {}) =>
      void faults.push({ command, error: awsError(code, message), times, after }),
    /** One run of the schedules, by an event of that time. */
    run: (
      time: IsoTime,
      { config = enforcing, arrivedAt = time, remainingMs = 300_000, others = noOthers } = {},
    ) => {
      sample.setNow(time);
      const run = { arrivedAt, remainingMs: () => remainingMs, others };
      return enforceSchedules(clients, target, config, time, run);
    },
    /** Hands what was recorded to people; returns the titles that were new to them. */
    deliver: async (): Promise<string[]> => {
      const before = sample.emails.length;
      const url = sample.env['ALERT_QUEUE_URL'] ?? '';
      await flushOutbox(table, sqs, url);
      for (const { body, messageId, receiveCount, receiptHandle } of sample.queues.receive(url)) {
        await notify(
          teller,
          { body: alertSchema.parse(JSON.parse(body)), messageId, receiveCount },
          sample.now(),
        );
        sample.queues.remove(url, receiptHandle);
      }
      return sample.emails.slice(before).map(({ subject = '' }) => subject);
    },
    tag: (number: number, Key: string, Value: string) =>
      createClient(EC2Client).send(
        new CreateTagsCommand({ Resources: [idOf(number)], Tags: [{ Key, Value }] }),
      ),
    untag: (number: number, Key: string) =>
      createClient(EC2Client).send(new DeleteTagsCommand({ Resources: [idOf(number)], Tags: [{ Key }] })),
    stateOf: (number: number) =>
      sample.instances().find(({ instanceId }) => instanceId === idOf(number))?.state,
  };
}

export type Evening = Awaited<ReturnType<typeof openEvening>>;

type Watched = { middlewareStack: { add: EC2Client['middlewareStack']['add'] } };

function watch(client: unknown, sent: Event[], faults: Fault[]): void {
  (client as Watched).middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        const command = String(commandName).replace(/Command$/, '');
        const fault = faults.find((each) => each.times > 0 && each.command.test(command));
        if (fault) fault.times -= 1;
        sent.push({ command, input: args.input as Event['input'] });
        if (fault && !fault.after) throw fault.error;
        const answer = await next(args);
        if (fault) throw fault.error;
        return answer;
      },
    // A client may live longer than one evening.
    { step: 'initialize', priority: 'high', name: 'watchEvening', override: true },
  );
}
