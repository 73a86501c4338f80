import { afterEach, describe, expect, it } from 'vitest';
import { parseConfig } from '../../shared/config.ts';
import { getScheduleRecords } from '../../shared/store/schedule-records.ts';
import { planSchedules } from '../../shared/watch/plan-schedules.ts';
import {
  type ContainerEvening,
  node,
  nodegroup,
  openContainerEvening,
  service,
} from '../support/container-evening.ts';
import { afterGrace, evening, idOf, officeHours, target } from '../support/evening.ts';

let world: ContainerEvening;
afterEach(() => world.sample.close());

/** Half an hour after the office in Berlin has opened again. */
const nextMorning = '2026-11-17T07:30:00Z';

const recordOf = async (key: string) => (await getScheduleRecords(world.table, target)).get(key);

/** Warned, and the warning delivered. */
async function warned(...args: Parameters<typeof openContainerEvening>): Promise<void> {
  world = await openContainerEvening(...args);
  await world.run(evening);
  await world.deliver();
}

const decisionOf = async (id: string, now = evening) => {
  world.sample.setNow(now);
  const { planned } = await planSchedules(world.clients, target, parseConfig({ enforce: true }), now);
  return planned.find(({ subject }) => subject.id === id)?.decision;
};

describe('an ECS service that idles after hours', () => {
  it('is warned, then taken down to no task, and gets its count back in the morning', async () => {
    world = await openContainerEvening({ services: [service()] });
    expect(await world.run(evening)).toMatchObject({ warned: ['ecs-service#lab/api'], stopped: [] });
    expect(await world.deliver()).toEqual([
      '[WARNING] 1 ECS service in ml-dev, eu-west-1 will be stopped in 15 min: price unknown',
    ]);
    expect(await world.run(afterGrace)).toMatchObject({ stopped: [{ id: 'lab/api', outcome: 'done' }] });
    expect(world.power()).toEqual([
      { command: 'UpdateService', input: { cluster: 'lab', service: 'api', desiredCount: 0 } },
    ]);
    expect(await world.countOf()).toBe(0);
    expect(await recordOf('ecs-service#lab/api')).toMatchObject({
      stoppedAt: afterGrace,
      restore: { desiredCount: 3 },
    });
    expect(await world.run(nextMorning)).toMatchObject({ started: [{ id: 'lab/api', outcome: 'done' }] });
    expect(await world.countOf()).toBe(3);
  });

  it('costs no call of ECS where nothing carries the tag', async () => {
    world = await openContainerEvening({ services: [] });
    await world.run(evening);
    expect(world.sample.calls.filter(({ call }) => /^(ECS|EKS|Application)/.test(call))).toEqual([]);
  });

  it('is kept where its tag was removed since the warning', async () => {
    await warned({ services: [service()] });
    await world.untagService('auto-stop');
    expect(await world.run(afterGrace)).toMatchObject({ stopped: [] });
    expect(await world.countOf()).toBe(3);
  });

  it('is kept where somebody set keep-until since the warning', async () => {
    await warned({ services: [service()] });
    await world.tagService('auto-stop:keep-until', '2026-11-17');
    expect(await world.run(afterGrace)).toMatchObject({ stopped: [], kept: { 'keep-until': 1 } });
    expect(await world.countOf()).toBe(3);
  });

  it('is changed by no call in observe mode', async () => {
    const config = parseConfig({ enforce: false });
    world = await openContainerEvening({ services: [service()] });
    for (const time of [evening, afterGrace, '2026-11-16T20:00:00Z', nextMorning]) {
      await world.run(time, { config });
      await world.deliver();
    }
    expect(world.power()).toEqual([]);
    expect(await world.countOf()).toBe(3);
  });

  it.each([
    ['its CPU', { cpu: 40 }, /busy: CPU up to 4\d(\.\d)? % in the last 45 min/],
    [
      'a request through its load balancer',
      { requests: { pulse: { every: 30, for: 1, value: 4 } } },
      /busy: requests to api in the last 45 min, up to 4 in 5 min/,
    ],
    ['its network', { network: 800_000 }, /busy: network in up to .* kB\/s/],
  ])('is kept for %s', async (_, given, reason) => {
    world = await openContainerEvening({ services: [service(given)] });
    expect(await decisionOf('lab/api')).toMatchObject({
      action: 'keep',
      code: 'busy',
      reason: expect.stringMatching(reason),
    });
  });

  it.each([
    [
      'too new to be seen through the window',
      { created: '2026-11-16T17:40:00Z' },
      /its CPU was told for .* %/,
    ],
    [
      'whose tasks request GPUs that nobody tells of',
      { name: 'gpu-api', gpus: 1 },
      /tells of none: missing is not idle/,
    ],
  ])('is never idle %s', async (_, given, reason) => {
    const one = service(given);
    world = await openContainerEvening({ services: [one] });
    expect(await decisionOf(`lab/${one.name}`)).toMatchObject({
      action: 'keep',
      code: 'utilization-unknown',
      reason: expect.stringMatching(reason),
    });
  });

  it.each([
    ['warned of where they are silent', 0, 'warn', /2 of 2 GPUs at 0 % for 45 min/],
    ['kept where they work, however low its CPU', 70, 'keep', /busy: 2 of 2 GPUs at work/],
  ])('whose tasks request GPUs is %s', async (_, gpu, action, reason) => {
    const name = `trainer-${gpu}`;
    world = await openContainerEvening({ services: [service({ name, gpus: 2, gpu, desired: 1 })] });
    expect(await decisionOf(`lab/${name}`)).toMatchObject({ action, reason: expect.stringMatching(reason) });
  });

  it('is busy by its CPU though its GPUs are silent', async () => {
    const busy = service({ name: 'trainer-cpu', gpus: 1, gpu: 0, cpu: 80, desired: 1 });
    world = await openContainerEvening({ services: [busy] });
    expect(await decisionOf('lab/trainer-cpu')).toMatchObject({
      code: 'busy',
      reason: expect.stringContaining('busy: CPU up to'),
    });
  });

  it.each([
    ['a daemon', { daemon: true }, 'daemon'],
    ['an Express service', { express: true }, 'managed'],
    ['what auto scaling brings back', { minCapacity: 2 }, 'held-by-scaling'],
    ['one of production', { tags: { environment: 'production' } }, 'protected-environment'],
    ['one in the middle of a deployment', { deploying: true }, 'pending'],
  ])('is left alone where it is %s', async (_, given, code) => {
    world = await openContainerEvening({ services: [service(given)] });
    expect((await decisionOf('lab/api'))?.code).toBe(code);
    await world.run(evening);
    await world.deliver();
    await world.run(afterGrace);
    expect(world.power()).toEqual([]);
  });

  it('may be stopped where auto scaling lets it go down to nothing', async () => {
    await warned({ services: [service({ minCapacity: 0 })] });
    await world.run(afterGrace);
    expect(await world.countOf()).toBe(0);
  });

  it('is left running while somebody works with it after hours, and has its whole count in the morning', async () => {
    const cpu = [
      { until: '2026-11-16T20:00:00Z', value: 0.7 },
      { until: '2026-11-16T21:00:00Z', value: 35 },
      { value: 0.7 },
    ];
    await warned({ services: [service({ cpu })] });
    await world.run(afterGrace);
    world.sample.setNow('2026-11-16T20:00:00Z');
    await world.setCount(1);
    for (const time of ['2026-11-16T20:30:00Z', '2026-11-16T21:00:00Z', '2026-11-16T21:30:00Z']) {
      await world.run(time);
      await world.deliver();
    }
    expect(await world.countOf()).toBe(1);
    await world.run('2026-11-16T22:05:00Z');
    await world.deliver();
    await world.run('2026-11-16T22:25:00Z');
    expect(await world.countOf()).toBe(0);
    await world.run(nextMorning);
    expect(await world.countOf()).toBe(3);
  });

  it('stays down where somebody took it down within its hours, for as long as these last', async () => {
    await warned({ services: [service()] });
    await world.run(afterGrace);
    await world.run(nextMorning);
    world.sample.setNow('2026-11-17T10:00:00Z');
    await world.setCount(0);
    expect(await world.run('2026-11-17T10:05:00Z')).toMatchObject({ kept: { 'already-started': 1 } });
    expect(await world.run('2026-11-17T17:00:00Z')).toMatchObject({ kept: { 'already-started': 1 } });
    expect(await world.countOf()).toBe(0);
    expect(await world.run('2026-11-18T07:30:00Z')).toMatchObject({ started: [{ outcome: 'done' }] });
  });

  it('loses nothing where the run dies after the stop', async () => {
    await warned({ services: [service()] });
    world.fail(/^TransactWrite/, 'InternalServerError');
    await expect(world.run(afterGrace)).rejects.toThrow();
    expect(await world.countOf()).toBe(0);
    expect(await recordOf('ecs-service#lab/api')).toMatchObject({ restore: { desiredCount: 3 } });
    expect(await world.run('2026-11-16T18:45:00Z')).toMatchObject({
      stopped: [{ id: 'lab/api', outcome: 'done' }],
    });
    await world.run(nextMorning);
    expect(await world.countOf()).toBe(3);
  });

  it('is stopped by a later run where AWS throttled this one, or no time was left', async () => {
    await warned({ services: [service()] });
    world.fail(/^UpdateService$/, 'ThrottlingException');
    expect(await world.run(afterGrace, { remainingMs: 10_000 })).toMatchObject({
      stopped: [{ id: 'lab/api', outcome: 'left', code: 'ThrottlingException' }],
    });
    expect(await world.run('2026-11-16T18:30:00Z', { remainingMs: 9_000 })).toMatchObject({
      stopped: [{ id: 'lab/api', outcome: 'left' }],
    });
    expect(await world.countOf()).toBe(3);
    await world.run('2026-11-16T18:35:00Z');
    expect(await world.countOf()).toBe(0);
  });

  it('fails the run where the call is not allowed, and is stopped once it is', async () => {
    await warned({ services: [service()] });
    world.fail(/^UpdateService$/, 'AccessDeniedException');
    await expect(world.run(afterGrace)).rejects.toThrow(/Could not stop or start lab\/api/);
    await world.run('2026-11-16T18:30:00Z');
    expect(await world.countOf()).toBe(0);
  });

  it('is told of where ECS refuses it, and no other is the worse for it', async () => {
    await warned({ services: [service(), service({ name: 'worker' })] });
    world.fail(/^UpdateService$/, 'InvalidParameterException', { message: 'Not this one.' });
    const { stopped } = await world.run(afterGrace);
    expect(stopped.map(({ outcome }) => outcome).toSorted()).toEqual(['done', 'refused']);
    expect(await world.deliver()).toEqual([
      '[WARNING] 1 ECS service stopped, 1 ECS service could not be changed in ml-dev, eu-west-1',
    ]);
  });

  it('counts as stopped where the call took effect and only its answer was lost', async () => {
    await warned({ services: [service()] });
    world.fail(/^UpdateService$/, 'InternalFailure', { after: true });
    expect(await world.run(afterGrace)).toMatchObject({ stopped: [{ id: 'lab/api', outcome: 'done' }] });
  });

  it('is described ten at a time', async () => {
    const services = Array.from({ length: 12 }, (_, index) => service({ name: `api-${index}` }));
    world = await openContainerEvening({ services });
    expect((await world.run(evening)).warned).toHaveLength(12);
    expect(world.calls('DescribeServices')).toBe(2);
  });
});

describe('an EKS node group that idles after hours', () => {
  const idle = { nodegroups: [nodegroup()], nodes: [node(1), node(2)] };

  it('is warned with what its nodes cost, taken down, and gets its sizes back in the morning', async () => {
    world = await openContainerEvening(idle);
    expect(await world.run(evening)).toMatchObject({ warned: ['eks-nodegroup#lab/workers'], stopped: [] });
    expect(await world.deliver()).toEqual([
      '[WARNING] 1 EKS node group in ml-dev, eu-west-1 will be stopped in 15 min: $0.43 an hour',
    ]);
    expect(await world.run(afterGrace)).toMatchObject({
      stopped: [{ id: 'lab/workers', outcome: 'done' }],
    });
    expect(world.power()).toEqual([
      {
        command: 'UpdateNodegroupConfig',
        input: {
          clusterName: 'lab',
          nodegroupName: 'workers',
          scalingConfig: { minSize: 0, desiredSize: 0 },
        },
      },
    ]);
    expect(await world.sizesOf()).toEqual({ minSize: 0, maxSize: 5, desiredSize: 0 });
    expect(world.stateOf(1)).toBe('shutting-down');
    expect(await recordOf('eks-nodegroup#lab/workers')).toMatchObject({
      restore: { minSize: 1, maxSize: 5, desiredSize: 2 },
    });
    expect(await world.run(nextMorning)).toMatchObject({
      started: [{ id: 'lab/workers', outcome: 'done' }],
    });
    expect(await world.sizesOf()).toEqual({ minSize: 1, maxSize: 5, desiredSize: 2 });
  });

  it('is kept where one of its nodes is at work', async () => {
    world = await openContainerEvening({ ...idle, nodes: [node(1), node(2, { cpu: 60 })] });
    expect(await decisionOf('lab/workers')).toMatchObject({
      action: 'keep',
      code: 'busy',
      reason: expect.stringMatching(/busy: 1 of 2 members at work: .*: CPU up to 6\d/),
    });
  });

  it('is kept where a GPU of one of its nodes reports nothing', async () => {
    const silent = node(2, { type: 'g6.xlarge', agent: 'none' });
    world = await openContainerEvening({ ...idle, nodes: [node(1), silent] });
    expect(await decisionOf('lab/workers')).toMatchObject({
      action: 'keep',
      code: 'utilization-unknown',
      reason: expect.stringContaining('unknown is never idle'),
    });
  });

  it('is kept while its youngest node is younger than the idle window', async () => {
    const young = node(2, { launched: '2026-11-16T17:50:00Z' });
    world = await openContainerEvening({ ...idle, nodes: [node(1), young] });
    expect(await decisionOf('lab/workers')).toMatchObject({ code: 'recently-started' });
  });

  it.each([
    ['degraded', { status: 'DEGRADED' as const }, 'nodegroup-unhealthy'],
    ['a capacity block', { capacity: 'CAPACITY_BLOCK' as const }, 'capacity-block'],
    ['for the cluster itself', { taints: ['CriticalAddonsOnly'] }, 'system-nodes'],
    ['kept warm by a pool', { warmPool: true }, 'warm-pool'],
    ['of production', { tags: { environment: 'production' } }, 'protected-environment'],
  ])('is left alone where it is %s', async (_, given, code) => {
    world = await openContainerEvening({ nodegroups: [nodegroup(given)], nodes: [node(1)] });
    expect((await decisionOf('lab/workers'))?.code).toBe(code);
    await world.run(evening);
    await world.deliver();
    await world.run(afterGrace);
    expect(world.power()).toEqual([]);
  });

  it('is kept where its tag was removed since the warning', async () => {
    await warned(idle);
    await world.untagNodegroup('auto-stop');
    expect(await world.run(afterGrace)).toMatchObject({ stopped: [] });
    expect(await world.sizesOf()).toMatchObject({ desiredSize: 2 });
  });

  it('is changed by no call in observe mode', async () => {
    const config = parseConfig({ enforce: false });
    world = await openContainerEvening(idle);
    for (const time of [evening, afterGrace, nextMorning]) {
      await world.run(time, { config });
      await world.deliver();
    }
    expect(world.power()).toEqual([]);
  });

  it('is left up while pods that were pending work there, and has its first sizes in the morning', async () => {
    await warned(idle);
    await world.run(afterGrace);
    world.sample.setNow('2026-11-16T20:00:00Z');
    await world.setSizes(0, 1); // as an autoscaler does for pods that find no node
    await world.run('2026-11-16T20:30:00Z');
    await world.deliver();
    expect(await world.sizesOf()).toMatchObject({ desiredSize: 1 });
    await world.run('2026-11-16T21:05:00Z');
    await world.deliver();
    await world.run('2026-11-16T21:25:00Z');
    expect(await world.sizesOf()).toEqual({ minSize: 0, maxSize: 5, desiredSize: 0 });
    await world.run(nextMorning);
    expect(await world.sizesOf()).toEqual({ minSize: 1, maxSize: 5, desiredSize: 2 });
  });

  it('stays down where somebody took it down within its hours', async () => {
    world = await openContainerEvening(idle);
    world.sample.setNow('2026-11-16T15:00:00Z');
    await world.setSizes(0, 0);
    expect(await world.run('2026-11-17T07:30:00Z')).toMatchObject({ kept: { 'stopped-by-hand': 1 } });
    expect(await world.sizesOf()).toMatchObject({ desiredSize: 0 });
  });

  it('loses nothing where the run dies after the stop', async () => {
    await warned(idle);
    world.fail(/^TransactWrite/, 'InternalServerError');
    await expect(world.run(afterGrace)).rejects.toThrow();
    await world.run('2026-11-16T18:45:00Z');
    await world.run(nextMorning);
    expect(await world.sizesOf()).toEqual({ minSize: 1, maxSize: 5, desiredSize: 2 });
  });

  it('is left to the next run while EKS makes another update', async () => {
    await warned(idle);
    world.fail(/^UpdateNodegroupConfig$/, 'ThrottlingException');
    expect(await world.run(afterGrace, { remainingMs: 10_000 })).toMatchObject({
      stopped: [{ outcome: 'left', code: 'ThrottlingException' }],
    });
    await world.setSizes(1, 3);
    expect(await world.run('2026-11-16T18:25:20Z')).toMatchObject({ stopped: [], kept: { pending: 1 } });
    expect(await world.sizesOf()).toMatchObject({ desiredSize: 3 });
  });

  it('fails the run where the call is not allowed', async () => {
    await warned(idle);
    world.fail(/^UpdateNodegroupConfig$/, 'AccessDeniedException');
    await expect(world.run(afterGrace)).rejects.toThrow(/Could not stop or start lab\/workers/);
    expect(world.stateOf(1)).toBe('running');
  });

  it('never counts a node for an instance of its own', async () => {
    const tagged = node(3, {
      tags: { 'auto-stop': officeHours, 'aws:autoscaling:groupName': 'eks-workers' },
    });
    world = await openContainerEvening({ ...idle, nodes: [node(1), tagged] });
    expect((await decisionOf(idOf(3)))?.code).toBe('auto-scaling');
  });
});
