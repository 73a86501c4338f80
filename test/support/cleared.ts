import type { Instance } from '../../shared/compute/instance.ts';
import {
  type ClearanceInput,
  type ClearedStart,
  type ClearedStop,
  clearForStart,
  clearForStop,
} from '../../shared/schedule/clearance.ts';
import { schedulableInstance } from '../../shared/schedule/kinds/ec2-instance.ts';
import type { Schedulable } from '../../shared/schedule/schedulable.ts';

const now = '2026-11-16T18:25:00Z';

const instance = (instanceId: string, overrides: Partial<Instance>): Schedulable =>
  schedulableInstance({
    instance: machine(instanceId, overrides),
    facts: { instanceType: 'm5.large', instanceStoreGb: 0, vcpus: 2 },
    spot: undefined,
    instanceStoreTag: 'auto-stop:instance-store',
  });

const machine = (instanceId: string, overrides: Partial<Instance>): Instance => ({
  account: '210987654321',
  region: 'eu-west-1',
  instanceId,
  instanceType: 'm5.large',
  reservationId: 'r-0aa11bb2',
  state: 'running',
  launchTime: '2026-11-16T07:00:00Z',
  tags: {},
  rootDeviceType: 'ebs',
  hibernationConfigured: false,
  managed: false,
  platform: 'linux',
  ...overrides,
});

const input: ClearanceInput = {
  utilization: undefined,
  warningDelivered: true,
  record: { warning: { alertId: 'warning', at: '2026-11-16T18:05:00Z' }, stoppedAt: '2026-11-16T17:00:00Z' },
  now,
  policy: {
    schedules: {},
    timeZone: 'UTC',
    stop: { grace: 15, idle: 45 },
    protect: { environments: ['production'], accounts: [] },
    tags: {
      schedule: 'auto-stop',
      keepUntil: 'auto-stop:keep-until',
      instanceStore: 'auto-stop:instance-store',
      owner: ['owner'],
      team: [],
      project: [],
      model: [],
      environment: [],
      workload: [],
    },
  },
};

const always = 'Mon-Fri 08:00-18:00; always';

/** What the real last gate has cleared for a stop, whatever its kind: nothing else makes one. */
export function clearedStop(running: Schedulable, schedule = always): ClearedStop {
  const subject = { ...running, tags: { ...running.tags, 'auto-stop': schedule } };
  const clearance = clearForStop({ action: 'stop', code: 'always-off-hours', reason: '' }, subject, input);
  if ('refused' in clearance) throw new Error(clearance.refused.reason);
  return clearance.cleared;
}

/** What the real last gate has cleared for a start, and what is stored of it to be given back. */
export function clearedStart(stopped: Schedulable, restore?: Schedulable['restore']): ClearedStart {
  const subject = { ...stopped, tags: { ...stopped.tags, 'auto-stop': 'Mon-Fri 18:00-24:00; start' } };
  const record = { ...input.record, restore };
  const decision = { action: 'start', code: 'window-open', reason: '' } as const;
  const clearance = clearForStart(decision, subject, { ...input, record });
  if ('refused' in clearance) throw new Error(clearance.refused.reason);
  return clearance.cleared;
}

/** Instances that the real last gate has cleared for a stop. */
export const clearedStops = (ids: readonly string[], { hibernate = false } = {}): ClearedStop[] =>
  ids.map((id) =>
    clearedStop(
      instance(id, { hibernationConfigured: hibernate }),
      `${always}${hibernate ? '; hibernate' : ''}`,
    ),
  );

/** Instances that the real last gate has cleared for a start. */
export const clearedStarts = (ids: readonly string[], { instanceType = 'm5.large' } = {}): ClearedStart[] =>
  ids.map((id) => clearedStart(instance(id, { instanceType, state: 'stopped' })));
