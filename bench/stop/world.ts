import type { EC2Client } from '@aws-sdk/client-ec2';
import { readMeter, resetMeter } from '../../shared/aws/meter.ts';
import { virtualClock } from '../../test/support/clock.ts';
import type { Bad } from './bad.ts';
import { ways } from './ways.ts';

/** An account with instances that are due to be stopped, and others that are not. */
export type World = {
  client: EC2Client;
  due: readonly string[];
  bad: readonly Bad[];
  /** The ids of all instances that are stopped, or on their way. */
  down: () => Promise<string[]>;
  close: () => Promise<void>;
};

export type Run = {
  way: string;
  /** Share of those that could be stopped, 0 to 1. */
  stopped: number;
  /** Down, and not to be stopped. */
  wrongStops: number;
  /** Told to be down and up, or the other way round. */
  wrongTold: number;
  stopCalls: number;
  describeCalls: number;
  seconds: number;
  /** What the rates that AWS publishes make one wait. */
  waitedSeconds: number;
};

/** Each way in turn, in a world of its own. */
export async function runWays(open: () => Promise<World>): Promise<Run[]> {
  const runs: Run[] = [];
  for (const way of Object.keys(ways)) {
    const world = await open();
    try {
      runs.push(await runWay(way, world));
    } finally {
      await world.close();
    }
  }
  return runs;
}

async function runWay(way: string, { client, due, bad, down }: World): Promise<Run> {
  const clock = virtualClock(0.5);
  resetMeter();
  const start = performance.now();
  const told = new Set(await ways[way]?.(client, due, clock));
  const seconds = (performance.now() - start) / 1000;
  const { calls } = readMeter();
  const isBad = new Set(bad.map(({ id }) => id));
  const stoppable = new Set(due.filter((id) => !isBad.has(id)));
  const stopped = new Set(await down());
  return {
    way,
    stopped: stoppable.intersection(stopped).size / stoppable.size,
    wrongStops: stopped.difference(stoppable).size,
    wrongTold: told.symmetricDifference(stopped).size,
    stopCalls: calls['EC2:StopInstances'] ?? 0,
    describeCalls: calls['EC2:DescribeInstances'] ?? 0,
    seconds,
    waitedSeconds: clock.now() / 1000,
  };
}
