import { describe, expect, it } from 'vitest';
import type { Instance } from '../../shared/compute/instance.ts';
import type { IsoTime } from '../../shared/period.ts';
import {
  type Decision,
  type DecisionInput,
  decide,
  needsUtilization,
} from '../../shared/schedule/decision.ts';
import { readSchedule } from '../../shared/schedule/gates.ts';
import type { ScheduleRecord } from '../../shared/schedule/record.ts';
import {
  type Changes,
  closed,
  later,
  machine,
  measured,
  now,
  stoppable,
  tagged,
  withTags,
} from './candidate.ts';

const outcome = (input: DecisionInput) => {
  const { action, code, until } = decide(input);
  return until === undefined ? `${action} ${code}` : `${action} ${code} until ${until}`;
};

describe('outside its hours', () => {
  it('an idle instance is stopped once it was warned and the grace period is over', () => {
    expect(decide(stoppable())).toEqual({
      action: 'stop',
      code: 'idle-off-hours',
      reason:
        'outside office-hours (Mon-Fri 08:00-19:00 Europe/Berlin) since 19:00; 4 of 4 GPUs at 0 % for 45 min',
    });
  });

  it('an idle instance is warned first', () => {
    expect(decide(stoppable({ record: {} }))).toEqual({
      action: 'warn',
      code: 'idle-off-hours',
      reason:
        'outside office-hours (Mon-Fri 08:00-19:00 Europe/Berlin) since 19:00; 4 of 4 GPUs at 0 % for 45 min',
      until: '2026-11-20T19:15:00Z',
    });
  });

  it('a busy instance is kept, with what it does and when it may be looked at again', () => {
    const utilization = { ...measured('busy'), lastBusy: later(now, -5) };
    expect(decide(stoppable({ utilization }))).toEqual({
      action: 'keep',
      code: 'busy',
      reason: 'outside office-hours (Mon-Fri 08:00-19:00 Europe/Berlin) since 19:00, but busy: GPU 2 at 97 %',
      until: '2026-11-20T19:40:00Z',
    });
    expect(outcome(stoppable({ utilization: measured('busy') }))).toBe('keep busy');
  });

  it('an instance that does little is kept as one at work', () => {
    expect(decide(stoppable({ utilization: measured('underused') }))).toMatchObject({
      action: 'keep',
      code: 'busy',
      reason: expect.stringContaining('busy: 4 of 4 GPUs at 12 %'),
    });
  });

  it('what is over is not taken for idle', () => {
    expect(outcome(stoppable({ utilization: measured('ended') }))).toBe('keep utilization-unknown');
  });

  it('is not stopped on an indirect sign alone', () => {
    const doubtful = { ...measured('idle'), confidence: 'low' as const };
    expect(decide(stoppable({ utilization: doubtful }))).toMatchObject({
      action: 'keep',
      code: 'utilization-unknown',
      reason: expect.stringContaining('4 of 4 GPUs at 0 % for 45 min, which is not enough to stop it'),
    });
  });

  it('an instance whose utilisation is unknown is kept', () => {
    expect(decide(stoppable({ utilization: measured('unknown') }))).toMatchObject({
      action: 'keep',
      code: 'utilization-unknown',
      reason: expect.stringContaining('unknown is never idle: 3 of 4 GPUs report'),
    });
  });

  it.each([
    ['over too short a window', measured('idle', now, 20)],
    ['long ago', measured('idle', later(now, -30))],
  ])('an idleness that was measured %s is no idleness', (_, utilization) => {
    expect(outcome(stoppable({ utilization }))).toBe('keep utilization-unknown');
  });

  it('an idleness is measured against the idle window of the tag', () => {
    const instance = tagged({ 'auto-stop': 'office-hours; idle=2h' });
    expect(outcome(stoppable({ instance }))).toBe('keep utilization-unknown');
    expect(outcome(stoppable({ instance, utilization: measured('idle', now, 120) }))).toBe(
      'stop idle-off-hours',
    );
  });

  it('an instance seen at work within the idle window is kept, whatever was measured', () => {
    expect(outcome(stoppable({ lastBusy: later(now, -44) }))).toBe('keep busy until 2026-11-20T19:01:00Z');
    const unknown = { ...measured('unknown'), lastBusy: later(now, -44) };
    expect(outcome(stoppable({ utilization: unknown }))).toBe('keep busy until 2026-11-20T19:01:00Z');
  });

  it('a warning of one that turns out to have been at work is void, and it is warned anew', () => {
    expect(outcome(stoppable({ lastBusy: later(now, -59) }))).toBe(
      'warn idle-off-hours until 2026-11-20T19:15:00Z',
    );
    expect(outcome(stoppable({ lastBusy: later(now, -60) }))).toBe('stop idle-off-hours');
  });

  it('one that was announced while only observing is not announced again for work since', () => {
    const record = { warning: { alertId: '1', at: later(now, -58), observed: true } };
    const input = { record, lastBusy: later(now, -56), utilization: undefined };
    expect(outcome(stoppable(input))).toBe('keep observed until 2026-11-23T07:00:00Z');
  });

  it('one that may always be stopped is stopped though busy, but warned like any other', () => {
    const instance = tagged({ 'auto-stop': 'office-hours; always; grace=1h' });
    const utilization = measured('busy');
    expect(outcome(stoppable({ instance, utilization, record: {} }))).toBe(
      'warn always-off-hours until 2026-11-20T20:00:00Z',
    );
    const record = { warning: { alertId: 'stop-warning/1', at: later(now, -60) } };
    expect(outcome(stoppable({ instance, utilization, record }))).toBe('stop always-off-hours');
    expect(outcome(stoppable({ instance, utilization: undefined, record }))).toBe('stop always-off-hours');
    expect(outcome(stoppable({ instance, lastBusy: later(now, -1), record }))).toBe('stop always-off-hours');
  });

  it('one that AWS refused to stop is not asked for again before its next hours', () => {
    const refused = { code: 'OperationNotPermitted', at: later(now, -10) };
    expect(decide(stoppable({ record: { refused } }))).toEqual({
      action: 'keep',
      code: 'refused',
      reason:
        'outside office-hours (Mon-Fri 08:00-19:00 Europe/Berlin) since 19:00, ' +
        'but AWS refused to stop it at 19:50: OperationNotPermitted',
      until: '2026-11-23T07:00:00Z',
    });
    const yesterday = { ...refused, at: later(closed, -60 * 24) };
    expect(outcome(stoppable({ record: { refused: yesterday } }))).toBe(
      'warn idle-off-hours until 2026-11-20T19:15:00Z',
    );
  });

  it('one that EC2 still shows as running right after its stop is not stopped again', () => {
    const record = { ...stoppable().record, stoppedAt: now };
    expect(outcome(stoppable({ record }))).toBe('keep stopping');
    expect(outcome(stoppable({ record: { ...record, stoppedAt: later(now, -10) } }))).toBe(
      'stop idle-off-hours',
    );
    const restarted = machine({ launchTime: later(now, -50) });
    const before = { warning: { alertId: '1', at: later(now, -15) }, stoppedAt: later(now, -51) };
    expect(outcome(stoppable({ instance: restarted, record: before }))).toBe('stop idle-off-hours');
  });

  it('where summer time ends, what was started by hand between the two is not stopped again', () => {
    // In Berlin 02:30 comes twice on 2026-10-25, at 00:30Z and at 01:30Z.
    const night: Changes = {
      instance: tagged(
        { 'auto-stop': 'Sat 20:00-02:30 Europe/Berlin' },
        { launchTime: '2026-10-25T01:10:00Z' },
      ),
      record: {
        warning: { alertId: 'stop-warning/1', at: '2026-10-25T00:31:00Z' },
        stoppedAt: '2026-10-25T00:46:00Z',
      },
    };
    const at = (time: IsoTime, changes: Changes = {}) => {
      const input = stoppable({ ...night, ...changes, now: time });
      return decide({ ...input, parsed: readSchedule(input.subject.tags, input.policy) });
    };
    expect(at('2026-10-25T01:31:00Z')).toMatchObject({ action: 'keep', code: 'recently-started' });
    const working = { utilization: measured('busy', '2026-10-25T02:00:00Z') };
    expect(at('2026-10-25T02:00:00Z', working)).toMatchObject({
      action: 'keep',
      code: 'busy',
      reason: 'outside Sat 20:00-02:30 Europe/Berlin since 02:30, but busy: GPU 2 at 97 %',
    });
  });
});

describe('within its hours', () => {
  const time = '2026-11-20T17:59:59Z';

  it('a running instance is kept, and needs no look at its metrics', () => {
    expect(decide(stoppable({ now: time }))).toEqual({
      action: 'keep',
      code: 'in-hours',
      reason: 'within office-hours (Mon-Fri 08:00-19:00 Europe/Berlin) since 08:00',
      until: '2026-11-20T18:00:00Z',
    });
  });

  it('says of another day which one it is', () => {
    const weekend = stoppable({
      now: '2026-11-22T12:00:00Z',
      record: {},
      utilization: measured('idle', '2026-11-22T12:00:00Z'),
    });
    expect(decide(weekend).reason).toContain('since Fri 19:00; 4 of 4 GPUs');
  });
});

describe('a warning', () => {
  const warnedAt = (at: IsoTime): ScheduleRecord => ({ warning: { alertId: 'stop-warning/1', at } });

  it('is followed by no stop within the grace period', () => {
    expect(decide(stoppable({ record: warnedAt(later(now, -14)) }))).toMatchObject({
      action: 'defer',
      code: 'warned',
      reason: expect.stringContaining('warned, to be stopped from 20:01 on'),
      until: '2026-11-20T19:01:00Z',
    });
  });

  it.each([false, undefined])(
    'that was not delivered (%s) is followed by no stop, however old',
    (warningDelivered) => {
      expect(outcome(stoppable({ warningDelivered }))).toBe('defer warning-undelivered');
    },
  );

  it('without a grace period is followed by a stop in the next run, not in its own', () => {
    const instance = tagged({ 'auto-stop': 'office-hours; grace=0m' });
    expect(outcome(stoppable({ instance, record: {} }))).toBe(`warn idle-off-hours until ${now}`);
    expect(outcome(stoppable({ instance, record: warnedAt(now) }))).toBe(`defer warned until ${now}`);
    expect(outcome(stoppable({ instance, record: warnedAt(later(now, -5)) }))).toBe('stop idle-off-hours');
  });

  it.each([
    ['before the hours ended this time', later(closed, -1), {}],
    ['on the evening before', later(closed, -24 * 60), {}],
    ['before the instance was started again', later(now, -60), { launchTime: later(now, -50) }],
  ])('%s is void: the instance is warned again', (_, at, changes) => {
    const input = stoppable({ instance: machine(changes), record: warnedAt(at) });
    expect(outcome(input)).toBe('warn idle-off-hours until 2026-11-20T19:15:00Z');
  });

  it('keeps its worth over the whole weekend', () => {
    const sunday = '2026-11-22T12:00:00Z';
    const input = { now: sunday, utilization: measured('idle', sunday) };
    expect(outcome(stoppable({ ...input, record: warnedAt(closed) }))).toBe('stop idle-off-hours');
  });
});

describe('a stopped instance', () => {
  const opened = '2026-11-20T07:00:00Z';
  const morning = '2026-11-20T07:05:00Z';
  const stopped = (reason: string | undefined, record: ScheduleRecord = {}, value = 'office-hours; start') =>
    stoppable({
      now: morning,
      record,
      instance: tagged(
        { 'auto-stop': value },
        {
          state: 'stopped',
          launchTime: '2026-11-19T08:00:00Z',
          ...(reason !== undefined && { stateTransitionReason: reason }),
        },
      ),
    });

  it('is started where its schedule says so', () => {
    expect(decide(stopped('User initiated (2026-11-19 18:20:00 GMT)'))).toEqual({
      action: 'start',
      code: 'window-open',
      reason:
        'within office-hours (Mon-Fri 08:00-19:00 Europe/Berlin) since 08:00, and its schedule starts it',
    });
  });

  it('is left alone where its schedule does not say so, and outside its hours', () => {
    const reason = 'User initiated (2026-11-19 18:20:00 GMT)';
    expect(outcome(stopped(reason, {}, 'office-hours'))).toBe('keep stopped until 2026-11-20T18:00:00Z');
    expect(outcome({ ...stopped(reason), now: '2026-11-20T06:59:59Z' })).toBe(`keep stopped until ${opened}`);
  });

  it('is left alone where it was stopped by hand in this window', () => {
    expect(decide(stopped('User initiated (2026-11-20 07:03:00 GMT)'))).toEqual({
      action: 'keep',
      code: 'stopped-by-hand',
      reason: 'stopped by hand at 08:03 in this window',
      until: '2026-11-20T18:00:00Z',
    });
  });

  it('is started where the stop in this window was ours, asked for before it opened', () => {
    const record = { stoppedAt: later(opened, -1) };
    expect(outcome(stopped('User initiated (2026-11-20 07:00:20 GMT)', record))).toBe('start window-open');
  });

  it('is started where our stop came with an event that was as late as one may be', () => {
    const late = (minutes: number) =>
      outcome({
        ...stopped('User initiated (2026-11-20 07:14:30 GMT)', {
          stoppedAt: later('2026-11-20T07:14:30Z', -minutes),
        }),
        now: '2026-11-20T07:20:00Z',
      });
    expect(late(15)).toBe('start window-open');
    expect(late(20)).toBe('keep stopped-by-hand until 2026-11-20T18:00:00Z');
  });

  it.each(['Server.InternalError', '', undefined, 'User initiated (2026-13-45 99:00:00 GMT)'])(
    'whose stop nothing explains (%s) is started only where it was ours',
    (reason) => {
      expect(outcome(stopped(reason))).toBe('keep stopped-by-hand until 2026-11-20T18:00:00Z');
      expect(outcome(stopped(reason, { stoppedAt: '2026-11-19T18:20:00Z' }))).toBe('start window-open');
      expect(outcome(stopped(reason, { stoppedAt: '2026-11-18T18:20:00Z' }))).toBe(
        'keep stopped-by-hand until 2026-11-20T18:00:00Z',
      );
    },
  );

  it('is started once a window', () => {
    const reason = 'User initiated (2026-11-19 18:20:00 GMT)';
    expect(outcome(stopped(reason, { startedAt: opened }))).toBe(
      'keep already-started until 2026-11-20T18:00:00Z',
    );
    expect(outcome(stopped(reason, { startedAt: later(opened, -1440) }))).toBe('start window-open');
  });

  it('is not started where a gate is shut', () => {
    const input = stopped('User initiated (2026-11-19 18:20:00 GMT)');
    const subject = {
      ...input.subject,
      tags: { ...input.subject.tags, 'auto-stop:keep-until': '2026-11-30' },
    };
    expect(outcome({ ...input, subject })).toBe('keep keep-until until 2026-11-30T23:00:00Z');
  });
});

describe('utilisation, which costs money,', () => {
  const measuredAt = (minutes: number) => ({
    at: later(now, minutes),
    code: 'utilization-unknown' as const,
    reason: 'unknown is never idle: 3 of 4 GPUs report',
  });
  const block = { reason: 'the bill can not be believed', until: later(now, 60) };
  const observedRecord = { warning: { alertId: '1', at: later(now, -30), observed: true } };

  it.each([
    ['might be stopped', stoppable({ record: {} })],
    ['is past its grace period', stoppable()],
    ['was unknown half an hour ago', stoppable({ record: { measured: measuredAt(-30) } })],
    [
      'was unknown before it was started again',
      stoppable({
        instance: machine({ launchTime: later(now, -50) }),
        record: { measured: measuredAt(-51) },
      }),
    ],
    ['was at work longer ago than the idle window', stoppable({ lastBusy: later(now, -51) })],
  ])('is needed of an instance that %s', (_, input) => {
    expect(needsUtilization(input)).toBe(true);
  });

  const warnedLately = { warning: { alertId: '1', at: later(now, -5) } };

  it.each([
    ['was at work lately', stoppable({ lastBusy: later(now, -10) })],
    ['is within its hours', stoppable({ now: '2026-11-20T12:00:00Z' })],
    ['has no tag', stoppable({ instance: machine({ tags: {} }) })],
    ['is stopped', stoppable({ instance: machine({ state: 'stopped' }) })],
    ['another gate keeps', withTags({ 'aws:autoscaling:groupName': 'training' })],
    ['has just been started', stoppable({ instance: machine({ launchTime: later(now, -10) }) })],
    ['is stopped even when busy', withTags({ 'auto-stop': 'office-hours; always' })],
    ['is within its grace period', stoppable({ record: warnedLately })],
    ['was warned without reaching anybody', stoppable({ warningDelivered: false })],
    ['was at work in what the window still holds', stoppable({ lastBusy: later(now, -50) })],
    ['was unknown lately', stoppable({ record: { measured: measuredAt(-29) } })],
    ['is held back by a block', stoppable({ block })],
    ['has nobody warned of it while nothing may be stopped', stoppable({ record: {}, block })],
    ['was told of, and is only observed', stoppable({ record: observedRecord })],
  ])('is not needed of an instance that %s', (_, input) => {
    expect(needsUtilization(input)).toBe(false);
  });

  it('is told as it was found, and until when that holds', () => {
    const input = stoppable({ record: { measured: measuredAt(-10) }, utilization: undefined });
    expect(decide(input)).toEqual({
      action: 'keep',
      code: 'utilization-unknown',
      reason: 'unknown is never idle: 3 of 4 GPUs report (as of 19:50)',
      until: later(now, 20),
    });
  });

  it('makes no stop and no warning where something forbids every stop, however idle it is', () => {
    expect(decide(stoppable({ block }))).toMatchObject({
      action: 'defer',
      code: 'held-back',
      reason: expect.stringContaining('nothing is stopped now: the bill can not be believed'),
      until: block.until,
    });
    expect(outcome(stoppable({ block, record: {} }))).toBe(`defer stops-blocked until ${block.until}`);
    const always = tagged({ 'auto-stop': 'office-hours; always' });
    expect(outcome(stoppable({ block, instance: always }))).toBe(`defer held-back until ${block.until}`);
  });

  it('is not needed to say what would happen while only observing', () => {
    const input = stoppable({ record: observedRecord, utilization: undefined });
    expect(decide(input)).toMatchObject({
      action: 'keep',
      code: 'observed',
      reason: expect.stringContaining('observe mode: its stop would be due'),
      until: '2026-11-23T07:00:00Z',
    });
  });

  it('is never taken for idle where it was not asked for', () => {
    expect(outcome(stoppable({ utilization: undefined }))).toBe('keep not-measured');
  });
});

describe('an evening', () => {
  type Event = { at: IsoTime; busy?: boolean; delivered?: boolean; restart?: boolean; tag?: string };
  type World = { instance: Instance; record: ScheduleRecord; lastBusy?: IsoTime; delivered: boolean };

  /** What happens to the world before a run of the watch. */
  const happen = ({ instance, record, lastBusy, delivered }: World, event: Event): World => ({
    instance: {
      ...instance,
      ...(event.restart && { state: 'running', launchTime: event.at }),
      ...(event.tag !== undefined && { tags: { 'auto-stop': event.tag } }),
    },
    record,
    ...(event.busy ? { lastBusy: event.at } : lastBusy && { lastBusy }),
    delivered: event.delivered ?? delivered,
  });

  /** What a run of the watch records and does. */
  function act(world: World, { action }: Decision, at: IsoTime): World {
    const { instance, record } = world;
    if (action === 'warn') return { ...world, record: { ...record, warning: { alertId: at, at } } };
    if (action !== 'stop') return world;
    return { ...world, instance: { ...instance, state: 'stopping' }, record: { ...record, stoppedAt: at } };
  }

  /** Runs decisions one after another as the watch does: what is decided is recorded, and done. */
  function live(events: readonly Event[], instance = machine()): string[] {
    let world: World = { instance, record: {}, delivered: true };
    return events.map((event) => {
      world = happen(world, event);
      const decision = decide(
        stoppable({
          instance: world.instance,
          record: world.record,
          lastBusy: world.lastBusy,
          warningDelivered: world.delivered,
          now: event.at,
          utilization: measured(event.busy ? 'busy' : 'idle', event.at),
        }),
      );
      world = act(world, decision, event.at);
      return `${decision.action} ${decision.code}`;
    });
  }

  it('goes from warning over grace to one stop, the same event twice included', () => {
    const at = (minutes: number) => ({ at: later(closed, minutes) });
    expect(live([at(-5), at(0), at(0), at(5), at(10), at(15), at(15), at(20)])).toEqual([
      'keep in-hours',
      'warn idle-off-hours',
      'defer warned',
      'defer warned',
      'defer warned',
      'stop idle-off-hours',
      'keep stopping',
      'keep stopping',
    ]);
  });

  it('waits for the work to end, then warns anew, and waits for that warning to arrive', () => {
    expect(
      live([
        { at: later(closed, 0), delivered: false },
        { at: later(closed, 10), busy: true },
        { at: later(closed, 50) },
        { at: later(closed, 55) },
        { at: later(closed, 70) },
        { at: later(closed, 75), delivered: true },
      ]),
    ).toEqual([
      'warn idle-off-hours',
      'keep busy',
      'keep busy',
      'warn idle-off-hours',
      'defer warning-undelivered',
      'stop idle-off-hours',
    ]);
  });

  it('makes up for a run that was skipped', () => {
    expect(live([{ at: later(closed, 0) }, { at: later(closed, 240) }])).toEqual([
      'warn idle-off-hours',
      'stop idle-off-hours',
    ]);
  });

  it('begins anew where somebody starts the instance again', () => {
    expect(
      live([
        { at: later(closed, 0) },
        { at: later(closed, 15) },
        { at: later(closed, 30), restart: true },
        { at: later(closed, 74) },
        { at: later(closed, 75) },
        { at: later(closed, 90) },
      ]),
    ).toEqual([
      'warn idle-off-hours',
      'stop idle-off-hours',
      'keep recently-started',
      'keep recently-started',
      'warn idle-off-hours',
      'stop idle-off-hours',
    ]);
  });

  it('ends where the tag is taken away or says off', () => {
    expect(
      live([{ at: closed }, { at: later(closed, 15), tag: 'off' }, { at: later(closed, 20), tag: 'oops' }]),
    ).toEqual(['warn idle-off-hours', 'keep off', 'keep invalid-schedule']);
  });

  it('in which the hour repeats knows one stop', () => {
    // 03:00 back to 02:00 in Berlin on 2026-10-25, at 01:00Z; the window ends at the first 02:30, 00:30Z.
    const at = (time: string) => ({ at: `2026-10-25T${time}:00Z` });
    const instance = machine({
      launchTime: '2026-10-24T18:00:00Z',
      tags: { 'auto-stop': 'Sat 20:00-02:30 Europe/Berlin; always; grace=0m' },
    });
    const runs = [at('00:25'), at('00:30'), at('00:35'), { ...at('00:50'), restart: true }, at('01:30')];
    expect(live(runs, instance)).toEqual([
      'keep in-hours',
      'warn always-off-hours',
      'stop always-off-hours',
      'keep recently-started',
      'keep recently-started',
    ]);
  });
});
