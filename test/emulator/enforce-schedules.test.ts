import { DeleteTagsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createClient } from '../../shared/aws/client.ts';
import { getInstances } from '../../shared/aws/ec2.ts';
import { readMeter, resetMeter } from '../../shared/aws/meter.ts';
import { scopeFor } from '../../shared/aws/sts.ts';
import { parseConfig } from '../../shared/config.ts';
import { addMilliseconds, type IsoTime } from '../../shared/period.ts';
import { storeRates } from '../../shared/store/prices.ts';
import type { Table } from '../../shared/store/table.ts';
import type { Target } from '../../shared/target.ts';
import { enforceSchedules } from '../../shared/watch/enforce-schedules.ts';
import { instanceClients } from '../../shared/watch/instance-clients.ts';
import {
  createQueue,
  createTable,
  createTopic,
  emptyEmulator,
  evening,
  gpuData,
  launch,
  mlDevIreland,
  mlDevVirginia,
  mlProd,
  paid,
  putMetrics,
  quietHostData,
  takeAll,
} from './emulator.ts';
import { deliverByMail, enforceAt } from './enforcing.ts';

const config = parseConfig({ enforce: true, protect: { accounts: [mlProd.account] } });
const hours = 'Mon-Sun 08:00-19:00 UTC; start';
const afterGrace = addMilliseconds(evening, 20 * 60_000);
const later = addMilliseconds(evening, 30 * 60_000);
const nextMorning = addMilliseconds(evening, 11 * 60 * 60_000);

let table: Table;
let queue: Awaited<ReturnType<typeof createQueue>>;
let topic: Awaited<ReturnType<typeof createTopic>>;
const ids: Record<string, string> = {};

async function start(name: string, where: Target, tags: Record<string, string>, percent?: number) {
  const id = await launch(where, 'g5g.xlarge', { Name: name, ...tags });
  ids[name] = id;
  await putMetrics(where, 'AWS/EC2', quietHostData(id, { end: later, hours: 2 }));
  if (percent !== undefined) {
    await putMetrics(where, 'CWAgent', gpuData(id, 0, percent, { end: later, hours: 2 }));
  }
}

beforeAll(async () => {
  await emptyEmulator();
  table = await createTable('watchdog');
  await storeRates(table, [paid('eu-west-1'), paid('us-east-1')], evening);
  queue = await createQueue('alerts');
  topic = await createTopic('alerts');
  await start('idle-ireland', mlDevIreland, { 'auto-stop': hours }, 0);
  await start('idle-virginia', mlDevVirginia, { 'auto-stop': hours }, 0);
  await start('idle-untagged-in-time', mlDevIreland, { 'auto-stop': hours }, 0);
  await start('training', mlDevIreland, { 'auto-stop': hours }, 92);
  await start('silent', mlDevIreland, { 'auto-stop': hours });
  await start('production', mlDevIreland, { 'auto-stop': hours, environment: 'production' }, 0);
  await start('ignored', mlDevIreland, { 'auto-stop': 'off' }, 0);
  await start('not-opted-in', mlDevIreland, {}, 0);
  await start('protected-account', mlProd, { 'auto-stop': hours }, 0);
});

const everywhere = [mlDevIreland, mlDevVirginia, mlProd];

/** One run over every target, as the sweep makes it. */
async function run(time: IsoTime) {
  const passes = [];
  for (const target of everywhere) {
    passes.push(await enforceAt(table, target, config, time));
  }
  return passes;
}

/** Sends what waits, by mail; the kinds of alerts that went out. */
async function deliver(): Promise<string[]> {
  await deliverByMail(table, config, queue, topic);
  const mails = await takeAll(topic.inbox);
  return mails.map(
    (mail) => z.object({ MessageAttributes: kind }).parse(JSON.parse(mail)).MessageAttributes.kind.Value,
  );
}

const kind = z.object({ kind: z.object({ Value: z.string() }) });

/** The names of the instances in that state, in all accounts. */
async function namesIn(state: 'running' | 'stopped'): Promise<string[]> {
  const found = await Promise.all(
    everywhere.map((target) =>
      getInstances(createClient(EC2Client, scopeFor(target)), target, { states: [state] }),
    ),
  );
  return found.flatMap((instances) => instances.map(({ tags }) => tags['Name'] ?? '')).toSorted();
}

/** Takes the opt-in tag off an instance as soon as EC2 has described it to `client` for the first time. */
function untagOnceDescribed(client: EC2Client, target: Target, instanceId: string): void {
  let isDescribed = false;
  client.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        const answer = await next(args);
        if (commandName !== 'DescribeInstancesCommand' || isDescribed) return answer;
        isDescribed = true;
        const untag = new DeleteTagsCommand({ Resources: [instanceId], Tags: [{ Key: 'auto-stop' }] });
        await createClient(EC2Client, scopeFor(target)).send(untag);
        return answer;
      },
    { step: 'initialize' },
  );
}

const everybody = () => Object.keys(ids).toSorted();
const everybodyBut = (...names: string[]) => everybody().filter((name) => !names.includes(name));

// One evening in its order: each test goes on from where the one before it ended.
describe('an evening, from the warning to the next morning', () => {
  it('observes without stopping, starting or tagging anything', async () => {
    resetMeter();
    const context = { remainingMs: () => 60_000, arrivedAt: evening };
    const observing = { ...config, enforce: false };
    const clients = { ...instanceClients(mlDevVirginia), table: await createTable('observing') };
    const { warned, stopped } = await enforceSchedules(clients, mlDevVirginia, observing, evening, context);
    expect({ warned, stopped }).toEqual({ warned: [ids['idle-virginia']], stopped: [] });
    expect(Object.keys(readMeter().calls).filter((call) => /^EC2:(?!Describe)/.test(call))).toEqual([]);
  });

  it('warns of the idle ones out of hours, in both regions, and stops nothing yet', async () => {
    const passes = await run(evening);
    expect(passes.flatMap(({ warned }) => warned).toSorted()).toEqual(
      [ids['idle-ireland'], ids['idle-untagged-in-time'], ids['idle-virginia']].toSorted(),
    );
    expect(await namesIn('running')).toEqual(everybody());
  });

  it('stops nothing after the grace period while the warning has reached nobody', async () => {
    const passes = await run(afterGrace);
    expect(passes.flatMap(({ stopped }) => stopped)).toEqual([]);
    expect(await namesIn('running')).toEqual(everybody());
    expect(await deliver()).toEqual(['stop-warning', 'stop-warning']); // one a target
  });

  it('stops the right ones, once though two runs meet, and leaves one whose tag was taken off meanwhile', async () => {
    untagOnceDescribed(instanceClients(mlDevIreland).ec2, mlDevIreland, ids['idle-untagged-in-time'] ?? '');
    resetMeter();
    const passes = (await Promise.all([run(later), run(later)])).flat();
    expect(passes.flatMap(({ stopped }) => stopped.map(({ id }) => id)).toSorted()).toEqual(
      [ids['idle-ireland'], ids['idle-virginia']].toSorted(),
    );
    expect(readMeter().calls['EC2:StopInstances']).toBe(2); // one a region
    expect(await namesIn('stopped')).toEqual(['idle-ireland', 'idle-virginia']);
    expect(await namesIn('running')).toEqual(everybodyBut('idle-ireland', 'idle-virginia'));
    expect(await deliver()).toEqual(['stop-result', 'stop-result']);
  });

  it('does and tells nothing more when the same event comes again', async () => {
    resetMeter();
    const passes = await run(later);
    expect(passes.flatMap(({ stopped, warned }) => [...stopped, ...warned])).toEqual([]);
    expect(readMeter().calls['EC2:StopInstances']).toBeUndefined();
    expect(await deliver()).toEqual([]);
  });

  it('starts in the morning what it stopped in the evening', async () => {
    const passes = await run(nextMorning);
    expect(passes.flatMap(({ started }) => started.map(({ id }) => id)).toSorted()).toEqual(
      [ids['idle-ireland'], ids['idle-virginia']].toSorted(),
    );
    expect(await namesIn('running')).toEqual(everybody());
  });
});
