import {
  DescribeInstancesCommand,
  type EC2Client,
  StartInstancesCommand,
  StopInstancesCommand,
} from '@aws-sdk/client-ec2';
import { z } from 'zod';
import { inBatches } from '../batches.ts';
import type { ClearedStart, ClearedStop } from '../schedule/clearance.ts';
import { errorCode } from './error.ts';

/** What became of one thing that was to be stopped or started. */
export type PowerOutcome = {
  id: string;
  /**
   * `left`: not tried, for want of time; the next run does it. `unknown`: it failed, and what came of it could not be
   * asked: it may have been done.
   */
  outcome: 'done' | 'refused' | 'failed' | 'left' | 'unknown';
  /** AWS's error code and message, where it refused or failed. */
  code?: string;
  message?: string;
};

export type PowerOptions = {
  /** Instances a call, at most 1,000. */
  chunkSize?: number;
  /** Milliseconds this run has left; below ten seconds the rest is left to the next run. */
  remainingMs?: () => number;
};

/**
 * Stops instances that the last gate has cleared; the only caller of StopInstances. One refused instance never
 * spoils the others: it is set aside by the id in the error, else found by halving. After any error the outcome is
 * what a fresh describe says, since what AWS does with the rest of a failed batch is undocumented; unknown where that
 * fails too. Throttling, authorisation and network errors fail the whole chunk and are never halved.
 */
export async function stopInstances(
  client: EC2Client,
  stops: readonly ClearedStop[],
  options: PowerOptions = {},
): Promise<PowerOutcome[]> {
  const ids = (hibernate: boolean) =>
    stops.filter((stop) => stop.hibernate === hibernate).map(({ subject }) => subject.id);
  const plain: Change = {
    send: (InstanceIds) => client.send(new StopInstancesCommand({ InstanceIds })),
    reached: ['stopping', 'stopped', 'shutting-down', 'terminated'],
  };
  const hibernation: Change = {
    ...plain,
    send: (InstanceIds) => client.send(new StopInstancesCommand({ InstanceIds, Hibernate: true })),
  };
  const hibernated = await changeAll(client, hibernation, ids(true), options);
  // Hibernation is a wish of its tag, the stop is not: what can't hibernate is stopped.
  const unable = hibernated.filter(({ code }) => code === 'UnsupportedHibernationConfiguration');
  const rest = await changeAll(client, plain, [...ids(false), ...unable.map(({ id }) => id)], options);
  return [...hibernated.filter((outcome) => !unable.includes(outcome)), ...rest];
}

/** Starts instances that the last gate has cleared; the only caller of StartInstances. As careful as the stop. */
export const startInstances = (
  client: EC2Client,
  starts: readonly ClearedStart[],
  options: PowerOptions = {},
): Promise<PowerOutcome[]> =>
  changeAll(
    client,
    {
      send: (InstanceIds) => client.send(new StartInstancesCommand({ InstanceIds })),
      reached: ['pending', 'running'],
    },
    starts.map(({ subject }) => subject.id),
    options,
  );

type Change = { send: (ids: string[]) => Promise<unknown>; reached: readonly string[] };

/** Errors that speak of single instances of a batch. Every other error speaks of the call. */
const ofAnInstance = new Set([
  'IncorrectInstanceState',
  'IncorrectState',
  'OperationNotPermitted',
  'UnsupportedOperation',
  'UnsupportedHibernationConfiguration',
  'InvalidInstanceID',
  'InvalidInstanceID.NotFound',
  'InvalidInstanceID.Malformed',
  'InsufficientInstanceCapacity',
  'InsufficientHostCapacity',
  'InsufficientReservedInstanceCapacity',
  'IncorrectSpotRequestState',
  'InstanceLimitExceeded',
  'VcpuLimitExceeded',
]);

const enoughMs = 10_000;

async function changeAll(
  client: EC2Client,
  change: Change,
  instanceIds: readonly string[],
  { chunkSize = 100, remainingMs = () => Number.POSITIVE_INFINITY }: PowerOptions,
): Promise<PowerOutcome[]> {
  const outcomes: PowerOutcome[] = [];
  const waiting = inBatches(instanceIds, chunkSize);
  for (let chunk = waiting.shift(); chunk; chunk = waiting.shift()) {
    if (remainingMs() < enoughMs) {
      outcomes.push(...chunk.map((id) => ({ id, outcome: 'left' as const })));
      continue;
    }
    const { settled, again } = await changeChunk(client, change, chunk);
    outcomes.push(...settled);
    waiting.unshift(...again);
  }
  return outcomes;
}

/** One call, and what follows from its error: what is settled, and which smaller batches to try again. */
async function changeChunk(
  client: EC2Client,
  change: Change,
  chunk: readonly string[],
): Promise<{ settled: PowerOutcome[]; again: string[][] }> {
  try {
    await change.send([...chunk]);
    return { settled: chunk.map((id) => ({ id, outcome: 'done' })), again: [] };
  } catch (error) {
    return afterError(client, change, chunk, error);
  }
}

async function afterError(client: EC2Client, change: Change, chunk: readonly string[], error: unknown) {
  const problem = { code: errorCode(error), message: error instanceof Error ? error.message : String(error) };
  const states = await currentStates(client, chunk).catch(() => undefined);
  if (states === undefined) {
    return { settled: chunk.map((id) => ({ id, outcome: 'unknown' as const, ...problem })), again: [] };
  }
  const isDone = (id: string) => change.reached.includes(states.get(id) ?? '');
  const done = chunk.filter(isDone).map((id) => ({ id, outcome: 'done' as const }));
  const open = chunk.filter((id) => !isDone(id));
  const settle = (ids: readonly string[], outcome: 'refused' | 'failed') =>
    ids.map((id): PowerOutcome => ({ id, outcome, ...problem }));

  if (!ofAnInstance.has(problem.code)) return { settled: [...done, ...settle(open, 'failed')], again: [] };
  const named = open.filter((id) => problem.message.includes(id));
  if (named.length > 0) {
    const others = open.filter((id) => !named.includes(id));
    return { settled: [...done, ...settle(named, 'refused')], again: others.length > 0 ? [others] : [] };
  }
  if (open.length <= 1) return { settled: [...done, ...settle(open, 'refused')], again: [] };
  return { settled: done, again: inBatches(open, Math.ceil(open.length / 2)) };
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

/** By filter and not by id: one id that is gone must not hide the others. A filter takes 200 values. */
async function currentStates(client: EC2Client, ids: readonly string[]): Promise<Map<string, string>> {
  const states = new Map<string, string>();
  for (const Values of inBatches(ids, 200)) {
    let NextToken: string | undefined;
    do {
      const page = described.parse(
        await client.send(
          new DescribeInstancesCommand({
            Filters: [{ Name: 'instance-id', Values }],
            MaxResults: 1000,
            NextToken,
          }),
        ),
      );
      for (const { InstanceId, State } of page.Reservations.flatMap(({ Instances }) => Instances)) {
        states.set(InstanceId, State.Name);
      }
      NextToken = page.NextToken;
    } while (NextToken);
  }
  return states;
}
