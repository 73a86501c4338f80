import { describe, expect, it } from 'vitest';
import { instanceTypeOf, suspectsOf } from '../../shared/anomaly/suspects.ts';
import type { LaunchRecord } from '../../shared/compute/launch.ts';

const launch = (given: Partial<LaunchRecord> = {}): LaunchRecord => ({
  account: '210987654321',
  region: 'eu-west-1',
  instanceId: 'i-0d4e7b1c93fa26501',
  instanceType: 'p4d.24xlarge',
  launchTime: '2026-11-13T16:20:00Z',
  ...given,
});
const p4d = 'EUW1-BoxUsage:p4d.24xlarge';

describe('who may have caused it', () => {
  it('is what was launched of the type that rose, with who started it and whose it is', () => {
    const known = { startedBy: 'ml-engineer/dana', owner: 'dana', team: 'llm', hourlyRate: 32.77 };
    expect(suspectsOf([launch(known)], p4d, '2026-11-13')).toEqual([
      {
        instanceId: 'i-0d4e7b1c93fa26501',
        instanceType: 'p4d.24xlarge',
        launchTime: '2026-11-13T16:20:00Z',
        ...known,
      },
    ]);
  });

  it.each([
    ['two days before', '2026-11-11T23:59:59Z', 0],
    ['the day before', '2026-11-12T00:00:00Z', 1],
    ['the day after', '2026-11-14T23:59:59Z', 1],
    ['two days after', '2026-11-15T00:00:00Z', 0],
  ])('may have been launched %s, or not', (_, launchTime, count) => {
    expect(suspectsOf([launch({ launchTime })], p4d, '2026-11-13')).toHaveLength(count);
  });

  it.each([
    ['another type rose', 'EUW1-BoxUsage:p4d'],
    ['storage rose', 'EUW1-EBS:VolumeUsage.gp3'],
    ['no one kind of usage rose', undefined],
  ])('is nobody where %s', (_, usageType) => {
    expect(suspectsOf([launch()], usageType, '2026-11-13')).toEqual([]);
  });

  it('is the dearest first, then the earliest', () => {
    const launches = [
      launch({ instanceId: 'i-late', launchTime: '2026-11-13T18:00:00Z' }),
      launch({ instanceId: 'i-early', launchTime: '2026-11-13T08:00:00Z' }),
      launch({ instanceId: 'i-dear', hourlyRate: 32.77 }),
    ];
    expect(suspectsOf(launches, p4d, '2026-11-13').map(({ instanceId }) => instanceId)).toEqual([
      'i-dear',
      'i-early',
      'i-late',
    ]);
  });
});

it.each([
  ['BoxUsage:g5.xlarge', 'g5.xlarge'],
  ['EUW1-SpotUsage:g5.xlarge', 'g5.xlarge'],
  ['USE2-DedicatedUsage:p5.48xlarge', 'p5.48xlarge'],
  ['EUW1-BoxUsage:u-6tb1.112xlarge', 'u-6tb1.112xlarge'],
  ['EUW1-Train:ml.g5.12xlarge', undefined],
  ['EUW1-NatGateway-Bytes', undefined],
])('%s is of %s', (usageType, instanceType) => {
  expect(instanceTypeOf(usageType)).toBe(instanceType);
});
