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

/** Instances that the real last gate has cleared for a stop: nothing else makes one. */
export const clearedStops = (ids: readonly string[], { hibernate = false } = {}): ClearedStop[] =>
  ids.map((id) => {
    const tags = { 'auto-stop': `Mon-Fri 08:00-18:00; always${hibernate ? '; hibernate' : ''}` };
    const running = instance(id, { tags, hibernationConfigured: hibernate });
    const clearance = clearForStop({ action: 'stop', code: 'always-off-hours', reason: '' }, running, input);
    if ('refused' in clearance) throw new Error(clearance.refused.reason);
    return clearance.cleared;
  });

/** Instances that the real last gate has cleared for a start. */
export const clearedStarts = (ids: readonly string[], { instanceType = 'm5.large' } = {}): ClearedStart[] =>
  ids.map((id) => {
    const tags = { 'auto-stop': 'Mon-Fri 18:00-24:00; start' };
    const stopped = instance(id, { tags, instanceType, state: 'stopped' });
    const clearance = clearForStart({ action: 'start', code: 'window-open', reason: '' }, stopped, input);
    if ('refused' in clearance) throw new Error(clearance.refused.reason);
    return clearance.cleared;
  });
