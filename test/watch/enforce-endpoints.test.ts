import { afterEach, describe, expect, it } from 'vitest';
import { parseConfig } from '../../shared/config.ts';
import { getScheduleRecords } from '../../shared/store/schedule-records.ts';
import { planSchedules } from '../../shared/watch/plan-schedules.ts';
import { afterGrace, evening, officeHours, target } from '../support/evening.ts';
import {
  arns,
  endpoint,
  morning,
  openSageMakerEvening,
  type SageMakerEvening,
} from '../support/sagemaker-evening.ts';

let world: SageMakerEvening;
afterEach(() => world.sample.close());

const key = 'sagemaker-endpoint#captions';
const tags = { owner: 'mei', environment: 'dev', 'auto-stop': `${officeHours}; start; delete` };

async function warned(...given: Parameters<typeof endpoint>): Promise<void> {
  world = await openSageMakerEvening({ endpoints: [endpoint(...given)] });
  await world.run(evening);
  await world.deliver();
}

async function deleted(...given: Parameters<typeof endpoint>): Promise<void> {
  await warned(...given);
  await world.run(afterGrace);
  world.sample.setNow('2026-11-16T18:40:00Z');
  expect(await world.endpointStatus()).toBeUndefined();
}

const planned = async (now = evening) =>
  (await planSchedules(world.clients, target, parseConfig({}), now)).planned.map(({ decision }) => decision);

const commands = () => world.power().map(({ command }) => command);

describe('a dev endpoint whose tag allows to delete it', () => {
  it('is warned of, deleted, and made again in the morning of the same configuration with the same tags', async () => {
    world = await openSageMakerEvening({ endpoints: [endpoint()] });
    expect(await world.run(evening)).toMatchObject({ warned: [key] });
    expect(await world.deliver()).toEqual([
      '[WARNING] 1 endpoint in ml-dev, eu-west-1 will be stopped in 15 min: $0.27 an hour',
    ]);
    expect(world.sample.emails.at(-1)?.message).toMatch(
      /An endpoint is deleted:\s+whoever calls it gets an error/,
    );
    expect(await world.run(afterGrace)).toMatchObject({ stopped: [{ id: 'captions', outcome: 'done' }] });
    expect(await world.endpointStatus()).toBe('Deleting');
    expect(await world.run('2026-11-16T22:00:00Z')).toMatchObject({ kept: { stopped: 1 } });
    expect(await world.run(morning)).toMatchObject({ started: [{ id: 'captions', outcome: 'done' }] });
    expect(world.power()).toEqual([
      { command: 'DeleteEndpoint', input: { EndpointName: 'captions' } },
      {
        command: 'CreateEndpoint',
        input: {
          EndpointName: 'captions',
          EndpointConfigName: 'captions-config',
          Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
        },
      },
    ]);
    expect(await world.endpointStatus()).toBe('Creating');
    expect(await world.tagsOf(arns.endpoint)).toEqual(tags);
    expect(await world.run('2026-11-17T08:00:00Z')).toMatchObject({ kept: { 'in-hours': 1 }, started: [] });
    expect(await world.endpointStatus()).toBe('InService');
  });

  it('is deleted and made again evening after evening', async () => {
    await deleted();
    await world.run(morning);
    await world.run('2026-11-17T18:05:00Z');
    await world.deliver();
    expect(await world.run('2026-11-17T18:25:00Z')).toMatchObject({ stopped: [{ outcome: 'done' }] });
    expect(await world.run('2026-11-18T07:05:00Z')).toMatchObject({ started: [{ outcome: 'done' }] });
    expect(commands()).toEqual(['DeleteEndpoint', 'CreateEndpoint', 'DeleteEndpoint', 'CreateEndpoint']);
  });

  it('stays deleted where its tag does not say start', async () => {
    await deleted({ tags: { 'auto-stop': `${officeHours}; delete` } });
    expect(await world.run(morning)).toMatchObject({ started: [], kept: { stopped: 1 } });
  });

  it('is kept while it is called, with how often', async () => {
    const invocations = [{ until: '2026-11-16T17:30:00Z', value: 4 }, { value: 0 }];
    world = await openSageMakerEvening({ endpoints: [endpoint({ invocations })] });
    expect(await planned()).toMatchObject([
      { code: 'busy', reason: expect.stringMatching(/but busy: \d+ invocations in the last 45 min$/) },
    ]);
  });

  it('is kept where a call came in after the warning, even in the last minutes', async () => {
    const invocations = [
      { until: '2026-11-16T18:21:00Z', value: 0 },
      { until: '2026-11-16T18:24:00Z', value: 6 },
      { value: 0 },
    ];
    await warned({ invocations });
    expect(await world.run(afterGrace)).toMatchObject({ stopped: [], kept: { busy: 1 } });
    expect(world.power()).toEqual([]);
  });

  it('is kept where its hosts work though nobody calls it', async () => {
    world = await openSageMakerEvening({ endpoints: [endpoint({ cpu: 60 })] });
    expect(await planned()).toMatchObject([
      {
        code: 'utilization-unknown',
        reason: expect.stringMatching(
          /CPU up to 6\d(\.\d)? % in the last 45 min, though no invocation is counted$/,
        ),
      },
    ]);
  });

  it('is kept where it has just been made', async () => {
    world = await openSageMakerEvening({ endpoints: [endpoint({ created: '2026-11-16T17:40:00Z' })] });
    expect(await world.run(evening)).toMatchObject({ warned: [], kept: { 'recently-started': 1 } });
  });

  it('is kept where CloudWatch does not tell', async () => {
    world = await openSageMakerEvening({ endpoints: [endpoint()] });
    world.fail(/GetMetricData/, 'Throttling', { times: 2 });
    expect(await world.run(evening)).toMatchObject({ warned: [], kept: { 'utilization-unknown': 1 } });
  });

  it.each([
    ['its environment is protected', { tags: { environment: 'production' } }, 'protected-environment'],
    ['nothing tells its environment', { tags: { environment: '' } }, 'no-environment'],
    ['its environment may be production', { tags: { environment: 'eu-production' } }, 'no-environment'],
    ['AWS made it', { tags: { 'aws:cloudformation:stack-name': 'captions' } }, 'aws-tags'],
    [
      'inference components run on it',
      { components: [{ name: 'a', invocations: 0 }] },
      'inference-components',
    ],
    [
      'it costs nothing',
      { type: undefined, serverless: { memoryMb: 2048, maxConcurrency: 4 } },
      'costs-nothing',
    ],
  ])('is kept where %s', async (_, given, code) => {
    world = await openSageMakerEvening({ endpoints: [endpoint(given)] });
    expect(await world.run(evening)).toMatchObject({ warned: [], kept: { [code]: 1 } });
  });

  it.each([
    ['Application Auto Scaling scales it', { scaled: true }, 'endpoint-scaled'],
    ['its model is gone', { modelGone: true }, 'endpoint-model-gone'],
  ])('is neither warned of nor deleted where %s', async (_, given, code) => {
    world = await openSageMakerEvening({ endpoints: [endpoint(given)] });
    expect(await world.run(evening)).toMatchObject({ warned: [], kept: { [code]: 1 } });
  });

  it('is kept where nobody can say whether something scales it', async () => {
    world = await openSageMakerEvening({ endpoints: [endpoint()] });
    world.fail(/DescribeScalableTargets/, 'AccessDeniedException');
    expect(await world.run(evening)).toMatchObject({ warned: [], kept: { 'endpoint-scaled': 1 } });
  });

  it.each<[string, (world: SageMakerEvening) => Promise<unknown>]>([
    ['its tag was removed', ({ untagOne }) => untagOne(arns.endpoint, 'auto-stop')],
    ['its tag says delete no longer', ({ tagOne }) => tagOne(arns.endpoint, 'auto-stop', officeHours)],
    ['its environment was removed', ({ untagOne }) => untagOne(arns.endpoint, 'environment')],
  ])('is kept where, after the warning, %s', async (_, change) => {
    await warned();
    await change(world);
    await world.run(afterGrace);
    expect(world.power()).toEqual([]);
    expect(await world.endpointStatus()).toBe('InService');
  });

  it('is kept where its tag goes while the run is at work', async () => {
    await warned();
    world.clients.cloudWatch.middlewareStack.add(
      (next) => async (args) => {
        await world.untagOne(arns.endpoint, 'auto-stop');
        return next(args);
      },
      { step: 'initialize' },
    );
    expect(await world.run(afterGrace)).toMatchObject({ due: [key], stopped: [] });
    expect(world.power()).toEqual([]);
  });

  it('is left alone in observe mode', async () => {
    world = await openSageMakerEvening({ endpoints: [endpoint()] });
    const config = parseConfig({});
    await world.run(evening, { config });
    await world.deliver();
    expect(await world.run(afterGrace, { config })).toMatchObject({ due: [key], stopped: [] });
    expect(world.power()).toEqual([]);
  });

  it('is made again though the run that deleted it died before it could say so', async () => {
    await warned();
    world.fail(/TransactWrite/, 'Crashed');
    await expect(world.run(afterGrace)).rejects.toThrow();
    await world.run('2026-11-16T18:45:00Z');
    expect(await world.deliver()).toEqual(['[INFO] 1 endpoint stopped in ml-dev, eu-west-1']);
    expect(await world.run(morning)).toMatchObject({ started: [{ id: 'captions', outcome: 'done' }] });
    expect(await world.tagsOf(arns.endpoint)).toEqual(tags);
  });

  it('is deleted once though two runs meet', async () => {
    await warned();
    await Promise.allSettled([world.run(afterGrace), world.run(afterGrace)]);
    expect(commands()).toEqual(['DeleteEndpoint']);
  });

  it('that somebody makes again off hours is honoured while it is called', async () => {
    const invocations = [
      { until: '2026-11-16T20:00:00Z', value: 0 },
      { until: '2026-11-16T22:00:00Z', value: 5 },
      { value: 0 },
    ];
    await deleted({ invocations });
    world.sample.setNow('2026-11-16T20:00:00Z');
    await world.createEndpoint(tags);
    expect(await world.run('2026-11-16T21:00:00Z')).toMatchObject({ kept: { busy: 1 }, warned: [] });
    expect(await world.run('2026-11-16T23:00:00Z')).toMatchObject({ warned: [key] });
  });

  it('that somebody made again, and deleted within its hours, stays deleted', async () => {
    await deleted();
    world.sample.setNow('2026-11-16T20:00:00Z');
    await world.createEndpoint();
    await world.run('2026-11-16T20:30:00Z');
    expect((await getScheduleRecords(world.table, target)).get(key)).toHaveProperty('seenUpAt');
    await world.deleteEndpoint();
    expect(await world.run(morning)).toMatchObject({ started: [], kept: {} });
    expect(commands()).toEqual(['DeleteEndpoint']);
  });

  it('that was started, and deleted by somebody since, stays deleted', async () => {
    await deleted();
    await world.run(morning);
    await world.run('2026-11-17T08:00:00Z');
    await world.deleteEndpoint();
    expect(await world.run('2026-11-17T09:00:00Z')).toMatchObject({ started: [] });
    expect(commands()).toEqual(['DeleteEndpoint', 'CreateEndpoint']);
  });

  it('that somebody makes again at the moment of its start is left as it is', async () => {
    await deleted();
    world.fail(/CreateEndpoint/, 'ValidationException', {
      message: 'Cannot create already existing endpoint',
      after: true,
    });
    expect(await world.run(morning)).toMatchObject({ started: [{ outcome: 'done' }] });
  });

  it('whose configuration is gone is told once in a window', async () => {
    await deleted();
    world.fail(/CreateEndpoint/, 'ValidationException', {
      message: 'Could not find endpoint configuration "captions-config".',
      times: 2,
    });
    await world.deliver();
    expect(await world.run(morning)).toMatchObject({ started: [{ outcome: 'refused' }] });
    expect(await world.deliver()).toEqual([expect.stringContaining('1 endpoint could not be changed')]);
    await world.run('2026-11-17T07:10:00Z');
    expect(await world.deliver()).toEqual([]);
  });
});

describe('a dev endpoint whose tag does not allow to delete it', () => {
  const quiet = () => endpoint({ tags: { 'auto-stop': officeHours } });

  it('is proposed, with what it does, and never deleted', async () => {
    world = await openSageMakerEvening({ endpoints: [quiet()] });
    expect(await planned()).toMatchObject([
      {
        action: 'keep',
        code: 'delete-not-allowed',
        reason: expect.stringMatching(
          /no invocation for 45 min.*which the option "delete" of its tag would allow/,
        ),
      },
    ]);
    await world.run(evening);
    await world.deliver();
    await world.run(afterGrace);
    expect(world.power()).toEqual([]);
  });

  it('is not measured again by each run', async () => {
    world = await openSageMakerEvening({ endpoints: [quiet()] });
    await world.run(evening);
    const asked = world.calls('GetMetricData');
    expect(asked).toBeGreaterThan(0);
    expect(await world.run('2026-11-16T18:10:00Z')).toMatchObject({ kept: { 'delete-not-allowed': 1 } });
    expect(world.calls('GetMetricData')).toBe(asked);
  });
});

it('asks SageMaker nothing where no endpoint carries the tag, and none was deleted', async () => {
  world = await openSageMakerEvening({ endpoints: [endpoint()] });
  await world.untagOne(arns.endpoint, 'auto-stop');
  await world.run(evening);
  expect(world.calls('ListEndpoints')).toBe(0);
});
