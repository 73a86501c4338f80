import {
  DescribeInstancesCommand,
  type EC2Client,
  StartInstancesCommand,
  StopInstancesCommand,
} from '@aws-sdk/client-ec2';
import { z } from 'zod';
import { inBatches } from '../batches.ts';
import type { ClearedStart, ClearedStop } from '../schedule/clearance.ts';
import type { Schedulable } from '../schedule/schedulable.ts';
import { type BatchChange, changeInBatches } from './change-in-batches.ts';
import type { Changed, ChangeOutcome } from './change-outcome.ts';
import { type Clock, type Pace, pacedCall } from './paced-call.ts';
import { untilThrottled } from './throttling.ts';
import { sharedBucket, type TokenRate } from './token-bucket.ts';

/** What became of one thing that was to be stopped or started. */
export type PowerOutcome = Changed & {
  /** Of one that was to hibernate and is down: whether it did, or was stopped, as what can't hibernate may be. */
  hibernated?: boolean;
};

export type PowerOptions = {
  /** Instances a call, at most 1,000. */
  chunkSize?: number;
  /** Calls a second to each API of an account and region, and how many at once before that; as many as AWS publishes. */
  callsPerSecond?: number | undefined;
  burst?: number | undefined;
  /** Whether what AWS can't hibernate is stopped; else it is refused. */
  hibernateFallback?: boolean;
  /** Milliseconds this run has left; below ten seconds the rest is left to the next run. */
  remainingMs?: () => number;
  clock?: Clock | undefined;
};

/** Stops instances that the last gate has cleared; the only caller of StopInstances. */
export async function stopInstances(
  client: EC2Client,
  stops: readonly ClearedStop[],
  options: PowerOptions = {},
): Promise<PowerOutcome[]> {
  const stop = (Hibernate: boolean, some: readonly { subject: Schedulable }[]) =>
    changePower(client, some, options, {
      api: 'StopInstances',
      callRate: { burst: 50, perSecond: 5 },
      resourceRate: { burst: 1000, perSecond: 20 },
      send: (InstanceIds) =>
        client.send(
          untilThrottled(
            new StopInstancesCommand({ InstanceIds, ...(Hibernate && { Hibernate }) }),
            ofAnInstance,
          ),
        ),
      reached: ['stopping', 'stopped'],
      notYet: ['pending'],
    });
  const wishes = stops.filter(({ hibernate }) => hibernate);
  const hibernated = await stop(true, wishes);
  const { hibernateFallback = true } = options;
  const unable = new Set(hibernated.filter((each) => hibernateFallback && isUnable(each)).map(idOf));
  const fallBacks = wishes.filter(({ subject }) => unable.has(subject.id));
  const stopped = await stop(false, [...stops.filter(({ hibernate }) => !hibernate), ...fallBacks]);
  return [
    ...hibernated.filter((each) => !unable.has(idOf(each))).map((each) => told(each, true)),
    ...stopped.map((each) => (unable.has(idOf(each)) ? told(each, false) : each)),
  ];
}

const idOf = ({ id }: PowerOutcome): string => id;

const isUnable = ({ outcome, code, message = '' }: PowerOutcome): boolean =>
  outcome === 'refused' && (code === 'UnsupportedHibernationConfiguration' || /hibernat/i.test(message));

const told = (outcome: PowerOutcome, hibernated: boolean): PowerOutcome =>
  outcome.outcome === 'done' ? { ...outcome, hibernated } : outcome;

/**
 * Starts instances that the last gate has cleared; the only caller of StartInstances. As careful as the stop. Each type by
 * itself, for EC2 runs out of capacity by type: once three in a row were refused for that, no other is asked for alone.
 */
export async function startInstances(
  client: EC2Client,
  starts: readonly ClearedStart[],
  options: PowerOptions = {},
): Promise<PowerOutcome[]> {
  const outcomes: PowerOutcome[] = [];
  for (const some of Map.groupBy(starts, ({ subject }) => subject.type).values()) {
    outcomes.push(...(await changePower(client, some, options, starting(client))));
  }
  return outcomes;
}

const starting = (client: EC2Client): PowerChange => ({
  api: 'StartInstances',
  callRate: { burst: 5, perSecond: 2 },
  resourceRate: { burst: 1000, perSecond: 2 },
  send: (InstanceIds) =>
    client.send(untilThrottled(new StartInstancesCommand({ InstanceIds }), ofAnInstance)),
  reached: ['pending', 'running'],
  notYet: ['stopping'],
});

type PowerChange = {
  api: string;
  /** Calls, and instances in them, that EC2 lets an account make in a region by default (EC2, "Request throttling"). */
  callRate: TokenRate;
  resourceRate: TokenRate;
  send: (ids: string[]) => Promise<unknown>;
  /** States in which nothing is left to do, and from which AWS doesn't take it there yet. */
  reached: readonly string[];
  notYet: readonly string[];
};

/** Something has run out, for others of its type too. */
const ofScarcity = new Set([
  'InsufficientInstanceCapacity',
  'InsufficientHostCapacity',
  'InsufficientReservedInstanceCapacity',
  'InstanceLimitExceeded',
  'VcpuLimitExceeded',
]);

/** Errors that speak of single instances of a batch. Every other error speaks of the call. */
const ofAnInstance = new Set([
  ...ofScarcity,
  'IncorrectInstanceState',
  'IncorrectState',
  'OperationNotPermitted',
  'UnsupportedOperation',
  'UnsupportedHibernationConfiguration',
  'InvalidInstanceID',
  'InvalidInstanceID.NotFound',
  'InvalidInstanceID.Malformed',
  'IncorrectSpotRequestState',
]);

async function changePower(
  client: EC2Client,
  cleared: readonly { subject: Schedulable }[],
  options: PowerOptions,
  change: PowerChange,
): Promise<PowerOutcome[]> {
  const [first] = cleared;
  if (!first) return [];
  const { account, region } = first.subject; // one client is one account in one region
  const { chunkSize = 100, remainingMs, clock } = options;
  const { callsPerSecond: perSecond = change.callRate.perSecond, burst = change.callRate.burst } = options;
  const waits = { remainingMs, clock };
  const shared = (api: string, rate: TokenRate) => sharedBucket({ account, region, api }, rate);
  const pace: Pace = {
    calls: shared(change.api, { burst, perSecond }),
    resources: shared(`${change.api} by instance`, change.resourceRate),
    ...waits,
  };
  // What a call has done has to be known, be it late.
  const describing: Pace = { calls: shared('DescribeInstances', describeRate), ...waits, reserveMs: 4_000 };
  const batchChange: BatchChange = {
    send: change.send,
    ofOne: ofAnInstance,
    ofScarcity,
    idsIn: (message) => new Set(message.match(/\bi-[0-9a-f]+\b/g)),
    outcomesOf: async (ids) => outcomesBy(await currentStates(client, ids, describing), ids, change),
  };
  const ids = cleared.map(({ subject }) => subject.id);
  return changeInBatches(ids, batchChange, chunkSize, pace);
}

/** EC2's published default for paginated and filtered describes (EC2, "Request throttling"). */
const describeRate: TokenRate = { burst: 100, perSecond: 20 };

/** What the states of instances settle; what is still to be done is absent. */
function outcomesBy(
  states: ReadonlyMap<string, string>,
  ids: readonly string[],
  change: PowerChange,
): Map<string, ChangeOutcome> {
  return new Map(
    ids.flatMap((id) => {
      const outcome = outcomeBy(states.get(id), id, change);
      return outcome ? [[id, outcome] as const] : [];
    }),
  );
}

function outcomeBy(
  state: string | undefined,
  id: string,
  { reached, notYet }: PowerChange,
): ChangeOutcome | undefined {
  if (state === undefined) {
    return { outcome: 'gone', code: 'InvalidInstanceID.NotFound', message: `EC2 lists no instance '${id}'` };
  }
  if (reached.includes(state)) return { outcome: 'done' };
  const problem = { code: 'IncorrectInstanceState', message: `The instance '${id}' is ${state}` };
  if (state === 'shutting-down' || state === 'terminated') return { outcome: 'gone', ...problem };
  return notYet.includes(state) ? { outcome: 'left', ...problem } : undefined;
}

const described = z.object({
  Reservations: z
    .array(
      z.object({
        Instances: z.array(z.object({ InstanceId: z.string(), State: z.object({ Name: z.string() }) })),
      }),
    )
    .default([]),
  NextToken: z.string().optional(),
});

/**
 * By filter and not by id: one id that is gone must not hide the others. A filter takes 200 values. Throws where EC2
 * doesn't tell all of it.
 */
async function currentStates(
  client: EC2Client,
  ids: readonly string[],
  pace: Pace,
): Promise<Map<string, string>> {
  const states = new Map<string, string>();
  for (const Values of inBatches(ids, 200)) {
    let NextToken: string | undefined;
    do {
      const Filters = [{ Name: 'instance-id', Values }];
      const command = new DescribeInstancesCommand({ Filters, MaxResults: 1000, NextToken });
      const called = await pacedCall(() => client.send(untilThrottled(command)), pace);
      if (!('answer' in called)) throw called.error ?? new Error('No time is left to ask for the states.');
      const page = described.parse(called.answer);
      for (const { InstanceId, State } of page.Reservations.flatMap(({ Instances }) => Instances)) {
        states.set(InstanceId, State.Name);
      }
      NextToken = page.NextToken;
    } while (NextToken);
  }
  return states;
}
