import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Instance } from '../../shared/compute/instance.ts';
import { type DecisionInput, decide, isStop } from '../../shared/schedule/decision.ts';
import { readSchedule } from '../../shared/schedule/gates.ts';
import type { InstanceCandidate } from '../../shared/schedule/kinds/ec2-instance.ts';
import type { Schedulable } from '../../shared/schedule/schedulable.ts';
import { later, machine, measured, now, policy, stoppable, subjectOf } from './candidate.ts';

/** Why something is stopped that would be: each alone is enough. */
type Ground = 'idle' | 'hibernate' | 'always' | 'asked';
type Change = (input: DecisionInput) => DecisionInput;
type Danger = { name: string; change: Change; except?: readonly Ground[] };

const withSchedule =
  (options: string): Change =>
  (input) => {
    const tags = { ...input.subject.tags, 'auto-stop': `office-hours; ${options}` };
    return { ...input, subject: { ...input.subject, tags }, parsed: readSchedule(tags, policy) };
  };

/** Instances that are stopped, one for each ground. */
const grounds: Readonly<Record<Ground, DecisionInput>> = {
  idle: stoppable(),
  hibernate: withSchedule('hibernate')(stoppable({ instance: machine({ hibernationConfigured: true }) })),
  always: withSchedule('always')(stoppable({ utilization: measured('busy') })),
  asked: stoppable({
    record: { stopNow: { at: later(now, -1), by: 'dana' } },
    utilization: measured('busy'),
    warningDelivered: undefined,
  }),
};

const usual = subjectOf(machine());

/** The input with that in which the subject differs from the usual one. */
const withSubject =
  (changed: Schedulable): Change =>
  (input) => ({
    ...input,
    subject: {
      ...input.subject,
      ...Object.fromEntries(
        Object.entries(changed).filter(
          ([key, value]) => JSON.stringify(value) !== JSON.stringify(usual[key as keyof Schedulable]),
        ),
      ),
    },
  });

const withInstance = (changes: Partial<Instance>, given: Partial<InstanceCandidate> = {}): Change =>
  withSubject(subjectOf(machine(changes), given));

/** A tag more, and what the instance's own kind makes of it. */
const withTag =
  (key: string, value: string): Change =>
  (input) => {
    const tags = { ...input.subject.tags, [key]: value };
    const refusal = subjectOf(machine({ tags })).refusal ?? input.subject.refusal;
    return { ...input, subject: { ...input.subject, tags, refusal } };
  };

const spot = (request: NonNullable<InstanceCandidate['spot']>): Change =>
  withInstance({ lifecycle: 'spot', spotInstanceRequestId: 'sir-1' }, { spot: request });

const withRecord =
  (record: DecisionInput['record']): Change =>
  (input) => ({ ...input, record: { ...input.record, ...record } });

/** Gates, which hold whatever the ground: one for each in gates.ts and kinds/ec2-instance.ts, and each of its ways. */
const gates: Readonly<Record<string, Change>> = {
  'no schedule tag': (input) => ({ ...input, parsed: undefined }),
  'a tag that says off': (input) => ({ ...input, parsed: { kind: 'off' } }),
  'a tag that can not be read': (input) => ({ ...input, parsed: { kind: 'invalid', error: 'column 1' } }),
  'two tags that differ only in case': withTag('Auto-Stop', 'off'),
  'its hours': (input) => ({ ...input, now: '2026-11-20T12:00:00Z' }),
  'a keep-until to come': withTag('auto-stop:keep-until', '2026-12-01'),
  'a keep-until that can not be read': withTag('Auto-Stop:Keep-Until', 'when I am done'),
  'an environment': (input) => ({ ...input, attribution: { environment: 'Production' } }),
  'a second environment tag': withTag('Env', 'PROD'),
  'an account': withInstance({ account: '345678901234' }),
  pending: withInstance({ state: 'pending' }),
  stopping: withInstance({ state: 'stopping' }),
  stopped: withInstance({ state: 'stopped' }),
  terminated: withInstance({ state: 'terminated' }),
  'shutting down': withInstance({ state: 'shutting-down' }),
  'a moment since our own stop': withRecord({ stoppedAt: later(now, -9) }),
  'a refusal by AWS in these off-hours': withRecord({
    refused: { code: 'OperationNotPermitted', at: later(now, -30) },
  }),
  'an Auto Scaling group': withTag('aws:autoscaling:groupName', 'training'),
  'another AWS service': withInstance({ managed: true }),
  'a spot fleet': withTag('aws:ec2spot:fleet-request-id', 'sfr-1'),
  'an EC2 fleet': withTag('aws:ec2:fleet-id', 'fleet-1'),
  'the fleet of its spot request': spot({ type: 'persistent', fleet: 'fleet-1' }),
  'a one-time spot request': spot({ type: 'one-time' }),
  'a launch group': spot({ type: 'persistent', launchGroup: 'group-1' }),
  'a spot request of which nothing is known': withInstance({ spotInstanceRequestId: 'sir-1' }),
  'spot, and no request': withInstance({ lifecycle: 'spot' }),
  'a scheduled instance': withInstance({ lifecycle: 'scheduled' }),
  'a capacity block': withInstance({ lifecycle: 'capacity-block' }),
  'an interruptible reservation': withInstance({ lifecycle: 'interruptible-capacity-reservation' }),
  'a way to buy that is not known': withInstance({ lifecycle: 'other' }),
  'an instance-store root': withInstance({ rootDeviceType: 'instance-store' }),
  'a type of which nothing is known': withInstance({}, { facts: undefined }),
  'data on local disks': withInstance(
    {},
    { facts: { instanceType: 'g5.xlarge', instanceStoreGb: 250, vcpus: 4 } },
  ),
  'stop protection': withSubject({ ...usual, stopProtected: true }),
  'a stop that deletes': withSubject({ ...usual, isDeletedToStop: true }),
  'a start less than its idle window ago': withInstance({ launchTime: later(now, -44) }),
};

/** What is not known, or says that it works: nothing to who is stopped even when busy. */
const doubts: Readonly<Record<string, Change>> = {
  'no measurement': (input) => ({ ...input, utilization: undefined }),
  ...Object.fromEntries(
    (['unknown', 'busy', 'underused', 'ended'] as const).map((state) => [
      `a measurement that says ${state}`,
      (input: DecisionInput) => ({ ...input, utilization: measured(state) }),
    ]),
  ),
  'a measurement of less than its idle window': (input) => ({
    ...input,
    utilization: measured('idle', now, 44),
  }),
  'an old measurement': (input) => ({ ...input, utilization: measured('idle', later(now, -21)) }),
  'a measurement of little confidence': (input) => ({
    ...input,
    utilization: { ...measured('idle'), confidence: 'low' },
  }),
  'work that was just seen': (input) => ({ ...input, lastBusy: later(now, -5) }),
  'work that its warning did not know of': (input) => ({ ...input, lastBusy: later(now, -50) }),
};

/** What is wrong with the warning: nothing to somebody who asked for the stop. */
const unwarned: Readonly<Record<string, Change>> = {
  'no warning': (input) => ({ ...input, record: { ...input.record, warning: undefined } }),
  'a warning that reached nobody': (input) => ({ ...input, warningDelivered: false }),
  'a warning of which nobody knows whom it reached': (input) => ({ ...input, warningDelivered: undefined }),
  'a warning within its grace period': withRecord({ warning: { alertId: '1', at: later(now, -14) } }),
  'a warning from before these off-hours': withRecord({ warning: { alertId: '1', at: later(now, -61) } }),
  'a warning from before it was started again': (input) =>
    withRecord({ warning: { alertId: '1', at: later(now, -50) } })(
      withInstance({ launchTime: later(now, -46) })(input),
    ),
  'a bill that can not be believed': (input) => ({
    ...input,
    block: { reason: 'a bill', until: later(now, 60) },
  }),
};

const dangersOf = (changes: Readonly<Record<string, Change>>, except: readonly Ground[]): Danger[] =>
  Object.entries(changes).map(([name, change]) => ({ name, change, except }));

const dangers: readonly Danger[] = [
  ...dangersOf(gates, []),
  ...dangersOf(doubts, ['always', 'asked']),
  ...dangersOf(unwarned, ['asked']),
];

const names = Object.keys(grounds) as Ground[];

describe('whatever else is so', () => {
  it('what stands behind each ground is a stop by itself', () => {
    expect(names.map((name) => decide(grounds[name]).action)).toEqual(['stop', 'hibernate', 'stop', 'stop']);
  });

  it.each(
    dangers.flatMap(({ name, change, except = [] }) =>
      names.filter((ground) => !except.includes(ground)).map((ground) => ({ name, ground, change })),
    ),
  )('$name is no stop of what is due as $ground', ({ ground, change }) => {
    expect(isStop(decide(change(grounds[ground])))).toBe(false);
  });

  it('one danger among any others is neither a stop nor hibernation, and each decision has its reason', () => {
    const some = fc.record({
      ground: fc.constantFrom(...names),
      present: fc.subarray([...dangers], { minLength: 1 }),
    });
    fc.assert(
      fc.property(some, ({ ground, present }) => {
        fc.pre(present.some(({ except = [] }) => !except.includes(ground)));
        const decision = decide(present.reduce((input, { change }) => change(input), grounds[ground]));
        expect(isStop(decision)).toBe(false);
        expect(decision.reason).not.toBe('');
      }),
      { numRuns: 1000 },
    );
  });
});
