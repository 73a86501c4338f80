import { RDSClient } from '@aws-sdk/client-rds';
import { afterEach, describe, expect, it } from 'vitest';
import { parseConfig } from '../../shared/config.ts';
import { claimStop, getScheduleRecords } from '../../shared/store/schedule-records.ts';
import { clientFor } from '../../shared/watch/client-for.ts';
import { cluster, type DataEvening, database, morning, openDataEvening } from '../support/data-evening.ts';
import { afterGrace, evening, machine, target } from '../support/evening.ts';

let world: DataEvening;
afterEach(() => world.sample.close());

const changes = () => world.power().map(({ command, input }) => `${command} ${Object.values(input)[0]}`);

/** Warned, and the warning delivered. */
async function warned(...args: Parameters<typeof openDataEvening>): Promise<void> {
  world = await openDataEvening(...args);
  await world.run(evening);
  await world.deliver();
}

const stopped = async (...args: Parameters<typeof openDataEvening>) => {
  await warned(...args);
  await world.run(afterGrace);
};

describe('a database', () => {
  it('is warned of, stopped once nobody was connected through the grace period, and started in the morning', async () => {
    world = await openDataEvening({ databases: [database('labels')] });
    expect(await world.run(evening)).toMatchObject({ warned: ['rds-instance#labels'], stopped: [] });
    expect(await world.deliver()).toEqual([
      '[WARNING] 1 database in ml-dev, eu-west-1 will be stopped in 15 min: $0.25 an hour',
    ]);
    expect(await world.run(afterGrace)).toMatchObject({
      stopped: [{ kind: 'rds-instance', id: 'labels', outcome: 'done' }],
    });
    expect(await world.statusOf('labels')).toBe('stopping');
    expect(await world.deliver()).toEqual(['[INFO] 1 database stopped in ml-dev, eu-west-1']);
    expect(await world.run(morning)).toMatchObject({
      started: [{ kind: 'rds-instance', id: 'labels', outcome: 'done' }],
    });
    expect(changes()).toEqual(['StopDBInstance labels', 'StartDBInstance labels']);
  });

  it.each<[string, Parameters<typeof database>[1], string]>([
    ['somebody is connected', { connections: 2 }, 'busy'],
    [
      'somebody was connected in one of its minutes',
      { connections: { pulse: { every: 40, for: 1, value: 1 } } },
      'busy',
    ],
    ['its CPU is at work, though nobody is connected', { cpu: 45 }, 'busy'],
    ['it was made a moment ago', { created: '2026-11-16T17:50:00Z' }, 'utilization-unknown'],
    ['it is backed up', { status: 'backing-up' }, 'pending'],
    ['it is production', { tags: { environment: 'production' } }, 'protected-environment'],
    ['it is to be kept', { tags: { 'auto-stop:keep-until': '2026-11-20' } }, 'keep-until'],
  ])('is kept where %s', async (_, given, code) => {
    await warned({ databases: [database('labels', given)] });
    expect(await world.run(afterGrace)).toMatchObject({ stopped: [], kept: { [code]: 1 } });
    expect(changes()).toEqual([]);
  });

  it('is kept where CloudWatch does not tell of it', async () => {
    world = await openDataEvening({ databases: [database('labels')] });
    world.fail(/GetMetricData/, 'Throttling');
    expect(await world.run(evening)).toMatchObject({ warned: [], kept: { 'utilization-unknown': 1 } });
  });

  it.each<[string, () => Promise<unknown>]>([
    ['its tag was removed', () => world.untagDatabase('labels', 'auto-stop')],
    ['its tag says off', () => world.tagDatabase('labels', 'auto-stop', 'off')],
    ['it became production', () => world.tagDatabase('labels', 'environment', 'prod')],
  ])('is kept where after the warning %s', async (_, change) => {
    await warned({ databases: [database('labels')] });
    await change();
    expect(await world.run(afterGrace)).toMatchObject({ stopped: [] });
    expect(changes()).toEqual([]);
  });

  it('has its tags read again right before the stop', async () => {
    await warned({ databases: [database('labels')] });
    let isMeasured = false;
    world.clients.cloudWatch.middlewareStack.add(
      (next) => async (args) => {
        if (!isMeasured) await world.untagDatabase('labels', 'auto-stop');
        isMeasured = true;
        return next(args);
      },
      { step: 'initialize' },
    );
    expect(await world.run(afterGrace)).toMatchObject({ due: ['rds-instance#labels'], stopped: [] });
    expect(changes()).toEqual([]);
  });

  it('is only told of in observe mode', async () => {
    const config = parseConfig({});
    world = await openDataEvening({ databases: [database('labels')] });
    await world.run(evening, { config });
    await world.deliver();
    expect(await world.run(afterGrace, { config })).toMatchObject({
      due: ['rds-instance#labels'],
      stopped: [],
    });
    expect(changes()).toEqual([]);
  });

  it('that somebody starts off hours is left alone while it is new and in use, and stopped again once idle', async () => {
    const until = '2026-11-16T21:30:00Z';
    const connections = [{ until: '2026-11-16T20:00:00Z', value: 0 }, { until, value: 3 }, { value: 0 }];
    await stopped({ databases: [database('labels', { connections })] });
    world.sample.setNow('2026-11-16T20:00:00Z');
    await world.startByHand('labels');
    expect(await world.run('2026-11-16T20:10:00Z')).toMatchObject({ kept: { busy: 1 } });
    expect(await world.run('2026-11-16T20:15:00Z')).toMatchObject({ kept: { 'recently-started': 1 } });
    expect(await world.run('2026-11-16T21:10:00Z')).toMatchObject({ kept: { busy: 1 } });
    expect(await world.run('2026-11-16T22:40:00Z')).toMatchObject({ warned: ['rds-instance#labels'] });
    await world.deliver();
    await world.run('2026-11-16T23:00:00Z');
    expect(changes()).toEqual(['StopDBInstance labels', 'StopDBInstance labels']);
  });

  it('that AWS starts after seven days is stopped again', async () => {
    const tags = { 'auto-stop': 'Fri 08:00-19:00 Europe/Berlin' };
    await stopped({ databases: [database('labels', { tags })] });
    expect(await world.run('2026-11-23T18:20:00Z')).toMatchObject({ kept: { stopped: 1 } });
    expect(await world.run('2026-11-23T18:35:00Z')).toMatchObject({ kept: { 'utilization-unknown': 1 } });
    expect(await world.statusOf('labels')).toBe('available');
    expect(await world.run('2026-11-23T18:45:00Z')).toMatchObject({ kept: { 'recently-started': 1 } });
    expect(await world.run('2026-11-23T19:35:00Z')).toMatchObject({ warned: ['rds-instance#labels'] });
    await world.deliver();
    await world.run('2026-11-23T19:55:00Z');
    expect(changes()).toEqual(['StopDBInstance labels', 'StopDBInstance labels']);
  });

  it('that somebody stops within its hours stays down', async () => {
    await stopped({ databases: [database('labels')] });
    await world.run(morning);
    world.sample.setNow('2026-11-17T09:00:00Z');
    await world.stopByHand('labels');
    expect(await world.run('2026-11-17T09:30:00Z')).toMatchObject({
      kept: { 'already-started': 1 },
      started: [],
    });
  });

  it('that somebody starts before its hours and stops within them stays down', async () => {
    await stopped({ databases: [database('labels')] });
    world.sample.setNow('2026-11-17T05:00:00Z');
    await world.startByHand('labels');
    await world.run('2026-11-17T05:30:00Z');
    await world.run(morning);
    world.sample.setNow('2026-11-17T09:00:00Z');
    await world.stopByHand('labels');
    expect(await world.run('2026-11-17T09:30:00Z')).toMatchObject({
      kept: { 'stopped-by-hand': 1 },
      started: [],
    });
  });

  it('whose stop AWS refuses is told of once, and not asked for again this night', async () => {
    await warned({ databases: [database('labels')] });
    world.fail(/StopDBInstance/, 'InvalidDBInstanceStateFault', { message: 'labels is not available.' });
    expect(await world.run(afterGrace)).toMatchObject({
      stopped: [{ outcome: 'refused', code: 'InvalidDBInstanceStateFault' }],
    });
    expect(await world.deliver()).toEqual(['[WARNING] 1 database could not be changed in ml-dev, eu-west-1']);
    expect(await world.run('2026-11-16T18:40:00Z')).toMatchObject({ kept: { refused: 1 } });
  });

  it.each(['InternalFailure', 'AccessDenied'])(
    'fails the run at %s, and is stopped by the next',
    async (code) => {
      await warned({ databases: [database('labels'), database('features', { connections: 1 })] });
      world.fail(/StopDBInstance/, code);
      await expect(world.run(afterGrace)).rejects.toThrow(/Could not stop or start labels/);
      expect(await world.run('2026-11-16T18:30:00Z')).toMatchObject({ stopped: [{ outcome: 'done' }] });
    },
  );

  it('that can not be described right before its stop keeps no instance from its own', async () => {
    await warned({ databases: [database('labels')], machines: [machine(1)] });
    const { middlewareStack } = clientFor(RDSClient, target);
    let describes = 0;
    middlewareStack.add(
      (next, { commandName }) =>
        (args) => {
          if (commandName === 'DescribeDBInstancesCommand') describes += 1;
          if (describes > 1) throw Object.assign(new Error('No.'), { name: 'InternalFailure' });
          return next(args);
        },
      { step: 'initialize', name: 'failRefresh', priority: 'high' },
    );
    const run = world.run(afterGrace);
    await expect(run).rejects.toThrow('Could not stop or start labels: InternalFailure: No.');
    middlewareStack.remove('failRefresh');
    expect(world.stateOf(1)).toBe('stopping');
    expect(await world.deliver()).toEqual(['[INFO] 1 instance stopped in ml-dev, eu-west-1']);
    expect(await world.run('2026-11-16T18:30:00Z')).toMatchObject({ stopped: [{ id: 'labels' }] });
  });

  it('that can not be listed keeps no instance from its hours, and is told once', async () => {
    world = await openDataEvening({ databases: [database('labels')], machines: [machine(1)] });
    world.fail(/DescribeDBInstances/, 'AccessDenied', { times: 100, message: 'Not you.' });
    const run = await world.run(evening);
    expect(run.warned).toEqual([expect.stringMatching(/^i-/)]);
    expect(run.gaps).toMatchObject([{ what: expect.stringContaining('DescribeDBInstances') }]);
    await world.run(afterGrace);
    expect((await world.deliver()).toSorted()).toEqual([
      expect.stringContaining('1 instance in ml-dev, eu-west-1 will be stopped'),
      "[WARNING] Off-hours can't see a part of ml-dev, eu-west-1",
    ]);
  });

  it('that is throttled is asked for again within the run', async () => {
    await warned({ databases: [database('labels')] });
    world.fail(/StopDBInstance/, 'ThrottlingException');
    expect(await world.run(afterGrace)).toMatchObject({ stopped: [{ outcome: 'done' }] });
  });

  it('whose stop took effect though its answer was lost counts as stopped, and is started in the morning', async () => {
    await warned({ databases: [database('labels')] });
    world.fail(/StopDBInstance/, 'TimeoutError', { after: true });
    expect(await world.run(afterGrace)).toMatchObject({ stopped: [{ id: 'labels', outcome: 'done' }] });
    expect(await world.run(morning)).toMatchObject({ started: [{ id: 'labels', outcome: 'done' }] });
  });

  it('never keeps the instances from their hours where RDS can not be read', async () => {
    world = await openDataEvening({ databases: [database('labels')] });
    world.fail(/DescribeDBInstances/, 'AccessDenied');
    expect(await world.run(evening)).toMatchObject({ warned: [] });
  });
});

describe('a service with nothing to do', () => {
  it('costs no call of RDS', async () => {
    world = await openDataEvening({ databases: [{ ...database('labels'), tags: { owner: 'mei' } }] });
    await world.run(evening);
    expect(world.sample.calls.filter(({ call }) => call.startsWith('RDS:'))).toEqual([]);
  });
});

describe('an Aurora cluster', () => {
  const members = (given: Parameters<typeof database>[1] = {}) => [
    database('eval-1', { engine: 'aurora-postgresql', cluster: 'eval' }),
    database('eval-2', { engine: 'aurora-postgresql', cluster: 'eval', ...given }),
  ];

  it('is stopped and started as a whole, at the price of all of its members', async () => {
    world = await openDataEvening({ clusters: [cluster('eval')], databases: members() });
    await world.run(evening);
    expect(await world.deliver()).toEqual([
      '[WARNING] 1 database cluster in ml-dev, eu-west-1 will be stopped in 15 min: $0.50 an hour',
    ]);
    await world.run(afterGrace);
    expect(await world.clusterStatusOf('eval')).toBe('stopping');
    await world.run(morning);
    expect(changes()).toEqual(['StopDBCluster eval', 'StartDBCluster eval']);
  });

  it.each<[string, Parameters<typeof database>[1]]>([
    ['somebody is connected to one of its members', { connections: 1 }],
    ['one of its members is at work', { cpu: 30 }],
  ])('is kept where %s', async (_, given) => {
    await warned({ clusters: [cluster('eval')], databases: members(given) });
    expect(await world.run(afterGrace)).toMatchObject({ stopped: [], kept: { busy: 1 } });
  });

  it('is kept where CloudWatch does not tell of one of its members', async () => {
    world = await openDataEvening({ clusters: [cluster('eval')], databases: members() });
    world.fail(/GetMetricData/, 'Throttling');
    expect(await world.run(evening)).toMatchObject({ warned: [], kept: { 'utilization-unknown': 1 } });
  });

  it('is kept where one of its members is not available', async () => {
    world = await openDataEvening({
      clusters: [cluster('eval')],
      databases: members({ status: 'rebooting' }),
    });
    expect(await world.run(evening)).toMatchObject({ warned: [], kept: { pending: 1 } });
  });

  it('is kept where it belongs to a global database', async () => {
    const clusters = [cluster('eval', { globalCluster: 'world' })];
    world = await openDataEvening({ clusters, databases: members() });
    expect(await world.run(evening)).toMatchObject({ warned: [], kept: { 'global-database': 1 } });
  });
});

describe('a run that dies between the claim and the stop', () => {
  it('loses nothing: the next one stops the database', async () => {
    await warned({ databases: [database('labels')] });
    const records = await getScheduleRecords(world.table, target);
    const record = records.get('rds-instance#labels');
    const ground = { warning: record?.warning, stopNow: undefined };
    expect(await claimStop(world.table, target, 'rds-instance#labels', afterGrace, ground)).toBe(true);
    expect(await world.run('2026-11-16T18:30:00Z')).toMatchObject({ stopped: [] });
    expect(await world.run('2026-11-16T18:45:00Z')).toMatchObject({ stopped: [{ outcome: 'done' }] });
  });
});
