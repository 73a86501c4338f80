import { SQSClient } from '@aws-sdk/client-sqs';
import {
  drainQueue,
  type FunctionName,
  readEvent,
  runFunction,
  sampleEventFile,
} from '../../cli/local-runtime.ts';
import { openSampleAccount } from '../../cli/sample/account.ts';
import { hexOf, noise, seedOf } from '../../cli/sample/noise.ts';
import { parseWorld, readSampleWorld } from '../../cli/sample/world.ts';
import { createClient } from '../../shared/aws/client.ts';
import { readMeter, resetMeter } from '../../shared/aws/meter.ts';
import { addMilliseconds, type IsoTime } from '../../shared/period.ts';
import { flushOutbox } from '../../shared/store/outbox.ts';
import { openTable } from '../../shared/store/table.ts';
import { enforceSchedules } from '../../shared/watch/enforce-schedules.ts';
import { instanceClients } from '../../shared/watch/instance-clients.ts';

/** An account in one region, and how many of its instances are what. */
export type Fleet = { instances: number; optedIn: number; accelerators: number };

/** What one function did in a day: how often it ran, for how long here, and what its calls cost in dollars. */
export type Use = {
  runs: number;
  seconds: number;
  cost: number;
  calls: Map<string, number>;
  /** Metrics that CloudWatch was asked for, which is what it charges. */
  metrics: number;
  /** DescribeInstances calls up to the last run. */
  describes?: number;
};

/** By function, or by what stands for one. */
export type Day = Map<string, Use>;

const start: IsoTime = '2026-11-17T12:00:00Z'; // a Tuesday's noon: one evening, and one morning
const ticks = 288;
const account = '210987654321';
const home = { account, region: 'eu-west-1' };

function worldOf({ instances, optedIn, accelerators }: Fleet) {
  const { regions, types } = readSampleWorld();
  const made = Array.from({ length: instances }, (_, index) => {
    const id = `i-${hexOf(`self-cost ${index}`, 17)}`;
    const worksLate = noise(seedOf(id), 1) < 0.2;
    return {
      id,
      type:
        index % Math.max(1, Math.round(instances / Math.max(1, accelerators))) === 0 && accelerators > 0
          ? 'g5.xlarge'
          : 'm6i.xlarge',
      name: `dev-${index}`,
      tags: {
        team: `team-${index % 20}`,
        owner: `owner-${index % 20}`,
        ...(index < optedIn && { 'auto-stop': 'Mon-Fri 08:00-19:00 Europe/Berlin; start' }),
        'auto-stop:instance-store': 'discard',
      },
      launched: '2026-03-02T07:00:00Z', // long ago: a fleet that is new to the bill is an incident of its own
      gpu: worksLate ? 80 : 0,
      cpu: worksLate ? 40 : 1,
    };
  });
  return parseWorld({
    now: start,
    accounts: [{ id: account, name: 'ml-dev', payer: true }],
    regions,
    costAllocationTags: [],
    types,
    instances: { 'ml-dev': { 'eu-west-1': made } },
  });
}

/**
 * One day of a stack that watches one account in one region: every function by the events that wake it, in the sample
 * account's process, each call counted. With `plainly` the schedules' pass visits with each event, as it would without
 * a next visit.
 */
export async function playDay(fleet: Fleet, { plainly = false, enforceOnly = false } = {}): Promise<Day> {
  const sample = await openSampleAccount({ now: start, world: worldOf(fleet) });
  const config = {
    enforce: true,
    timeZone: 'Europe/Berlin',
    stop: { maxStops: 5000, maxSweepStops: 5000, maxShare: 1 },
  };
  process.env['WATCHDOG_CONFIG'] = JSON.stringify(config);
  process.env['POWERTOOLS_LOG_LEVEL'] = 'SILENT';
  const day: Day = new Map();
  const url = sample.env['ALERT_QUEUE_URL'] ?? '';
  const wake = async (name: FunctionName, time: IsoTime, file: string) => {
    const event = (await readEvent(sampleEventFile(file))) as object;
    await counted(day, name, () => runFunction(name, { ...event, time }, time));
  };
  // The first bill ever is months of it; every later one is a day's.
  if (!enforceOnly) {
    const yesterday = addMilliseconds(start, -6 * 3_600_000);
    sample.setNow(yesterday);
    const event = (await readEvent(sampleEventFile('watch-spend.json'))) as object;
    await runFunction('watch-spend', { ...event, time: yesterday }, yesterday);
  }
  for (let tick = 0; tick < ticks; tick += 1) {
    const time = addMilliseconds(start, tick * 300_000);
    sample.setNow(time);
    const before = new Map(sample.instances().map(({ instanceId, state }) => [instanceId, state]));
    const earlier = { ...day.get('enforce-schedules') };
    if (plainly) await counted(day, 'enforce-schedules', () => plainPass(time));
    else await wake('enforce-schedules', time, 'enforce-schedules.json');
    noteVisit(day, earlier);
    for (const name of enforceOnly ? [] : dueAt(tick)) await wake(name, time, `${name}.json`);
    const waiting = sample.queues.remaining(url);
    if (waiting > 0) {
      const use = await counted(day, 'notify', () => drainQueue(sample, url, 'notify'));
      use.cost += (waiting * 3 * 0.4) / 1e6; // sent, received, deleted: SQS takes each for a request
    }
    const changed = sample.instances().filter(({ instanceId, state }) => before.get(instanceId) !== state);
    if (!plainly) {
      for (const { instanceId } of changed.slice(0, 1)) {
        // One of them stands for all: the same update each.
        const event = (await readEvent(sampleEventFile('ec2-state-change.json'))) as object;
        const detail = { 'instance-id': instanceId, state: 'stopped' };
        const own = { ...event, ...home, time, detail };
        const use = await counted(day, 'wake-schedules', () => runFunction('wake-schedules', own, time));
        use.runs += changed.length - 1;
        use.cost += ((changed.length - 1) * 0.625) / 1e6;
      }
    }
  }
  await sample.close();
  return day;

  async function plainPass(time: IsoTime): Promise<void> {
    const { parseConfig } = await import('../../shared/config.ts');
    const table = openTable('watchdog');
    const run = { remainingMs: () => 240_000, arrivedAt: time };
    await enforceSchedules({ ...instanceClients(home), table }, home, parseConfig(config), time, run);
    await flushOutbox(table, createClient(SQSClient), url);
  }
}

/** Of the runs those that visited the target: what an organisation pays for each of its targets. */
function noteVisit(day: Day, before: Partial<Use>): void {
  const after = day.get('enforce-schedules');
  if (after === undefined) return;
  const isVisit = (after.calls.get('EC2:DescribeInstances') ?? 0) > (after.describes ?? 0);
  after.describes = after.calls.get('EC2:DescribeInstances') ?? 0;
  if (!isVisit) return;
  const visits = day.get(visitsName) ?? emptyUse();
  visits.runs += 1;
  visits.seconds += after.seconds - (before.seconds ?? 0);
  visits.cost += after.cost - (before.cost ?? 0);
  day.set(visitsName, visits);
}

/** No function: the runs that visited. */
export const visitsName = 'visits';

const emptyUse = (): Use => ({ runs: 0, seconds: 0, cost: 0, calls: new Map(), metrics: 0 });

async function counted(day: Day, name: string, run: () => Promise<unknown>): Promise<Use> {
  const use = day.get(name) ?? emptyUse();
  day.set(name, use);
  resetMeter();
  const began = performance.now();
  await run();
  use.runs += 1;
  use.seconds += (performance.now() - began) / 1000;
  const { calls, cost, metricQueries } = readMeter();
  use.metrics += metricQueries;
  use.cost += cost;
  for (const [call, count] of Object.entries(calls)) use.calls.set(call, (use.calls.get(call) ?? 0) + count);
  return use;
}

/** What else the stack's schedules wake at that tick: every time, hourly, and once a day at 06:00. */
const dueAt = (tick: number): FunctionName[] => [
  'follow-up-alerts',
  ...(tick % 12 === 0 ? (['watch-utilization'] as const) : []),
  ...(tick % 12 === 1 ? (['send-digests'] as const) : []),
  ...(tick === 216 ? (['watch-spend'] as const) : []),
];
