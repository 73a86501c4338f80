import { EC2Client, TerminateInstancesCommand } from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createClient } from '../../shared/aws/client.ts';
import { getInstances } from '../../shared/aws/ec2.ts';
import { readMeter, resetMeter } from '../../shared/aws/meter.ts';
import { type PowerOptions, startInstances, stopInstances } from '../../shared/aws/power.ts';
import { scopeFor } from '../../shared/aws/sts.ts';
import { resetBuckets } from '../../shared/aws/token-bucket.ts';
import { clearedStarts, clearedStops } from '../support/cleared.ts';
import { virtualClock } from '../support/clock.ts';
import { emptyEmulator, launchMany, mlDevIreland } from './emulator.ts';
import { type Fault, type FaultProxy, startFaultProxy } from './fault-proxy.ts';

let proxy: FaultProxy;
let clock: ReturnType<typeof virtualClock>;
let fifty: string[];

beforeAll(async () => {
  proxy = await startFaultProxy(process.env['AWS_ENDPOINT_URL'] ?? '');
});

afterAll(() => proxy.close());

beforeEach(async () => {
  proxy.setFaults([]);
  await emptyEmulator();
  fifty = await launchMany(mlDevIreland, 'm5.large', 50);
  resetBuckets();
  clock = virtualClock();
});

const client = () => createClient(EC2Client, scopeFor(mlDevIreland));
const fault = (code: Fault['code'], index: number, options: Partial<Fault> = {}): Fault => ({
  code,
  ids: new Set([fifty[index] ?? '']),
  ...options,
});

/** With these faults from now on. */
function stop(faults: readonly Fault[], options: PowerOptions = {}, { hibernate = false } = {}) {
  proxy.setFaults(faults);
  resetMeter();
  return stopInstances(client(), clearedStops(fifty, { hibernate }), { clock, ...options });
}

/** How many of the fifty are in each state, as the emulator says. */
async function states(): Promise<Record<string, number>> {
  proxy.setFaults([]);
  const instances = await getInstances(client(), mlDevIreland);
  return Object.fromEntries(
    [...Map.groupBy(instances, ({ state }) => state)].map(([state, { length }]) => [state, length]),
  );
}

const sent = (action: string) => proxy.calls.filter((call) => call.action === action);
const codes = (results: readonly { outcome: string; code?: string }[]) =>
  results.flatMap(({ outcome, code }) => (outcome === 'done' ? [] : [`${outcome}: ${code}`])).toSorted();

describe('one protected, one one-time spot and one terminated among fifty', () => {
  beforeEach(async () => {
    await client().send(new TerminateInstancesCommand({ InstanceIds: fifty.slice(31, 32) }));
  });

  it.each([
    { how: 'each named', named: true, partialEffect: 0, most: 4 },
    { how: 'none named', named: false, partialEffect: 0, most: 30 },
    { how: 'each named, ten others stopped with each error', named: true, partialEffect: 10, most: 4 },
    { how: 'none named, ten others stopped with each error', named: false, partialEffect: 10, most: 30 },
  ])('stop forty-seven and tell three distinct reasons: $how', async ({ named, partialEffect, most }) => {
    const results = await stop([
      fault('OperationNotPermitted', 7, { named, partialEffect }),
      fault('UnsupportedOperation', 23, { named, partialEffect }),
      fault('IncorrectInstanceState', 31, { named, partialEffect }),
    ]);
    expect(results).toHaveLength(50);
    expect(codes(results)).toEqual([
      'gone: IncorrectInstanceState',
      'refused: OperationNotPermitted',
      'refused: UnsupportedOperation',
    ]);
    expect(sent('StopInstances').length).toBeLessThanOrEqual(most);
    expect(await states()).toEqual({ stopped: 47, running: 2, terminated: 1 });
  });
});

describe('a batch of fifty', () => {
  it.each(['RequestLimitExceeded', 'Throttling'] as const)(
    'stops whole after it met %s three times, asked for as often and no oftener',
    async (code) => {
      const results = await stop([{ code, times: 3 }]);
      expect(codes(results)).toEqual([]);
      expect(sent('StopInstances').map(({ ids }) => ids.length)).toEqual([50, 50, 50, 50]);
      expect(readMeter().calls['EC2:StopInstances']).toBe(4);
      expect(clock.waits.filter((ms) => ms >= 1_000)).toEqual([2_000, 4_000, 8_000]);
      expect(await states()).toEqual({ stopped: 50 });
    },
  );

  it('is never halved where nobody may stop it', async () => {
    const results = await stop([{ code: 'UnauthorizedOperation' }]);
    expect(new Set(codes(results))).toEqual(new Set(['failed: UnauthorizedOperation']));
    expect(sent('StopInstances')).toHaveLength(1);
    expect(await states()).toEqual({ running: 50 });
  });

  it('is never halved for one that nobody may stop, though the error names it', async () => {
    const results = await stop([fault('UnauthorizedOperation', 3)]);
    expect(new Set(codes(results))).toEqual(new Set(['failed: UnauthorizedOperation']));
    expect(sent('StopInstances')).toHaveLength(1);
  });

  it('is told as it is after a connection that ended in the middle of it', async () => {
    const results = await stop([{ code: 'ConnectionReset', partialEffect: 20 }]);
    expect(results.filter(({ outcome }) => outcome === 'done').map(({ id }) => id)).toEqual(
      fifty.slice(0, 20),
    );
    expect(results.filter(({ outcome }) => outcome === 'failed')).toHaveLength(30);
    expect(sent('StopInstances').every(({ ids }) => ids.length === 50)).toBe(true);
    expect(await states()).toEqual({ stopped: 20, running: 30 });
  });

  it('stops where the server failed once, and the SDK asked again', async () => {
    expect(codes(await stop([{ code: 'InternalError', times: 1 }]))).toEqual([]);
    expect(sent('StopInstances')).toHaveLength(2);
  });

  it('is asked for in chunks of the size that is configured', async () => {
    await stop([], { chunkSize: 20 });
    expect(sent('StopInstances').map(({ ids }) => ids.length)).toEqual([20, 20, 10]);
    expect(await states()).toEqual({ stopped: 50 });
  });

  it('loses none to an id that EC2 no longer knows', async () => {
    fifty[5] = 'i-0123456789abcdef0';
    const results = await stop([]);
    expect(codes(results)).toEqual(['gone: InvalidInstanceID.NotFound']);
    expect(await states()).toEqual({ stopped: 49, running: 1 });
  });

  it('hibernates, and stops the one that cannot', async () => {
    const unable = fault('UnsupportedHibernationConfiguration', 9, { onHibernate: true });
    const results = await stop([unable], {}, { hibernate: true });
    expect(results.filter(({ hibernated }) => hibernated)).toHaveLength(49);
    expect(results.filter(({ hibernated }) => hibernated === false)).toMatchObject([
      { id: fifty[9], outcome: 'done' },
    ]);
    expect(sent('StopInstances').map(({ ids, hibernate }) => [ids.length, hibernate])).toEqual([
      [50, true],
      [49, true],
      [1, false],
    ]);
  });
});

describe('a start', () => {
  it('leaves one down for which there is no capacity, asks once for it by itself, and starts the others', async () => {
    await stop([]);
    const shortage = fault('InsufficientInstanceCapacity', 12, { named: false });
    proxy.setFaults([shortage]);
    const results = await startInstances(client(), clearedStarts(fifty), { clock });
    expect(codes(results)).toEqual(['refused: InsufficientInstanceCapacity']);
    expect(sent('StartInstances').filter(({ ids }) => ids.length === 1 && ids[0] === fifty[12])).toHaveLength(
      1,
    );
    expect(await states()).toEqual({ running: 49, stopped: 1 });
  });
});
