import {
  CloudWatchClient,
  GetMetricDataCommand,
  type GetMetricDataCommandInput,
  ListMetricsCommand,
} from '@aws-sdk/client-cloudwatch';
import { DescribeInstanceTypesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { PricingClient } from '@aws-sdk/client-pricing';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Instance } from '../../shared/compute/instance.ts';
import { parseConfig } from '../../shared/config.ts';
import { toTime } from '../../shared/period.ts';
import { isUp } from '../../shared/schedule/window.ts';
import { type Proposed, proposeSchedules } from '../../shared/watch/propose.ts';
import { instance } from '../support/compute.ts';
import { fakeEc2 } from '../support/ec2.ts';
import { fakeCloudWatch } from '../support/metrics.ts';
import { scheduleOf } from '../support/past.ts';

const target = { account: '210987654321', region: 'eu-west-1' };
const now = '2026-11-16T10:15:00Z';
const config = parseConfig({ timeZone: 'Europe/Berlin' });
const pricing = mockClient(PricingClient);

beforeEach(() => {
  pricing.reset();
  pricing.onAnyCommand().resolves({});
});

const machine = (instanceId: string, given: Partial<Instance> = {}): Instance =>
  instance({ instanceId, instanceType: 'm5.xlarge', launchTime: '2026-08-03T07:00:00Z', ...given });

/** A course that is `value` in these hours, and 0 in all others. */
function during(hours: string, value: number) {
  const schedule = scheduleOf(hours);
  return (at: number) => (isUp(schedule, toTime(at)) ? value : 0);
}

const propose = async (given = config): Promise<{ proposed: Proposed[]; metrics: number }> => {
  const clients = {
    ec2: new EC2Client({}),
    cloudWatch: new CloudWatchClient({}),
    pricing: new PricingClient({}),
  };
  return proposeSchedules(clients, target, given, now, { weeks: 4, minSaving: 10 });
};

const outcomes = ({ proposed }: { proposed: Proposed[] }) =>
  Object.fromEntries(
    proposed.map(({ instance: { instanceId }, outcome }) => [
      instanceId,
      'value' in outcome ? outcome.value : outcome.code,
    ]),
  );

const berlin = 'Mon-Fri 09:00-18:00 Europe/Berlin';

describe('proposing hours for a target', () => {
  it('learns them from hourly maxima of whole weeks, of GPUs as of CPUs', async () => {
    fakeEc2([machine('i-cpu'), machine('i-gpu', { instanceType: 'g5.2xlarge' })]);
    const { cloudWatch, queried } = fakeCloudWatch({
      'i-cpu': { cpu: during('Mon-Fri 22:00-05:00 Europe/Berlin', 60) },
      'i-gpu': { gpus: [during(berlin, 80)] },
    });
    const found = await propose();
    expect(outcomes(found)).toEqual({
      'i-cpu': 'Mon-Fri 21:00-06:00 Europe/Berlin',
      'i-gpu': 'Mon-Fri 08:00-19:00 Europe/Berlin',
    });
    expect(found.metrics).toBe(8);
    expect(queried).toHaveLength(8);
    const [call] = cloudWatch.commandCalls(GetMetricDataCommand);
    expect(call?.args[0].input).toMatchObject({
      StartTime: new Date('2026-10-19T10:00:00Z'),
      EndTime: new Date('2026-11-16T10:00:00Z'),
      MetricDataQueries: expect.arrayContaining([
        expect.objectContaining({ MetricStat: expect.objectContaining({ Period: 3600, Stat: 'Maximum' }) }),
      ]),
    });
  });

  it('finds the devices of what has been off for a day, too', async () => {
    fakeEc2([machine('i-gpu', { instanceType: 'g5.2xlarge', state: 'stopped' })]);
    const { cloudWatch } = fakeCloudWatch({ 'i-gpu': { gpus: [during(berlin, 80)] } });
    expect(outcomes(await propose())).toEqual({ 'i-gpu': 'Mon-Fri 08:00-19:00 Europe/Berlin' });
    const listings = cloudWatch.commandCalls(ListMetricsCommand);
    expect(listings.length).toBeGreaterThan(0);
    expect(listings.filter(({ args }) => args[0].input.RecentlyActive !== undefined)).toEqual([]);
  });

  it('asks nothing of what must not be stopped, and says why', async () => {
    fakeEc2([
      machine('i-group', { tags: { 'aws:autoscaling:groupName': 'workers' } }),
      machine('i-prod', { tags: { environment: 'production' } }),
      machine('i-never', { tags: { 'auto-stop': 'off' } }),
      machine('i-store', { rootDeviceType: 'instance-store' }),
    ]);
    const { queried } = fakeCloudWatch({});
    const found = await propose();
    expect(outcomes(found)).toEqual({
      'i-group': 'auto-scaling',
      'i-prod': 'protected-environment',
      'i-never': 'off',
      'i-store': 'instance-store-root',
    });
    expect([queried, found.metrics]).toEqual([[], 0]);
  });

  it('reads the hours in the zone of the tag that is there', async () => {
    fakeEc2([machine('i-ny', { tags: { 'auto-stop': 'Mon-Sun 05:00-23:00 America/New_York' } })]);
    fakeCloudWatch({ 'i-ny': { cpu: during('Mon-Fri 09:00-17:00 America/New_York', 40) } });
    const [found] = (await propose()).proposed;
    expect(found?.outcome).toMatchObject({
      value: 'Mon-Fri 08:00-18:00 America/New_York',
      current: 'Mon-Sun 05:00-23:00 America/New_York',
    });
    expect(found?.past?.timeZone).toBe('America/New_York');
  });

  it('proposes a name of the configuration where that fits', async () => {
    fakeEc2([machine('i-cpu')]);
    fakeCloudWatch({ 'i-cpu': { cpu: during(berlin, 40) } });
    const named = parseConfig({
      timeZone: 'Europe/Berlin',
      schedules: { 'office-hours': 'Mon-Fri 08:00-19:00 Europe/Berlin' },
    });
    expect(outcomes(await propose(named))).toEqual({ 'i-cpu': 'office-hours' });
  });

  it('says what a stop would lose, unless a tag lets it go', async () => {
    const ec2 = fakeEc2([
      machine('i-kept', { instanceType: 'i4i.xlarge' }),
      machine('i-discards', {
        instanceType: 'i4i.xlarge',
        tags: { 'auto-stop:instance-store': 'discard' },
      }),
    ]);
    ec2.on(DescribeInstanceTypesCommand).resolves({
      InstanceTypes: [
        {
          InstanceType: 'i4i.xlarge',
          VCpuInfo: { DefaultVCpus: 4 },
          InstanceStorageInfo: { TotalSizeInGB: 150 },
        },
      ],
    });
    fakeCloudWatch({ 'i-kept': { cpu: during(berlin, 40) }, 'i-discards': { cpu: during(berlin, 40) } });
    const { proposed } = await propose();
    expect(proposed.map(({ lostGb }) => lostGb)).toEqual([150, undefined]);
  });

  it('proposes nothing where CloudWatch can not be read: what is unknown is no pattern', async () => {
    fakeEc2([machine('i-cpu')]);
    const { cloudWatch } = fakeCloudWatch({});
    cloudWatch.on(GetMetricDataCommand).rejects(new Error('no permission'));
    expect(outcomes(await propose())).toEqual({ 'i-cpu': 'not-measured' });
  });

  it('fills the calls as CloudWatch allows: 150 metrics of four weeks of hours', async () => {
    const many = Array.from({ length: 120 }, (_, index) => machine(`i-${index}`));
    fakeEc2(many);
    const { cloudWatch } = fakeCloudWatch(
      Object.fromEntries(many.map(({ instanceId }) => [instanceId, { cpu: during(berlin, 40) }])),
    );
    const found = await propose();
    const sizes = cloudWatch
      .commandCalls(GetMetricDataCommand)
      .map(({ args }) => (args[0].input as GetMetricDataCommandInput).MetricDataQueries?.length);
    expect([found.metrics, sizes]).toEqual([360, [150, 150, 60]]);
    expect(new Set(Object.values(outcomes(found)))).toEqual(new Set(['Mon-Fri 08:00-19:00 Europe/Berlin']));
  });
});
