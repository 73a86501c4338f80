import type { Instance, InstanceTypeFacts } from '../../shared/compute/instance.ts';
import type { Point, Series, Window } from '../../shared/compute/metric.ts';

/** A running on-demand instance that nothing is odd about. */
export const instance = (given: Partial<Instance> = {}): Instance => ({
  account: '210987654321',
  region: 'eu-west-1',
  instanceId: 'i-0d4e1f2a3b4c5d6e7',
  instanceType: 'p4d.24xlarge',
  reservationId: 'r-0123456789abcdef0',
  state: 'running',
  launchTime: '2026-11-13T16:20:00Z',
  tags: {},
  rootDeviceType: 'ebs',
  hibernationConfigured: false,
  managed: false,
  platform: 'linux',
  ...given,
});

export const p4d: InstanceTypeFacts = {
  instanceType: 'p4d.24xlarge',
  accelerators: { kind: 'gpu', name: 'NVIDIA A100', count: 8, cores: 1, memoryMib: 40_960 },
  instanceStoreGb: 8000,
  vcpus: 96,
};

export const m5: InstanceTypeFacts = { instanceType: 'm5.xlarge', instanceStoreGb: 0, vcpus: 4 };

/** One point for every five minutes of a window, all of one value but for those given by their place. */
export function series({ start, end }: Window, value: number, other: Record<number, number> = {}): Series {
  const periods = (Date.parse(end) - Date.parse(start)) / 300_000;
  const points = Array.from(
    { length: periods },
    (_, index): Point => ({ at: Date.parse(start) + index * 300_000, value: other[index] ?? value }),
  );
  return { points };
}
