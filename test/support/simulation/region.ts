import { AsyncLocalStorage } from 'node:async_hooks';
import { createHash } from 'node:crypto';
import { CloudWatchClient, type GetMetricDataCommandInput } from '@aws-sdk/client-cloudwatch';
import { EC2Client } from '@aws-sdk/client-ec2';
import { PricingClient } from '@aws-sdk/client-pricing';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { Pluggable } from '@smithy/types';
import { awsError } from '../../../cli/sample/sample.ts';
import { alertSchema } from '../../../shared/alert/alert.ts';
import { addClientPlugin, createClient } from '../../../shared/aws/client.ts';
import { callName } from '../../../shared/aws/meter.ts';
import { resetBuckets } from '../../../shared/aws/token-bucket.ts';
import type { Config } from '../../../shared/config.ts';
import { parseConfig } from '../../../shared/config.ts';
import { toTime } from '../../../shared/period.ts';
import { flushOutbox } from '../../../shared/store/outbox.ts';
import { openTable } from '../../../shared/store/table.ts';
import { type Enforced, enforceSchedules } from '../../../shared/watch/enforce-schedules.ts';
import { notify } from '../../../shared/watch/notify.ts';
import type { Outlet } from '../../../shared/watch/outlets.ts';
import { virtualClock } from '../clock.ts';
import { describeInstances, describeSpotRequests, instanceTypes, listMetrics } from './described.ts';
import { type Machine, start, stateOf, stop } from './machine.ts';
import { metricData } from './measured.ts';
import { memoryTable } from './memory-table.ts';

export const target = { account: '210987654321', region: 'eu-west-1', accountName: 'ml-dev' };

/** One run of the watch: the time of its event, and with what configuration. */
export type Sweep = {
  time: number;
  config: Config;
  callsLeft: number;
  /** The instances of which CloudWatch did not answer it. */
  blind: Set<string>;
  /** How many it has asked EC2 to stop. */
  stops: number;
};

/** What goes wrong with a call: the `skip`th of that name and the `times` - 1 after it. */
export type Fault = {
  call: RegExp;
  code: string;
  message?: string;
  skip?: number;
  times?: number;
  /** `after`: it takes effect, and only its answer is lost; `part`: the first half of its instances change. */
  effect?: 'none' | 'after' | 'part';
  /** Only where the call names this instance, which its message names too where it says so. */
  instance?: string;
};

type Hooks = {
  /** Right before an instance is changed: the sweep that asked, and what it asked for. */
  onPower?: (machine: Machine, action: 'stop' | 'start', sweep: Sweep, hibernate: boolean) => void;
  /** Whatever else happens while a run is at work, before it reads the tags again. */
  meanwhile?: () => void;
};

/**
 * One account and region in this process, behind the SDK's own clients: what EC2, CloudWatch, SQS and DynamoDB answer
 * of these machines at `clock.now`. Calls of several runs take turns.
 */
export function openRegion(machines: Machine[], hooks: Hooks = {}) {
  const clock = { now: 0 };
  const pace = virtualClock();
  resetBuckets();
  const faults: Fault[] = [];
  const table = memoryTable();
  const sweeps = new AsyncLocalStorage<Sweep>();
  const queue: { messageId: string; body: string; receiveCount: number }[] = [];
  const byId = new Map(machines.map((machine) => [machine.id, machine]));
  let sent = 0;

  const named = (ids: readonly string[] = []): Machine[] =>
    ids.map((id) => {
      const machine = byId.get(id);
      if (!machine || stateOf(machine, clock.now) === undefined) {
        throw awsError('InvalidInstanceID.NotFound', `The instance ID '${id}' does not exist`);
      }
      return machine;
    });

  function change(action: 'stop' | 'start', { InstanceIds, Hibernate = false }: PowerInput): object {
    const sweep = sweeps.getStore();
    const asked = named(InstanceIds);
    for (const machine of asked) if (sweep) hooks.onPower?.(machine, action, sweep, Hibernate);
    for (const machine of asked) refuse(machine, action, Hibernate, clock.now);
    for (const machine of asked) {
      if (action === 'stop') stop(machine, clock.now, 'watchdog');
      else if (stateOf(machine, clock.now) === 'stopped') start(machine, clock.now, 'watchdog');
    }
    return {};
  }

  const answers: Readonly<Record<string, (input: never) => object>> = {
    'EC2:DescribeInstances': (input) => describeInstances(machines, clock.now, input),
    'EC2:DescribeInstanceTypes': () => ({ InstanceTypes: instanceTypes }),
    'EC2:DescribeSpotInstanceRequests': () => describeSpotRequests(machines),
    'EC2:DescribeInstanceAttribute': ({ InstanceId }: { InstanceId: string }) => {
      hooks.meanwhile?.();
      const [machine] = named([InstanceId]);
      return { DisableApiStop: { Value: machine?.protection === 'stop-protection' } };
    },
    'EC2:DescribeVolumes': () => ({ Volumes: [] }),
    'EC2:DescribeAddresses': () => ({ Addresses: [] }),
    'EC2:StopInstances': (input: PowerInput) => change('stop', input),
    'EC2:StartInstances': (input: PowerInput) => change('start', input),
    'CloudWatch:ListMetrics': (input) => listMetrics(machines, input),
    'CloudWatch:GetMetricData': (input) => {
      hooks.meanwhile?.();
      return metricData(byId, clock.now, input);
    },
    'Pricing:GetProducts': () => ({ PriceList: [] }),
    'ResourceGroupsTaggingAPI:GetResources': () => ({ ResourceTagMappingList: [] }),
    'SQS:SendMessageBatch': ({ Entries }: { Entries: { Id: string; MessageBody: string }[] }) => {
      for (const { MessageBody } of Entries) {
        queue.push({ messageId: `message-${sent++}`, body: MessageBody, receiveCount: 1 });
      }
      return {
        Successful: Entries.map(({ Id, MessageBody }) => ({
          Id,
          MD5OfMessageBody: createHash('md5').update(MessageBody).digest('hex'),
        })),
      };
    },
  };

  function answer(call: string, input: object): object {
    if (call.startsWith('DynamoDB')) return table.answer(call.slice(call.indexOf(':') + 1), input);
    const found = answers[call];
    if (!found) throw awsError('UnknownOperationException', `Nobody answers ${call}`);
    return found(input as never);
  }

  function answerWithFaults(call: string, input: object): object {
    const fault = faults.find((each) => isDue(each, call, input));
    if (!fault) return answer(call, input);
    const error = awsError(fault.code, fault.message ?? 'No.');
    for (const id of measuredIn(input as GetMetricDataCommandInput)) sweeps.getStore()?.blind.add(id);
    if (fault.effect === 'after') answer(call, input);
    if (fault.effect === 'part') {
      const ids = (input as PowerInput).InstanceIds ?? [];
      answer(call, { ...input, InstanceIds: ids.slice(0, Math.ceil(ids.length / 2)) });
    }
    throw error;
  }

  const closeClients = addClientPlugin((client) =>
    answerWith(client, async (call, input) => {
      const sweep = sweeps.getStore();
      if (sweep && sweep.callsLeft-- <= 0) throw new Error('killed');
      await null;
      return answerWithFaults(call, input);
    }),
  );
  const clients = {
    ec2: createClient(EC2Client),
    cloudWatch: createClient(CloudWatchClient),
    pricing: createClient(PricingClient, { region: 'us-east-1' }),
    table: openTable('watchdog'),
  };
  const sqs = createClient(SQSClient);

  return {
    clock,
    machines,
    faults,
    table,
    clients,
    /** Adds a machine to those that EC2 knows. */
    launch: (machine: Machine) => {
      machines.push(machine);
      byId.set(machine.id, machine);
    },
    remove: (machine: Machine) => {
      machines.splice(machines.indexOf(machine), 1);
      byId.delete(machine.id);
    },
    machine: (id: string) => byId.get(id),
    /** One run of the schedules at `clock.now`, by an event of `time`; with `callsLeft` it is killed after so many. */
    run: (
      config: Config,
      { time = clock.now, remainingMs = 300_000, callsLeft = Number.POSITIVE_INFINITY } = {},
    ): Promise<Enforced> => {
      const run = { arrivedAt: toTime(clock.now), remainingMs: () => remainingMs, clock: pace };
      return sweeps.run({ time, config, callsLeft, blind: new Set<string>(), stops: 0 }, () =>
        enforceSchedules(clients, target, config, toTime(time), run),
      );
    },
    /** Hands what was recorded to people; what their outlet doesn't take stays in the queue. */
    deliver: async (outlet: Outlet, copies = 1): Promise<void> => {
      await flushOutbox(clients.table, sqs, 'https://sqs.eu-west-1.amazonaws.com/210987654321/alerts');
      for (const message of queue.splice(0)) {
        for (let copy = 0; copy < copies; copy++) {
          const { messageId, body, receiveCount } = message;
          message.receiveCount += 1;
          const told = { body: alertSchema.parse(JSON.parse(body)), messageId, receiveCount };
          const teller = { table: clients.table, policy, hours, open: () => outlet };
          await notify(teller, told, toTime(clock.now)).catch(() => copy === 0 && queue.push(message));
        }
      }
    },
    close: closeClients,
  };
}

/** One destination, for whatever comes. */
const { alerts: policy, ...hours } = parseConfig({ alerts: { messagesPerHour: 1_000_000 } });

export type Region = ReturnType<typeof openRegion>;

type PowerInput = { InstanceIds?: string[]; Hibernate?: boolean };

/** The instances whose metrics a call asks for. */
const measuredIn = ({ MetricDataQueries = [] }: GetMetricDataCommandInput): string[] =>
  MetricDataQueries.flatMap(
    ({ MetricStat }) =>
      MetricStat?.Metric?.Dimensions?.find(({ Name }) => Name === 'InstanceId')?.Value ?? [],
  );

/** What EC2 refuses, the first of the instances that it can't change named in its error. */
function refuse(machine: Machine, action: 'stop' | 'start', hibernate: boolean, now: number): void {
  const state = stateOf(machine, now);
  const { id, protection, canHibernate } = machine;
  const possible = action === 'stop' ? ['running', 'stopping', 'stopped'] : ['stopped', 'pending', 'running'];
  if (!possible.includes(state ?? '')) {
    throw awsError('IncorrectInstanceState', `The instance '${id}' is not in a state for that.`);
  }
  if (action === 'start') return;
  if (protection === 'stop-protection') {
    throw awsError('OperationNotPermitted', `The instance '${id}' may not be stopped.`);
  }
  if (hibernate && !canHibernate) {
    throw awsError('UnsupportedHibernationConfiguration', `The instance '${id}' can not hibernate.`);
  }
}

function isDue(fault: Fault, call: string, input: object): boolean {
  if (!fault.call.test(call)) return false;
  if (fault.instance !== undefined) return !!(input as PowerInput).InstanceIds?.includes(fault.instance);
  if ((fault.skip ?? 0) > 0) {
    fault.skip = (fault.skip ?? 0) - 1;
    return false;
  }
  fault.times = (fault.times ?? 1) - 1;
  return fault.times >= 0;
}

/** DynamoDB's document client is answered before it turns documents into attributes; the others after all the rest. */
const answerWith = (
  client: unknown,
  answer: (call: string, input: object) => Promise<object>,
): Pluggable<object, object> => ({
  applyToStack: (stack) => {
    const isTable = (client as object).constructor.name.startsWith('DynamoDB');
    stack.add(
      (_, context) => async (args) => ({
        response: {},
        output: { $metadata: { attempts: 1 }, ...(await answer(callName(context), args.input)) },
      }),
      { step: 'initialize', name: 'answerFromRegion', priority: isTable ? 'high' : 'low' },
    );
  },
});
