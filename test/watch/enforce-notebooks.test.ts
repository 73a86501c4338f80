import { afterEach, describe, expect, it } from 'vitest';
import { parseConfig } from '../../shared/config.ts';
import { getScheduleRecords } from '../../shared/store/schedule-records.ts';
import { planSchedules } from '../../shared/watch/plan-schedules.ts';
import { afterGrace, evening, officeHours, target } from '../support/evening.ts';
import {
  arns,
  morning,
  notebook,
  openSageMakerEvening,
  type SageMakerEvening,
} from '../support/sagemaker-evening.ts';

let world: SageMakerEvening;
afterEach(() => world.sample.close());

const key = 'sagemaker-notebook#labels';

async function warned(...given: Parameters<typeof notebook>): Promise<void> {
  world = await openSageMakerEvening({ notebooks: [notebook(...given)] });
  await world.run(evening);
  await world.deliver();
}

describe('a notebook instance', () => {
  it('is warned of, stopped after the grace period, and started in the morning', async () => {
    world = await openSageMakerEvening({ notebooks: [notebook()] });
    expect(await world.run(evening)).toMatchObject({ warned: [key], stopped: [] });
    expect(await world.deliver()).toEqual([
      '[WARNING] 1 notebook instance in ml-dev, eu-west-1 will be stopped in 15 min: $0.27 an hour',
    ]);
    expect(world.sample.emails.at(-1)?.message).toContain(
      'keeps what is in /home/ec2-user/SageMaker, and loses what is in memory',
    );
    expect(await world.run(afterGrace)).toMatchObject({ stopped: [{ id: 'labels', outcome: 'done' }] });
    expect(await world.notebookStatus()).toBe('Stopping');
    expect(await world.deliver()).toEqual(['[INFO] 1 notebook instance stopped in ml-dev, eu-west-1']);
    expect(await world.run(morning)).toMatchObject({ started: [{ id: 'labels', outcome: 'done' }] });
    expect(await world.notebookStatus()).toBe('Pending');
    expect(world.power().map(({ command }) => command)).toEqual([
      'StopNotebookInstance',
      'StartNotebookInstance',
    ]);
  });

  it('asks SageMaker nothing where none carries the tag', async () => {
    world = await openSageMakerEvening({ notebooks: [notebook({ tags: {} })] });
    await world.untagOne(arns.notebook, 'auto-stop');
    await world.run(evening);
    expect(world.calls('ListNotebookInstances')).toBe(0);
    expect(world.sample.calls.map(({ call }) => call)).toContain('ResourceGroupsTaggingAPI:GetResources');
  });

  it('is kept while its CPU works, with when it did last', async () => {
    world = await openSageMakerEvening({
      notebooks: [notebook({ cpu: [{ until: '2026-11-16T17:40:00Z', value: 70 }, { value: 0.8 }] })],
    });
    const { planned } = await planSchedules(world.clients, target, parseConfig({}), evening);
    expect(planned.map(({ decision }) => [decision.code, decision.reason])).toEqual([
      ['busy', expect.stringMatching(/but busy: CPU up to 7\d(\.\d)? % in the last 45 min$/)],
    ]);
    expect(await world.run(evening)).toMatchObject({ kept: { busy: 1 }, warned: [] });
  });

  it('is kept without an agent: SageMaker publishes no utilisation, and unknown is never idle', async () => {
    world = await openSageMakerEvening({ notebooks: [notebook({ agent: false })] });
    expect(await world.run(evening)).toMatchObject({ kept: { 'utilization-unknown': 1 }, warned: [] });
    const [{ decision } = {}] = (await planSchedules(world.clients, target, parseConfig({}), evening))
      .planned;
    expect(decision?.reason).toContain(
      'SageMaker publishes no utilisation of notebook instances, and no CloudWatch agent reports its CPU',
    );
  });

  it('is stopped without an agent where its tag says always', async () => {
    await warned({ agent: false, tags: { 'auto-stop': `${officeHours}; always` } });
    await world.run(afterGrace);
    expect(await world.notebookStatus()).toBe('Stopping');
  });

  it.each<[string, (world: SageMakerEvening) => Promise<unknown>]>([
    ['its tag was removed', ({ untagOne }) => untagOne(arns.notebook, 'auto-stop')],
    ['its tag now says off', ({ tagOne }) => tagOne(arns.notebook, 'auto-stop', 'off')],
    ['it is to be kept', ({ tagOne }) => tagOne(arns.notebook, 'auto-stop:keep-until', '2026-11-17')],
    ['it became production', ({ tagOne }) => tagOne(arns.notebook, 'environment', 'production')],
  ])('is kept where, after the warning, %s', async (_, change) => {
    await warned();
    await change(world);
    await world.run(afterGrace);
    expect(world.power()).toEqual([]);
    expect(await world.notebookStatus()).toBe('InService');
  });

  it('is kept where its tag goes while the run is at work', async () => {
    await warned();
    world.clients.cloudWatch.middlewareStack.add(
      (next) => async (args) => {
        await world.untagOne(arns.notebook, 'auto-stop').catch(() => {});
        return next(args);
      },
      { step: 'initialize' },
    );
    expect(await world.run(afterGrace)).toMatchObject({ due: [key], stopped: [] });
    expect(world.power()).toEqual([]);
  });

  it('is left alone in observe mode', async () => {
    world = await openSageMakerEvening({ notebooks: [notebook()] });
    const config = parseConfig({});
    await world.run(evening, { config });
    await world.deliver();
    expect(await world.run(afterGrace, { config })).toMatchObject({
      mode: 'observe',
      due: [key],
      stopped: [],
    });
    expect(world.power()).toEqual([]);
  });

  it('that somebody starts off hours is honoured while it is in use, and stopped again once it is not', async () => {
    const cpu = [
      { until: '2026-11-16T20:00:00Z', value: 0.8 },
      { until: '2026-11-16T21:00:00Z', value: 60 },
      { value: 0.8 },
    ];
    await warned({ cpu });
    await world.run(afterGrace);
    world.sample.setNow('2026-11-16T20:00:00Z');
    await world.startNotebook();
    expect(await world.run('2026-11-16T20:30:00Z')).toMatchObject({ kept: { 'recently-started': 1 } });
    expect(await world.run('2026-11-16T21:20:00Z')).toMatchObject({ kept: { busy: 1 } });
    expect(await world.run('2026-11-16T22:05:00Z')).toMatchObject({ warned: [key] });
    await world.deliver();
    await world.run('2026-11-16T22:25:00Z');
    expect(await world.notebookStatus()).toBe('Stopping');
  });

  it('that somebody stops within its hours stays down', async () => {
    world = await openSageMakerEvening({ notebooks: [notebook()] });
    world.sample.setNow('2026-11-17T09:00:00Z');
    await world.stopNotebook();
    expect(await world.run('2026-11-17T09:30:00Z')).toMatchObject({
      started: [],
      kept: { 'stopped-by-hand': 1 },
    });
  });

  it('is told as stopped where the run that stopped it died before it could say so', async () => {
    await warned();
    world.fail(/TransactWrite/, 'Crashed');
    await expect(world.run(afterGrace)).rejects.toThrow();
    expect(await world.notebookStatus()).toBe('Stopping');
    await world.run('2026-11-16T18:45:00Z');
    const record = (await getScheduleRecords(world.table, target)).get(key);
    expect(record).toMatchObject({ stoppedAt: afterGrace });
    expect(await world.run(morning)).toMatchObject({ started: [{ outcome: 'done' }] });
  });

  it('that SageMaker refuses to stop spoils no other, and is told with the reason', async () => {
    world = await openSageMakerEvening({ notebooks: [notebook(), notebook({ name: 'ocr' })] });
    await world.run(evening);
    await world.deliver();
    world.fail(/StopNotebookInstance/, 'ValidationException', {
      message: 'Status (Updating) not in ([InService])',
    });
    expect(await world.run(afterGrace)).toMatchObject({
      stopped: [
        { id: 'labels', outcome: 'refused', code: 'ValidationException' },
        { id: 'ocr', outcome: 'done' },
      ],
    });
    expect((await world.deliver()).join()).toContain('could not be changed');
  });

  it('that may not be stopped fails the run, and the next one may', async () => {
    await warned();
    world.fail(/StopNotebookInstance/, 'AccessDeniedException');
    await expect(world.run(afterGrace)).rejects.toThrow('AccessDeniedException');
    await world.run('2026-11-16T18:30:00Z');
    expect(await world.notebookStatus()).toBe('Stopping');
  });

  it('whose stop was heard though its answer was lost is stopped', async () => {
    await warned();
    world.fail(/StopNotebookInstance/, 'TimeoutError', { after: true });
    expect(await world.run(afterGrace)).toMatchObject({ stopped: [{ outcome: 'done' }] });
  });

  it('is left to the next run where there is no time for it', async () => {
    await warned();
    expect(await world.run(afterGrace, { remainingMs: 5000 })).toMatchObject({
      stopped: [{ id: 'labels', outcome: 'left' }],
    });
    expect(world.power()).toEqual([]);
    await world.run('2026-11-16T18:30:00Z');
    expect(await world.notebookStatus()).toBe('Stopping');
  });

  it('that can not be listed is a gap, and keeps no other kind from its hours', async () => {
    world = await openSageMakerEvening({ notebooks: [notebook()] });
    world.fail(/ListNotebookInstances/, 'AccessDeniedException');
    const { gaps, planned } = await planSchedules(world.clients, target, parseConfig({}), evening);
    expect(planned).toEqual([]);
    expect(gaps.map(({ what }) => what)).toEqual(['SageMaker notebook instances (ListNotebookInstances)']);
  });
});
