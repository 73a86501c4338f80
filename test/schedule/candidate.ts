import { attribute } from '../../shared/allocation/owner.ts';
import type { Instance } from '../../shared/compute/instance.ts';
import type { Utilization } from '../../shared/compute/utilization.ts';
import { addMilliseconds, type IsoTime } from '../../shared/period.ts';
import type { DecisionInput } from '../../shared/schedule/decision.ts';
import { readSchedule, type StopPolicy } from '../../shared/schedule/gates.ts';
import { type InstanceCandidate, schedulableInstance } from '../../shared/schedule/kinds/ec2-instance.ts';
import type { Schedulable } from '../../shared/schedule/schedulable.ts';
import type { CustodianPolicy } from '../../shared/schedule/schedule.ts';

/** A Friday, 20:00 in Berlin: an hour after the office closed. */
export const now = '2026-11-20T19:00:00Z';
export const closed = '2026-11-20T18:00:00Z';

/** Custodian's tags are read, by its own defaults. */
export const custodian: CustodianPolicy = {
  tag: 'maid_offhours',
  timeZone: 'et',
  onhour: 7,
  offhour: 19,
  weekends: true,
  weekendsOnly: false,
  skipDays: [],
  always: false,
  start: true,
};

/** `time` moved by so many minutes. */
export const later = (time: IsoTime, minutes: number): IsoTime => addMilliseconds(time, minutes * 60_000);

export const policy: StopPolicy = {
  timeZone: 'Europe/Berlin',
  schedules: { 'office-hours': 'Mon-Fri 08:00-19:00 Europe/Berlin' },
  stop: { grace: 15, idle: 45 },
  protect: { environments: ['production', 'prod'], accounts: ['345678901234'] },
  tags: {
    schedule: 'auto-stop',
    keepUntil: 'auto-stop:keep-until',
    instanceStore: 'auto-stop:instance-store',
    owner: ['owner'],
    team: ['team'],
    project: ['project'],
    model: ['model'],
    environment: ['environment', 'env'],
    workload: ['workload'],
  },
};

export const machine = (changes: Partial<Instance> = {}): Instance => ({
  account: '210987654321',
  region: 'eu-west-1',
  instanceId: 'i-0a1b2c3d4e5f60718',
  instanceType: 'g5.xlarge',
  reservationId: 'r-0a1b2c3d4e5f60718',
  state: 'running',
  launchTime: '2026-11-20T07:30:00Z',
  tags: { 'auto-stop': 'office-hours', owner: 'dana' },
  rootDeviceType: 'ebs',
  hibernationConfigured: false,
  managed: false,
  platform: 'linux',
  ...changes,
});

export const tagged = (tags: Instance['tags'], changes: Partial<Instance> = {}): Instance =>
  machine({ ...changes, tags: { ...machine().tags, ...tags } });

export const measured = (state: Utilization['state'], at: IsoTime = now, minutes = 45): Utilization => ({
  state,
  reason: {
    idle: '4 of 4 GPUs at 0 % for 45 min',
    busy: 'GPU 2 at 97 %',
    underused: '4 of 4 GPUs at 12 % at the 95th percentile',
    unknown: '3 of 4 GPUs report',
    ended: 'it completed',
  }[state],
  windowStart: later(at, -minutes),
  windowEnd: at,
  coverage: state === 'unknown' ? 0.4 : 1,
  confidence: state === 'unknown' ? 'low' : 'high',
});

/** The instance as a schedule sees it: of a type without local disks, unless it is said to be another or unknown. */
export const subjectOf = (instance: Instance, given: Partial<InstanceCandidate> = {}): Schedulable =>
  schedulableInstance({
    instance,
    facts: { instanceType: instance.instanceType, instanceStoreGb: 0, vcpus: 4 },
    spot: undefined,
    ...('facts' in given && { facts: given.facts }),
    ...('spot' in given && { spot: given.spot }),
    instanceStoreTag: policy.tags.instanceStore,
  });

/** What a test says of an instance; the rest is usual. */
export type Changes = Partial<DecisionInput> & Partial<InstanceCandidate>;

/** An idle instance outside its hours, warned of it and past its grace period: one that is stopped. */
export function stoppable(given: Changes = {}): DecisionInput {
  const { instance = machine(), facts, spot, ...changes } = given;
  return {
    subject: subjectOf(instance, given),
    parsed: readSchedule(instance.tags, policy),
    attribution: attribute(instance.tags, policy.tags),
    policy,
    now,
    record: { warning: { alertId: 'stop-warning/1', at: later(now, -15) } },
    warningDelivered: true,
    utilization: measured('idle'),
    ...changes,
  };
}

export const withTags = (tags: Instance['tags'], changes: Partial<Instance> = {}): DecisionInput =>
  stoppable({ instance: tagged(tags, changes) });
