import { afterEach, describe, expect, it } from 'vitest';
import { parseConfig } from '../../shared/config.ts';
import { getScheduleRecords } from '../../shared/store/schedule-records.ts';
import { planSchedules } from '../../shared/watch/plan-schedules.ts';
import { afterGrace, evening, target } from '../support/evening.ts';
import {
  app,
  appId,
  arns,
  domain,
  morning,
  openSageMakerEvening,
  type SageMakerEvening,
} from '../support/sagemaker-evening.ts';

let world: SageMakerEvening;
afterEach(() => world.sample.close());

const key = `sagemaker-app#${appId}`;

async function warned(...given: Parameters<typeof app>): Promise<void> {
  world = await openSageMakerEvening({ apps: [app(...given)] });
  await world.run(evening);
  await world.deliver();
}

const planned = async () =>
  (await planSchedules(world.clients, target, parseConfig({}), evening)).planned.map(
    ({ decision }) => decision,
  );

describe('a Studio app', () => {
  it('that its user left is warned of, and shut down after the grace period', async () => {
    world = await openSageMakerEvening({ apps: [app()] });
    expect(await world.run(evening)).toMatchObject({ warned: [key] });
    expect(await world.deliver()).toEqual([
      '[WARNING] 1 Studio app in ml-dev, eu-west-1 will be stopped in 15 min: $0.27 an hour',
    ]);
    expect(world.sample.emails.at(-1)?.message).toContain('keeps the files of its space');
    expect(await world.run(afterGrace)).toMatchObject({ stopped: [{ id: appId, outcome: 'done' }] });
    expect(world.power()).toEqual([
      {
        command: 'DeleteApp',
        input: { DomainId: domain, SpaceName: 'desk', AppType: 'JupyterLab', AppName: 'default' },
      },
    ]);
    expect(await world.appStatus()).toBe('Deleting');
    expect(await world.deliver()).toEqual(['[INFO] 1 Studio app stopped in ml-dev, eu-west-1']);
  });

  it('is opened again by its user, and by no schedule', async () => {
    await warned();
    await world.run(afterGrace);
    expect(await world.run(morning)).toMatchObject({ started: [], kept: {} });
    expect(world.power()).toHaveLength(1);
  });

  it('is kept while its user is active', async () => {
    world = await openSageMakerEvening({ apps: [app({ lastActive: 'now' })] });
    expect(await planned()).toMatchObject([
      { code: 'busy', reason: expect.stringContaining('its user was active 2 min ago') },
    ]);
    expect(await world.run(evening)).toMatchObject({ kept: { busy: 1 }, warned: [] });
  });

  it('is kept where its user came back within the grace period', async () => {
    world = await openSageMakerEvening({ apps: [app({ lastActive: '2026-11-16T18:15:00Z' })] });
    world.sample.setNow(evening);
    await world.run(evening);
    await world.deliver();
    expect(await world.run(afterGrace)).toMatchObject({ stopped: [], kept: { busy: 1 } });
  });

  it.each([
    ['a kernel of Studio Classic', { kind: 'KernelGateway', space: undefined, user: 'mei' }, 'app-type'],
    ['one on an instance with local disks', { type: 'ml.m6id.xlarge' }, 'instance-store-data'],
    ['one of production', { tags: { environment: 'production' } }, 'protected-environment'],
    ['one that is to be kept', { tags: { 'auto-stop:keep-until': '2026-11-17' } }, 'keep-until'],
  ] as const)('is kept where it is %s', async (_, given, code) => {
    world = await openSageMakerEvening({ apps: [app(given)] });
    expect(await world.run(evening)).toMatchObject({ kept: { [code]: 1 }, warned: [] });
  });

  it('on an instance with local disks is shut down where its tag allows to lose them', async () => {
    await warned({ type: 'ml.m6id.xlarge', tags: { 'auto-stop:instance-store': 'discard' } });
    await world.run(afterGrace);
    expect(await world.appStatus()).toBe('Deleting');
  });

  it('costs no call where none carries the tag', async () => {
    world = await openSageMakerEvening({ apps: [app()] });
    await world.untagOne(arns.app, 'auto-stop');
    await world.run(evening);
    expect(world.calls('ListApps')).toBe(0);
  });

  it('is kept where its tag was removed after the warning', async () => {
    await warned();
    await world.untagOne(arns.app, 'auto-stop');
    await world.run(afterGrace);
    expect(world.power()).toEqual([]);
  });

  it('is left alone in observe mode', async () => {
    world = await openSageMakerEvening({ apps: [app()] });
    const config = parseConfig({});
    await world.run(evening, { config });
    await world.deliver();
    expect(await world.run(afterGrace, { config })).toMatchObject({ due: [key], stopped: [] });
    expect(world.power()).toEqual([]);
  });

  it('is told as stopped where the run that shut it down died before it could say so', async () => {
    await warned();
    world.fail(/TransactWrite/, 'Crashed');
    await expect(world.run(afterGrace)).rejects.toThrow();
    expect(await world.appStatus()).toBe('Deleting');
    await world.run('2026-11-16T18:45:00Z');
    expect(await world.deliver()).toEqual(['[INFO] 1 Studio app stopped in ml-dev, eu-west-1']);
    const record = (await getScheduleRecords(world.table, target)).get(key);
    expect(record).toMatchObject({ stoppedAt: afterGrace });
    expect(record).not.toHaveProperty('stopRequestedAt');
    await world.run(morning);
    expect(world.power()).toHaveLength(1);
  });

  it('that is gone when it is to be shut down is what was wanted', async () => {
    await warned();
    world.fail(/DeleteApp/, 'ResourceNotFound');
    expect(await world.run(afterGrace)).toMatchObject({ stopped: [{ outcome: 'done' }] });
  });

  it.each([
    ['ResourceInUse', 'refused'],
    ['AccessDeniedException', 'failed'],
  ])('answered with %s is %s', async (code, outcome) => {
    await warned();
    world.fail(/DeleteApp/, code);
    const run = world.run(afterGrace);
    if (outcome === 'failed') await expect(run).rejects.toThrow(code);
    else expect(await run).toMatchObject({ stopped: [{ outcome, code }] });
    expect(await world.appStatus()).toBe('InService');
  });
});
