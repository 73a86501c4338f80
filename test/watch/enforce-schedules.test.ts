import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { parseConfig } from '../../shared/config.ts';
import { logger } from '../../shared/observability.ts';
import type { ScheduleRecord } from '../../shared/schedule/record.ts';
import { claimStop, getScheduleRecords } from '../../shared/store/schedule-records.ts';
import { putStopBlock } from '../../shared/store/stop-block.ts';
import { getWork, putWork } from '../../shared/store/work.ts';
import { targetName } from '../../shared/target.ts';
import {
  afterGrace,
  type Evening,
  evening,
  idOf,
  machine,
  officeHours,
  openEvening,
  target,
} from '../support/evening.ts';

let world: Evening;
afterEach(() => world.sample.close());

const stopsOf = ({ power }: Evening) =>
  power()
    .filter(({ command }) => command === 'StopInstances')
    .flatMap(({ input }) => input['InstanceIds']);

/** Warned, and the warning delivered. */
async function warned(...args: Parameters<typeof openEvening>): Promise<Evening> {
  world = await openEvening(...args);
  await world.run(evening);
  await world.deliver();
  return world;
}

/** What earlier runs have left behind of the first machine. */
const remember = (record: ScheduleRecord) =>
  world.table.client.send(
    new PutCommand({
      TableName: 'watchdog',
      Item: { pk: `INSTANCE#${target.account}#${target.region}`, sk: idOf(1), ...record },
    }),
  );

describe('from the warning to the stop', () => {
  it('warns first, and stops what is still idle when the grace period is over', async () => {
    world = await openEvening([machine(1, { name: 'annotation-app' })]);
    expect(await world.run(evening)).toMatchObject({ mode: 'enforce', warned: [idOf(1)], stopped: [] });
    expect(await world.deliver()).toEqual([
      '[WARNING] 1 instance in ml-dev, eu-west-1 will be stopped in 15 min: $0.21 an hour',
    ]);
    expect(await world.run('2026-11-16T18:10:00Z')).toMatchObject({ kept: { warned: 1 }, stopped: [] });
    expect(await world.run(afterGrace)).toMatchObject({
      stopped: [{ id: idOf(1), outcome: 'done' }],
    });
    expect(stopsOf(world)).toEqual([idOf(1)]);
    expect(world.stateOf(1)).toBe('stopping');
    expect(await world.deliver()).toEqual(['[INFO] 1 instance stopped in ml-dev, eu-west-1']);
  });

  it('stops nothing that nobody was warned of', async () => {
    world = await openEvening([machine(1)]);
    await world.run(evening);
    expect(await world.run(afterGrace)).toMatchObject({ kept: { 'warning-undelivered': 1 }, stopped: [] });
    expect(await world.run('2026-11-16T22:00:00Z')).toMatchObject({ kept: { 'warning-undelivered': 1 } });
    expect(world.stateOf(1)).toBe('running');
  });

  it('stops after a long delay of the warning, once it has arrived', async () => {
    world = await openEvening([machine(1)]);
    await world.run(evening);
    await world.run(afterGrace);
    await world.deliver();
    await world.run('2026-11-16T18:30:00Z');
    expect(stopsOf(world)).toEqual([idOf(1)]);
  });

  it.each<[string, (world: Evening) => Promise<unknown>]>([
    ['its schedule tag was removed', ({ untag }) => untag(1, 'auto-stop')],
    ['its schedule tag now says off', ({ tag }) => tag(1, 'auto-stop', 'off')],
    ['it is to be kept until tomorrow', ({ tag }) => tag(1, 'auto-stop:keep-until', '2026-11-17')],
    ['its keep-until can not be read', ({ tag }) => tag(1, 'auto-stop:keep-until', 'tomorrow')],
    ['it became production', ({ tag }) => tag(1, 'environment', 'production')],
    ['it got a second tag in another case', ({ tag }) => tag(1, 'Auto-Stop', 'off')],
  ])('keeps it where, after the warning, %s', async (_, change) => {
    world = await warned([machine(1)]);
    await change(world);
    await world.run(afterGrace);
    expect(stopsOf(world)).toEqual([]);
  });

  it('keeps it where its tag goes while the run is at work', async () => {
    world = await warned([machine(1), machine(2)]);
    const { middlewareStack } = world.clients.cloudWatch;
    middlewareStack.add(
      (next) => async (args) => {
        await world.untag(1, 'auto-stop');
        return next(args);
      },
      { step: 'initialize' },
    );
    await world.run(afterGrace);
    expect(stopsOf(world)).toEqual([idOf(2)]);
  });

  it('warns again on the next evening, and does not count the old warning', async () => {
    world = await warned([machine(1, { tags: { 'auto-stop:keep-until': '2026-11-16T23:30:00Z' } })]);
    await world.untag(1, 'auto-stop:keep-until');
    await world.run('2026-11-16T20:00:00Z');
    await world.deliver();
    await world.tag(1, 'auto-stop:keep-until', '2026-11-17T12:00:00Z');
    expect(await world.run('2026-11-17T18:05:00Z')).toMatchObject({ warned: [idOf(1)], stopped: [] });
  });

  it('hibernates what its tag wants hibernated and what can', async () => {
    const hibernate = { 'auto-stop': `${officeHours}; hibernate` };
    world = await warned([
      machine(1, { tags: hibernate, hibernation: true }),
      machine(2, { tags: hibernate }),
    ]);
    await world.run(afterGrace);
    expect(world.power()).toEqual([
      { command: 'StopInstances', input: { InstanceIds: [idOf(1)], Hibernate: true } },
      { command: 'StopInstances', input: { InstanceIds: [idOf(2)] } },
    ]);
  });

  it('warns each owner of their own, and stops both in one call', async () => {
    world = await openEvening([machine(1), machine(2, { tags: { owner: 'anton' } }), machine(3)]);
    await world.run(evening);
    expect(await world.deliver()).toHaveLength(2);
    await world.run(afterGrace);
    expect(world.calls('StopInstances')).toBe(1);
    expect((await world.deliver()).toSorted()).toEqual([
      '[INFO] 1 instance stopped in ml-dev, eu-west-1',
      '[INFO] 2 instances stopped in ml-dev, eu-west-1',
    ]);
  });
});

describe('what is at work', () => {
  const busy = () => machine(1, { cpu: [{ until: '2026-11-16T18:02:00Z', value: 60 }, { value: 0.5 }] });

  it('is kept, and not asked for metrics again before it can be idle', async () => {
    world = await openEvening([busy()]);
    expect(await world.run(evening)).toMatchObject({ kept: { busy: 1 }, warned: [] });
    const asked = world.calls('GetMetricData');
    expect(asked).toBeGreaterThan(0);
    expect(await world.run('2026-11-16T18:30:00Z')).toMatchObject({ kept: { busy: 1 } });
    expect(world.calls('GetMetricData')).toBe(asked);
    expect(await world.run('2026-11-16T19:00:00Z')).toMatchObject({ warned: [idOf(1)] });
    expect(world.calls('GetMetricData')).toBeGreaterThan(asked);
  });

  it('is not asked for metrics again while CloudWatch can only tell the same work', async () => {
    const cpu = [{ until: '2026-11-16T17:58:00Z', value: 60 }, { value: 0.5 }]; // the last point is of 17:55
    world = await openEvening([machine(1, { cpu })]);
    await world.run(evening);
    const asked = world.calls('GetMetricData');
    expect(await world.run('2026-11-16T18:45:00Z')).toMatchObject({ kept: { busy: 1 } });
    expect(world.calls('GetMetricData')).toBe(asked);
    expect(await world.run('2026-11-16T18:50:00Z')).toMatchObject({ warned: [idOf(1)] });
  });

  it('is kept where work began after the warning, and warned of anew when it ends', async () => {
    const cpu = [
      { until: '2026-11-16T18:12:00Z', value: 0.5 },
      { until: '2026-11-16T18:20:00Z', value: 70 },
      { value: 0.5 },
    ];
    world = await warned([machine(1, { cpu })]);
    expect(await world.run(afterGrace)).toMatchObject({ kept: { busy: 1 }, stopped: [] });
    expect(await world.run('2026-11-16T19:30:00Z')).toMatchObject({ warned: [idOf(1)], stopped: [] });
  });
});

describe('what another watch has seen at work', () => {
  const seen = (id: string, lastBusy: string) =>
    putWork(world.table, target, new Map([[id, { lastBusy }]]), lastBusy);

  it('is kept without a metric asked for', async () => {
    world = await openEvening([machine(1)]);
    await seen(idOf(1), '2026-11-16T17:55:00Z');
    expect(await world.run(evening)).toMatchObject({ kept: { busy: 1 }, warned: [] });
    expect(world.calls('GetMetricData')).toBe(0);
  });

  it('is not stopped by a warning from before its work, but warned of anew', async () => {
    world = await warned([machine(1)]);
    await seen(idOf(1), '2026-11-16T18:15:00Z');
    expect(await world.run(afterGrace)).toMatchObject({ kept: { busy: 1 }, stopped: [] });
    expect(await world.run('2026-11-16T19:15:00Z')).toMatchObject({ warned: [idOf(1)], stopped: [] });
    await world.deliver();
    expect(await world.run('2026-11-16T19:35:00Z')).toMatchObject({ stopped: [{ id: idOf(1) }] });
  });

  it('hears in turn of what was seen here, and of nothing that is older than what it knows', async () => {
    const cpu = [{ until: '2026-11-16T17:58:00Z', value: 60 }, { value: 0.5 }];
    world = await openEvening([machine(1, { cpu }), machine(2), machine(3, { cpu })]);
    await seen(idOf(3), '2026-11-16T17:59:00Z');
    await world.run(evening);
    expect(await getWork(world.table, target)).toEqual(
      new Map([
        [idOf(1), { lastBusy: '2026-11-16T17:55:00Z', reason: expect.stringMatching(/^CPU up to/) }],
        [idOf(3), { lastBusy: '2026-11-16T17:59:00Z' }],
      ]),
    );
  });
});

describe('what can not be measured', () => {
  it('is looked at again after half an hour, and until then kept for what was found', async () => {
    world = await openEvening([machine(1)]);
    world.fail(/GetMetricData/, 'Throttling', { times: 1 });
    expect(await world.run(evening)).toMatchObject({ kept: { 'utilization-unknown': 1 } });
    const asked = world.calls('GetMetricData');
    for (const time of ['2026-11-16T18:10:00Z', '2026-11-16T18:30:00Z']) {
      expect(await world.run(time)).toMatchObject({ kept: { 'utilization-unknown': 1 }, warned: [] });
    }
    expect(world.calls('GetMetricData')).toBe(asked);
    expect(await world.run('2026-11-16T18:35:00Z')).toMatchObject({ warned: [idOf(1)] });
  });

  it('is not remembered of what has just started: it may be judged soon', async () => {
    world = await openEvening([machine(1, { launched: '2026-11-16T17:15:00Z' })]);
    expect(await world.run('2026-11-16T18:03:00Z')).toMatchObject({ kept: { 'utilization-unknown': 1 } });
    expect(await world.run('2026-11-16T18:10:00Z')).toMatchObject({ warned: [idOf(1)] });
  });
});

describe('an event that comes twice, or late', () => {
  it('warns once, stops once and tells it once', async () => {
    world = await openEvening([machine(1), machine(2)]);
    await world.run(evening);
    expect(await world.run(evening)).toMatchObject({ warned: [] });
    expect(await world.deliver()).toHaveLength(1);
    await world.run(afterGrace);
    expect(await world.run(afterGrace)).toMatchObject({ stopped: [] });
    expect(stopsOf(world)).toEqual([idOf(1), idOf(2)]);
    expect(await world.deliver()).toHaveLength(1);
  });

  it.each([
    ['the same event', afterGrace, afterGrace],
    ['two events', afterGrace, '2026-11-16T18:30:00Z'],
  ])('makes one warning, one stop and one alert of %s worked at the same time', async (_, one, other) => {
    world = await openEvening([machine(1), machine(2), machine(3)]);
    await Promise.all([world.run(evening), world.run(evening)]);
    expect(await world.deliver()).toHaveLength(1);
    const runs = await Promise.all([world.run(one), world.run(other)]);
    expect(stopsOf(world).toSorted()).toEqual([idOf(1), idOf(2), idOf(3)]);
    expect(runs.flatMap(({ stopped }) => stopped)).toHaveLength(3);
    const told = world.sample.emails.length;
    await world.deliver();
    const listed = world.sample.emails
      .slice(told)
      .flatMap(({ message }) => message.match(/Stopped: i-\d+/g) ?? []);
    expect(listed.toSorted()).toEqual([1, 2, 3].map((number) => `Stopped: ${idOf(number)}`));
  });

  it('warns once where an event that came late, and still sees work, is worked at the same time', async () => {
    const cpu = [{ until: '2026-11-16T17:14:00Z', value: 60 }, { value: 0.5 }]; // 45 min ago by the later event alone
    world = await openEvening([machine(1, { cpu })]);
    await remember({ stoppedAt: '2026-11-13T18:25:00Z' });
    let later: Promise<unknown> | undefined;
    world.clients.cloudWatch.middlewareStack.add(
      (next) => async (args) => {
        const isFirst = later === undefined;
        later ??= world.run(evening);
        if (isFirst) await later;
        return next(args);
      },
      { step: 'initialize', name: 'meanwhile' },
    );
    await world.run('2026-11-16T18:04:00Z', { arrivedAt: evening });
    world.clients.cloudWatch.middlewareStack.remove('meanwhile');
    expect(await world.deliver()).toHaveLength(1);
    expect(await world.run(afterGrace)).toMatchObject({ warned: [], stopped: [{ outcome: 'done' }] });
  });

  it('tells of the rest where a second delivery of the event stops more', async () => {
    world = await warned([machine(1), machine(2)]);
    await world.tag(2, 'environment', 'production');
    await world.run(afterGrace);
    await world.untag(2, 'environment');
    await world.run(afterGrace);
    expect(stopsOf(world)).toEqual([idOf(1), idOf(2)]);
    expect(await world.deliver()).toHaveLength(2);
    expect((await getScheduleRecords(world.table, target)).get(idOf(2))).toEqual({ stoppedAt: afterGrace });
  });

  it('discards one that is too old, before any call', async () => {
    world = await warned([machine(1)]);
    const before = world.sample.calls.length;
    const logged = vi.spyOn(logger, 'warn');
    const late = await world.run(afterGrace, { arrivedAt: '2026-11-16T18:40:01Z' });
    expect(logged).toHaveBeenCalledExactlyOnceWith('event discarded', {
      target: targetName(target),
      time: afterGrace,
      arrivedAt: '2026-11-16T18:40:01Z',
    });
    expect(late.discarded).toContain('too old to act on');
    expect(world.sample.calls.length).toBe(before);
    expect(await world.run(afterGrace, { arrivedAt: '2026-11-16T18:40:00Z' })).toMatchObject({
      stopped: [{ id: idOf(1) }],
    });
  });

  it('has a skipped run made up by the next one', async () => {
    world = await openEvening([machine(1)]);
    expect(await world.run('2026-11-16T21:40:00Z')).toMatchObject({ warned: [idOf(1)] });
  });
});

describe('observe mode', () => {
  const observing = parseConfig({});
  const mutating = ({ sample }: Evening) =>
    sample.calls.filter(({ call }) => /^EC2:(?!Describe)/.test(call)).map(({ call }) => call);

  it('says what would be stopped, and makes no call that changes anything', async () => {
    world = await openEvening([
      machine(1),
      machine(2, {
        tags: { 'auto-stop': 'Mon-Fri 19:00-23:00 Europe/Berlin; start' },
        stopped: '2026-11-16T09:00:00Z',
      }),
    ]);
    expect(await world.run(evening, { config: observing })).toMatchObject({
      mode: 'observe',
      warned: [idOf(1)],
    });
    expect(await world.deliver()).toEqual([
      '[INFO] 1 instance in ml-dev, eu-west-1 would be stopped in 15 min: $0.21 an hour',
    ]);
    expect(await world.run(afterGrace, { config: observing })).toMatchObject({
      due: [idOf(1)],
      stopped: [],
      started: [],
    });
    expect(await world.run('2026-11-16T18:30:00Z', { config: observing })).toMatchObject({ due: [idOf(1)] });
    expect(await world.deliver()).toEqual([]);
    expect(mutating(world)).toEqual([]);
  });

  it('measures nothing more in these off-hours once it was told', async () => {
    world = await openEvening([machine(1)]);
    await world.run(evening, { config: observing });
    await world.deliver();
    const asked = world.calls('GetMetricData');
    for (const time of [afterGrace, '2026-11-16T22:00:00Z', '2026-11-17T06:55:00Z']) {
      expect(await world.run(time, { config: observing })).toMatchObject({
        due: [idOf(1)],
        kept: { observed: 1 },
      });
    }
    expect(world.calls('GetMetricData')).toBe(asked);
    await world.run('2026-11-17T18:05:00Z', { config: observing });
    expect(await world.deliver()).toHaveLength(1);
  });

  it('gave warnings that do not count once stops are enforced', async () => {
    world = await openEvening([machine(1)]);
    await world.run(evening, { config: observing });
    await world.deliver();
    expect(await world.run(afterGrace)).toMatchObject({ warned: [idOf(1)], stopped: [] });
    expect(mutating(world)).toEqual([]);
    await world.deliver();
    expect(await world.run('2026-11-16T18:40:00Z')).toMatchObject({ stopped: [{ id: idOf(1) }] });
  });
});

describe('what holds every stop back', () => {
  it('is the breaker: above its limit nothing is stopped, and it is told once a day', async () => {
    world = await warned([machine(1), machine(2), machine(3)], { stop: { maxStops: 2 } });
    expect(await world.run(afterGrace)).toMatchObject({
      blocked: '3 stops are more than the 2 allowed',
      due: [idOf(1), idOf(2), idOf(3)],
      stopped: [],
    });
    await world.run('2026-11-16T18:30:00Z');
    expect(stopsOf(world)).toEqual([]);
    expect(await world.deliver()).toEqual([
      '[CRITICAL] Nothing was stopped in ml-dev, eu-west-1, although stops were due',
    ]);
  });

  it('is the breaker: measured again after half an hour, and no fewer counted until then', async () => {
    const always = { 'auto-stop': `${officeHours}; always` };
    world = await warned([machine(1), machine(2), machine(3, { tags: always })], { stop: { maxStops: 2 } });
    await world.run(afterGrace);
    const asked = world.calls('GetMetricData');
    for (const time of ['2026-11-16T18:30:00Z', '2026-11-16T18:50:00Z']) {
      expect(await world.run(time)).toMatchObject({
        blocked: '3 stops are more than the 2 allowed',
        due: expect.arrayContaining([idOf(1), idOf(2), idOf(3)]),
      });
    }
    expect(world.calls('GetMetricData')).toBe(asked);
    await world.run('2026-11-16T18:55:00Z');
    expect(world.calls('GetMetricData')).toBeGreaterThan(asked);
    expect(stopsOf(world)).toEqual([]);
  });

  it('is a bill that can not be believed: nothing is measured and nobody is warned meanwhile', async () => {
    world = await warned([machine(1)]);
    const until = '2026-11-16T20:00:00Z';
    await putStopBlock(world.table, { reason: 'a bill', since: evening, until });
    const asked = world.calls('GetMetricData');
    expect(await world.run(afterGrace)).toMatchObject({ due: [idOf(1)], kept: { 'held-back': 1 } });
    expect(world.calls('GetMetricData')).toBe(asked);
    expect(await world.deliver()).toHaveLength(1);
  });

  it('is a bill that can not be believed: who was not warned before is warned when the doubt is over', async () => {
    world = await openEvening([machine(1)]);
    const until = '2026-11-16T20:00:00Z';
    await putStopBlock(world.table, { reason: 'a bill', since: evening, until });
    expect(await world.run(evening)).toMatchObject({ due: [], warned: [], kept: { 'stops-blocked': 1 } });
    expect(world.calls('GetMetricData')).toBe(0);
    expect(await world.deliver()).toEqual([]);
    expect(await world.run(until)).toMatchObject({ warned: [idOf(1)] });
  });

  it('is a bill that can not be believed, until the doubt is over', async () => {
    world = await warned([machine(1)]);
    const reason = 'the bill of 2026-11-15 is 240 times the usual with the same usage';
    await putStopBlock(world.table, { reason, since: evening, until: '2026-11-16T20:00:00Z' });
    expect(await world.run(afterGrace)).toMatchObject({ blocked: reason, due: [idOf(1)], stopped: [] });
    expect(stopsOf(world)).toEqual([]);
    expect(await world.deliver()).toHaveLength(1);
    expect(await world.run('2026-11-16T20:00:00Z')).toMatchObject({ stopped: [{ id: idOf(1) }] });
  });

  it('is a listing of which a page is missing: the run fails, and nothing is decided on a part', async () => {
    world = await warned([machine(1), machine(2)]);
    let pages = 0;
    world.clients.ec2.middlewareStack.add(
      (next, { commandName }) =>
        async (args) => {
          if (commandName !== 'DescribeInstancesCommand') return next(args);
          pages += 1;
          if (pages > 1) throw new Error('Request limit exceeded.');
          const answer = await next(args);
          return { ...answer, output: { ...answer.output, NextToken: '1' } };
        },
      { step: 'initialize' },
    );
    await expect(world.run(afterGrace)).rejects.toThrow('Request limit exceeded.');
    expect(pages).toBe(2);
    expect(stopsOf(world)).toEqual([]);
  });
});

describe('a stop that does not go as it should', () => {
  it('is told later, once, where the run dies between the stop and its record', async () => {
    world = await warned([machine(1)]);
    world.fail(/TransactWrite/, 'InternalServerError');
    await expect(world.run(afterGrace)).rejects.toThrow();
    expect(world.stateOf(1)).toBe('stopping');

    for (const time of ['2026-11-16T18:30:00Z', '2026-11-16T18:35:00Z']) {
      expect(await world.run(time)).toMatchObject({ stopped: [], warned: [] });
    }
    expect(await world.deliver()).toEqual([]);

    const [one, other] = await Promise.all([
      world.run('2026-11-16T18:45:00Z'),
      world.run('2026-11-16T18:50:00Z'),
    ]);
    expect([one, other].flatMap(({ stopped }) => stopped).length).toBeGreaterThan(0);
    await world.run('2026-11-16T18:55:00Z');
    expect(stopsOf(world)).toEqual([idOf(1)]);
    expect(await world.deliver()).toEqual(['[INFO] 1 instance stopped in ml-dev, eu-west-1']);
    expect((await getScheduleRecords(world.table, target)).get(idOf(1))).toEqual({ stoppedAt: afterGrace });
  });

  it('is made later where the run dies between its claim and the stop', async () => {
    world = await warned([machine(1)]);
    const { warning } = (await getScheduleRecords(world.table, target)).get(idOf(1)) ?? {};
    await claimStop(world.table, target, idOf(1), afterGrace, { warning });
    expect(await world.run('2026-11-16T18:30:00Z')).toMatchObject({ due: [idOf(1)], stopped: [] });
    expect(await world.run('2026-11-16T18:45:00Z')).toMatchObject({ stopped: [{ outcome: 'done' }] });
  });

  it('is not told of what somebody stopped by hand, long after a run died between its claim and the stop', async () => {
    const cpu = [{ until: '2026-11-16T18:12:00Z', value: 0.5 }, { value: 70 }];
    world = await warned([machine(1, { cpu, stopped: '2026-11-16T20:00:00Z' })]);
    const { warning } = (await getScheduleRecords(world.table, target)).get(idOf(1)) ?? {};
    await claimStop(world.table, target, idOf(1), afterGrace, { warning });
    for (const time of ['2026-11-16T18:45:00Z', '2026-11-16T20:30:00Z']) {
      expect(await world.run(time)).toMatchObject({ stopped: [] });
    }
    expect(await world.deliver()).toEqual([]);
  });

  it("is nobody's where an old claim was left and somebody has started and stopped it since", async () => {
    world = await openEvening([
      machine(1, { launched: '2026-11-16T17:00:00Z', stopped: '2026-11-16T18:10:00Z' }),
    ]);
    await world.run('2026-11-16T17:55:00Z');
    await remember({ stopRequestedAt: '2026-11-13T18:25:00Z' });
    expect(await world.run('2026-11-16T18:45:00Z')).toMatchObject({ stopped: [] });
    expect(await world.deliver()).toEqual([]);
  });

  it('is left to the next run where little time remains', async () => {
    world = await warned([machine(1)]);
    expect(await world.run(afterGrace, { remainingMs: 9_000 })).toMatchObject({
      stopped: [{ id: idOf(1), outcome: 'left' }],
    });
    expect(stopsOf(world)).toEqual([]);
    expect(await world.run('2026-11-16T18:30:00Z')).toMatchObject({ stopped: [{ outcome: 'done' }] });
    expect(await world.deliver()).toEqual(['[INFO] 1 instance stopped in ml-dev, eu-west-1']);
  });

  it('is not announced where its stop protection is on: EC2 would refuse it', async () => {
    world = await openEvening([machine(1, { stopProtection: true })]);
    expect(await world.run(evening)).toMatchObject({ warned: [], kept: { 'stop-protection': 1 } });
    expect(await world.deliver()).toEqual([]);
  });

  it('is told once where AWS refuses it, and not asked for again by each run', async () => {
    // Nobody could ask whether it is protected, so that EC2 says so itself.
    world = await openEvening([machine(1, { stopProtection: true }), machine(2)]);
    world.fail(/DescribeInstanceAttribute/, 'UnauthorizedOperation', { times: 10 });
    await world.run(evening);
    await world.deliver();
    expect(await world.run(afterGrace)).toMatchObject({
      stopped: [
        { id: idOf(1), outcome: 'refused', code: 'OperationNotPermitted' },
        { id: idOf(2), outcome: 'done' },
      ],
    });
    const asked = world.calls('StopInstances');
    for (const time of ['2026-11-16T18:30:00Z', '2026-11-16T19:30:00Z', '2026-11-17T03:00:00Z']) {
      expect(await world.run(time)).toMatchObject({ kept: { refused: 1 }, warned: [], stopped: [] });
    }
    expect(world.calls('StopInstances')).toBe(asked);
    expect(await world.deliver()).toEqual([
      '[WARNING] 1 instance stopped, 1 instance could not be changed in ml-dev, eu-west-1',
    ]);
  });

  it('fails the run where the watchdog may not stop anything, and is made as soon as it may', async () => {
    world = await warned([machine(1)]);
    world.fail(/StopInstances/, 'UnauthorizedOperation', { message: 'You are not authorized.' });
    await expect(world.run(afterGrace)).rejects.toThrow(
      `Could not stop or start ${idOf(1)}: UnauthorizedOperation: No permission for ec2:StopInstances`,
    );
    expect(await world.deliver()).toEqual([]);
    expect(await world.run('2026-11-16T18:30:00Z')).toMatchObject({ stopped: [{ outcome: 'done' }] });
  });

  it('is told later, once, where its answer was lost and nobody could ask what came of it', async () => {
    world = await warned([machine(1)]);
    world.fail(/StopInstances/, 'InternalError', { after: true });
    world.clients.ec2.middlewareStack.add(
      (next, { commandName }) =>
        (args) => {
          // Once it is stopped: the run that stopped it can't ask.
          const isAsked = commandName === 'DescribeInstancesCommand' && world.stateOf(1) === 'stopping';
          return isAsked ? Promise.reject(new Error('Request limit exceeded.')) : next(args);
        },
      { step: 'initialize', name: 'unaskable' },
    );
    await expect(world.run(afterGrace)).rejects.toThrow(`Could not stop or start ${idOf(1)}: InternalError`);
    world.clients.ec2.middlewareStack.remove('unaskable');
    expect(await world.run('2026-11-16T18:30:00Z')).toMatchObject({ stopped: [] });
    await world.run('2026-11-16T18:45:00Z');
    await world.run('2026-11-16T18:50:00Z');
    expect(await world.deliver()).toEqual(['[INFO] 1 instance stopped in ml-dev, eu-west-1']);
    expect((await getScheduleRecords(world.table, target)).get(idOf(1))).toEqual({ stoppedAt: afterGrace });
  });

  it('counts as made where only the answer was lost', async () => {
    world = await warned([machine(1)]);
    world.fail(/StopInstances/, 'TimeoutError', { after: true });
    expect(await world.run(afterGrace)).toMatchObject({ stopped: [{ outcome: 'done' }] });
    expect(await world.deliver()).toHaveLength(1);
  });
});

describe('a tag that can not be read', () => {
  it.each([
    ['auto-stop', 'weekdays 8 to 6'],
    ['auto-stop:keep-until', 'next friday'],
    ['Auto-Stop', officeHours],
  ])('protects its instance and is told once over many runs: %s', async (key, value) => {
    world = await openEvening([machine(1, { tags: { [key]: value } })]);
    for (const time of [evening, afterGrace, '2026-11-17T09:00:00Z', '2026-11-17T18:30:00Z']) {
      expect(await world.run(time)).toMatchObject({ warned: [], stopped: [] });
    }
    const told = await world.deliver();
    expect(told).toHaveLength(1);
    expect(told[0]).toContain("can't be read");
  });
});

describe("another scheduler's tag", () => {
  const settings = { compatibility: { custodian: { timeZone: 'cet' } } };
  const theirs = (value: string) => {
    const { tags, ...given } = machine(1);
    return { ...given, tags: { owner: tags?.['owner'] ?? '', maid_offhours: value } };
  };

  it('warns and stops as ours does, where it is read', async () => {
    world = await warned([theirs('off=(M-F,19);on=(M-F,7)')], settings);
    expect(await world.run(afterGrace)).toMatchObject({
      stopped: [{ id: idOf(1), outcome: 'done' }],
    });
  });

  it('is none where it is not read', async () => {
    world = await openEvening([theirs('off=(M-F,19);on=(M-F,7)')]);
    expect(await world.run(evening)).toMatchObject({ warned: [], kept: {} });
  });

  it('that can not be read protects its instance, and is told once with its value', async () => {
    world = await openEvening([theirs('weekdays')], settings);
    for (const time of [evening, afterGrace]) expect(await world.run(time)).toMatchObject({ warned: [] });
    expect(await world.deliver()).toHaveLength(1);
    expect(world.sample.emails.at(-1)?.message).toContain('maid_offhours');
  });
});

describe('in the morning', () => {
  const opening = '2026-11-17T07:00:00Z'; // 08:00 in Berlin
  const asleep = (number: number) =>
    machine(number, { tags: { 'auto-stop': `${officeHours}; start` }, stopped: '2026-11-16T18:25:00Z' });

  it('starts what its schedule starts, and nothing that it only stops', async () => {
    world = await openEvening([asleep(1), machine(2, { stopped: '2026-11-16T18:25:00Z' })]);
    expect(await world.run('2026-11-17T06:55:00Z')).toMatchObject({ started: [] });
    expect(await world.run(opening)).toMatchObject({ started: [{ id: idOf(1), outcome: 'done' }] });
    expect(world.power()).toEqual([{ command: 'StartInstances', input: { InstanceIds: [idOf(1)] } }]);
    expect(await world.run('2026-11-17T07:05:00Z')).toMatchObject({ started: [] });
  });

  it('records a start before it is made, and that it was made', async () => {
    world = await openEvening([asleep(1)]);
    const records: unknown[] = [];
    world.clients.ec2.middlewareStack.add(
      (next, { commandName }) =>
        async (args) => {
          if (commandName === 'StartInstancesCommand') {
            records.push((await getScheduleRecords(world.table, target)).get(idOf(1)));
          }
          return next(args);
        },
      { step: 'initialize' },
    );
    await world.run(opening);
    expect(records).toEqual([{ startRequestedAt: opening }]);
    expect((await getScheduleRecords(world.table, target)).get(idOf(1))).toEqual({ startedAt: opening });
  });

  it('starts once where two runs see the same', async () => {
    world = await openEvening([asleep(1)]);
    const runs = await Promise.all([world.run(opening), world.run('2026-11-17T07:05:00Z')]);
    expect(runs.flatMap(({ started }) => started)).toHaveLength(1);
    expect(world.calls('StartInstances')).toBe(1);
  });

  it('tells once a window that there is no capacity, tries ever more rarely until there is, and tells that', async () => {
    world = await openEvening([asleep(1)]);
    world.fail(/StartInstances/, 'InsufficientInstanceCapacity', {
      message: 'We currently do not have sufficient m6i.xlarge capacity in eu-west-1a.',
      times: 3,
    });
    const refused = { started: [{ outcome: 'refused', code: 'InsufficientInstanceCapacity' }] };
    const waits = { started: [], kept: { 'start-refused': 1 } };
    const runs: [string, object][] = [
      [opening, refused],
      ['2026-11-17T07:05:00Z', refused],
      ['2026-11-17T07:10:00Z', waits],
      ['2026-11-17T07:15:00Z', refused],
      ['2026-11-17T07:30:00Z', waits],
    ];
    for (const [time, expected] of runs) expect(await world.run(time)).toMatchObject(expected);
    const told = world.sample.emails.length;
    expect(await world.deliver()).toEqual(['[WARNING] 1 instance could not be changed in ml-dev, eu-west-1']);
    expect(world.sample.emails[told]?.message.replaceAll(/\s+/g, ' ')).toContain(
      `Could not start ${idOf(1)}: InsufficientInstanceCapacity: We currently do not have sufficient`,
    );
    expect(await world.run('2026-11-17T07:35:00Z')).toMatchObject({ started: [{ outcome: 'done' }] });
    expect(await world.deliver()).toEqual([`[INFO] ${idOf(1)} was started after all`]);
  });

  it('tells once that a window is over in which it could not be started', async () => {
    world = await openEvening([asleep(1)]);
    world.fail(/StartInstances/, 'InsufficientInstanceCapacity', { times: 100 });
    await world.run(opening);
    await world.deliver();
    for (const time of ['2026-11-17T18:05:00Z', '2026-11-17T18:10:00Z']) await world.run(time);
    expect(await world.deliver()).toEqual([
      `[WARNING] ${idOf(1)} was not started in its hours: InsufficientInstanceCapacity`,
    ]);
  });

  it('tells again on the next day', async () => {
    world = await openEvening([asleep(1)]);
    world.fail(/StartInstances/, 'InsufficientInstanceCapacity', { times: 2 });
    await world.run(opening);
    await world.run('2026-11-18T07:00:00Z');
    expect(await world.deliver()).toHaveLength(2);
  });

  it('tells it once where two runs are refused at the same time', async () => {
    world = await openEvening([asleep(1), asleep(2)]);
    world.fail(/StartInstances/, 'InsufficientInstanceCapacity', { times: 20 });
    await Promise.all([world.run(opening), world.run('2026-11-17T07:05:00Z')]);
    expect(await world.deliver()).toHaveLength(1);
  });

  it('is not kept from the next stop by a refused start', async () => {
    world = await openEvening([asleep(1)]);
    world.fail(/StartInstances/, 'InsufficientInstanceCapacity');
    await world.run(opening);
    await world.run('2026-11-17T07:05:00Z');
    await world.run('2026-11-17T18:05:00Z');
    await world.deliver();
    expect(await world.run('2026-11-17T18:25:00Z')).toMatchObject({
      stopped: [{ id: idOf(1), outcome: 'done' }],
    });
  });
});
