import { afterEach, describe, expect, it } from 'vitest';
import { parseConfig } from '../../shared/config.ts';
import { claimStop, getScheduleRecords } from '../../shared/store/schedule-records.ts';
import { type DataEvening, group, memberOf, morning, openDataEvening } from '../support/data-evening.ts';
import { afterGrace, evening, idOf, machine, target } from '../support/evening.ts';

let world: DataEvening;
afterEach(() => world.sample.close());

const key = 'auto-scaling-group#runners';
const runners = [memberOf('runners', 1), memberOf('runners', 2)];

const resizes = () =>
  world
    .power()
    .flatMap(({ command, input: { AutoScalingGroupName: _, ...sizes } }) =>
      command === 'UpdateAutoScalingGroup' ? [sizes] : [],
    );

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

describe('an Auto Scaling group', () => {
  it('is taken down to 0 in the evening, and has exactly its sizes back in the morning', async () => {
    world = await openDataEvening({ groups: [group('runners')], machines: runners });
    expect(await world.run(evening)).toMatchObject({ warned: [key], stopped: [] });
    expect(await world.deliver()).toEqual([
      '[WARNING] 1 Auto Scaling group in ml-dev, eu-west-1 will be stopped in 15 min: $0.43 an hour',
    ]);
    expect(await world.run(afterGrace)).toMatchObject({
      stopped: [{ kind: 'auto-scaling-group', id: 'runners', outcome: 'done' }],
    });
    world.sample.setNow('2026-11-16T18:27:00Z');
    expect(await world.sizesOf('runners')).toBe('0/0/4, 0 members');
    expect(await world.run(morning)).toMatchObject({ started: [{ id: 'runners', outcome: 'done' }] });
    expect(await world.sizesOf('runners')).toBe('1/2/4, 2 members');
    expect(resizes()).toEqual([
      { MinSize: 0, DesiredCapacity: 0 },
      { MinSize: 1, DesiredCapacity: 2 },
    ]);
  });

  it('says in its warning that its members are terminated', async () => {
    await warned({ groups: [group('runners')], machines: runners });
    expect(world.sample.emails.at(-1)?.message).toContain('its members are terminated');
  });

  it('never stops its members one by one, whatever tag they have inherited', async () => {
    const tags = { 'aws:autoscaling:groupName': 'runners' };
    const tagless = { ...group('runners'), tags: { owner: 'mei' } };
    world = await openDataEvening({ groups: [tagless], machines: [machine(1, { tags })] });
    expect(await world.run(evening)).toMatchObject({ warned: [], kept: { 'auto-scaling': 1 } });
  });

  it.each<[string, Parameters<typeof group>[1], Parameters<typeof memberOf>[2], string]>([
    ['one of its members is at work', {}, { cpu: 60 }, 'busy'],
    ['one of its members is new', {}, { launched: '2026-11-16T17:55:00Z' }, 'recently-started'],
    ['one of its members reports no GPU', {}, { type: 'g6.xlarge', agent: 'none' }, 'utilization-unknown'],
    ['it launches another member', { desired: 3 }, {}, 'pending'],
    ['it belongs to a node group', { tags: { 'eks:nodegroup-name': 'gpu' } }, {}, 'managed-group'],
    ['it has scheduled actions', { scheduledActions: ['nightly'] }, {}, 'scheduled-actions'],
    ['it may not terminate', { suspended: ['Terminate'] }, {}, 'suspended-process'],
    ['it is production', { tags: { environment: 'production' } }, {}, 'protected-environment'],
  ])('is kept where %s', async (_, given, member, code) => {
    const machines = [memberOf('runners', 1), memberOf('runners', 2, member)];
    await warned({ groups: [group('runners', given)], machines });
    expect(await world.run('2026-11-16T18:20:00Z')).toMatchObject({ stopped: [], kept: { [code]: 1 } });
    expect(resizes()).toEqual([]);
  });

  it('is kept where a smaller size would lose local disks, unless its own tag discards them', async () => {
    const given = { type: 'm6id.xlarge' };
    const machines = [memberOf('runners', 1, given), memberOf('runners', 2, given)];
    world = await openDataEvening({ groups: [group('runners')], machines });
    expect(await world.run(evening)).toMatchObject({ warned: [], kept: { 'instance-store-data': 1 } });
    await world.tagGroup('runners', 'auto-stop:instance-store', 'discard');
    expect(await world.run('2026-11-16T18:10:00Z')).toMatchObject({ warned: [key] });
  });

  it.each<[string, () => Promise<unknown>]>([
    ['its tag was removed', () => world.untagGroup('runners', 'auto-stop')],
    ['its tag says off', () => world.tagGroup('runners', 'auto-stop', 'off')],
  ])('is kept where after the warning %s', async (_, change) => {
    await warned({ groups: [group('runners')], machines: runners });
    await change();
    expect(await world.run(afterGrace)).toMatchObject({ stopped: [] });
    expect(resizes()).toEqual([]);
  });

  it('is only told of in observe mode', async () => {
    const config = parseConfig({});
    world = await openDataEvening({ groups: [group('runners')], machines: runners });
    await world.run(evening, { config });
    await world.deliver();
    expect(await world.run(afterGrace, { config })).toMatchObject({ due: [key], stopped: [] });
    expect(world.power()).toEqual([]);
  });

  it('that somebody scales out off hours is left alone while in use, and keeps the sizes that it had before', async () => {
    await stopped({ groups: [group('runners')], machines: runners });
    world.sample.setNow('2026-11-16T20:00:00Z');
    await world.scale('runners', { DesiredCapacity: 1 });
    expect(await world.run('2026-11-16T20:05:00Z')).toMatchObject({ kept: { 'recently-started': 1 } });
    expect(await world.run('2026-11-16T21:00:00Z')).toMatchObject({ warned: [key] });
    await world.deliver();
    await world.run('2026-11-16T21:20:00Z');
    await world.run(morning);
    expect(resizes()).toEqual([
      { MinSize: 0, DesiredCapacity: 0 },
      { MinSize: 0, DesiredCapacity: 0 },
      { MinSize: 1, DesiredCapacity: 2 },
    ]);
  });

  it('that somebody gives other sizes while it is down keeps those', async () => {
    await stopped({ groups: [group('runners')], machines: runners });
    world.sample.setNow('2026-11-16T20:00:00Z');
    await world.scale('runners', { MinSize: 1, DesiredCapacity: 1, MaxSize: 6 });
    await world.run('2026-11-16T21:00:00Z');
    await world.deliver();
    await world.run('2026-11-16T21:20:00Z');
    await world.run(morning);
    expect(resizes().at(-1)).toEqual({ MinSize: 1, DesiredCapacity: 1 });
    expect(await world.sizesOf('runners')).toBe('1/1/6, 1 members');
  });

  it('gets its largest size back too where that would not hold the others any more', async () => {
    await stopped({ groups: [group('runners')], machines: runners });
    world.sample.setNow('2026-11-16T20:00:00Z');
    await world.scale('runners', { MaxSize: 1 });
    await world.run(morning);
    expect(await world.sizesOf('runners')).toBe('1/2/4, 2 members');
  });

  it('that somebody scales in within its hours is not scaled out again', async () => {
    await stopped({ groups: [group('runners')], machines: runners });
    await world.run(morning);
    world.sample.setNow('2026-11-17T09:00:00Z');
    await world.scale('runners', { MinSize: 0, DesiredCapacity: 0 });
    expect(await world.run('2026-11-17T09:30:00Z')).toMatchObject({ kept: { 'already-started': 1 } });
    expect(await world.sizesOf('runners')).toBe('0/0/4, 0 members');
  });

  it('that was scaled in by somebody else is never scaled out: nobody knows to what', async () => {
    world = await openDataEvening({ groups: [group('runners', { min: 0, desired: 0 })] });
    expect(await world.run(morning)).toMatchObject({ kept: { 'stopped-by-hand': 1 }, started: [] });
  });

  it('loses nothing by a run that dies after it was scaled in, before that was recorded', async () => {
    await warned({ groups: [group('runners')], machines: runners });
    const warning = (await getScheduleRecords(world.table, target)).get(key)?.warning;
    const ground = { warning, restore: { min: 1, max: 4, desired: 2 } };
    await claimStop(world.table, target, key, afterGrace, ground);
    world.sample.setNow(afterGrace);
    await world.scale('runners', { MinSize: 0, DesiredCapacity: 0 });
    expect(await world.run('2026-11-16T18:45:00Z')).toMatchObject({ stopped: [{ outcome: 'done' }] });
    await world.run(morning);
    expect(await world.sizesOf('runners')).toBe('1/2/4, 2 members');
  });

  it('loses nothing by a run that dies before it was scaled in', async () => {
    await warned({ groups: [group('runners')], machines: runners });
    const warning = (await getScheduleRecords(world.table, target)).get(key)?.warning;
    await claimStop(world.table, target, key, afterGrace, {
      warning,
      restore: { min: 9, max: 9, desired: 9 },
    });
    await world.run('2026-11-16T18:45:00Z');
    await world.run(morning);
    expect(await world.sizesOf('runners')).toBe('1/2/4, 2 members');
  });

  it('that AWS is busy with is asked for again, and that it may not change fails the run', async () => {
    await warned({ groups: [group('runners')], machines: runners });
    world.fail(/UpdateAutoScalingGroup/, 'AccessDenied');
    await expect(world.run(afterGrace)).rejects.toThrow(/Could not stop or start runners: AccessDenied/);
    world.fail(/UpdateAutoScalingGroup/, 'ScalingActivityInProgressFault');
    expect(await world.run('2026-11-16T18:30:00Z')).toMatchObject({ stopped: [{ outcome: 'left' }] });
    expect(await world.run('2026-11-16T18:35:00Z')).toMatchObject({ stopped: [{ outcome: 'done' }] });
  });

  it('leaves the instances beside it alone', async () => {
    const machines = [...runners, machine(3, { tags: { 'auto-stop': 'off' } })];
    await stopped({ groups: [group('runners')], machines });
    expect(world.stateOf(3)).toBe('running');
    expect(world.sample.instances().find(({ instanceId }) => instanceId === idOf(1))?.state).toBe(
      'shutting-down',
    );
  });
});
