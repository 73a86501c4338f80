import { DescribeInstancesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { GetProductsCommand, PricingClient } from '@aws-sdk/client-pricing';
import { QueryCommand } from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import runInstances from '../../events/cloudtrail-run-instances.json' with { type: 'json' };
import failed from '../../events/cloudtrail-run-instances-failed.json' with { type: 'json' };
import stateChange from '../../events/ec2-state-change.json' with { type: 'json' };
import type { Alert } from '../../shared/alert/alert.ts';
import type { Instance } from '../../shared/compute/instance.ts';
import { parseConfig } from '../../shared/config.ts';
import { monthSpan } from '../../shared/schedule/savings.ts';
import { getSavingsFacts } from '../../shared/store/savings.ts';
import { claimStart, settleStart } from '../../shared/store/schedule-records.ts';
import { spendWatchWrite } from '../../shared/store/spend-watches.ts';
import { type Table, transact } from '../../shared/store/table.ts';
import { launchEvent, watchLaunches } from '../../shared/watch/launches.ts';
import { instance } from '../support/compute.ts';
import { fakeEc2 } from '../support/ec2.ts';
import { startTable } from '../support/table.ts';

const config = parseConfig({});
const mlDev = { account: '210987654321', accountName: 'ml-dev', region: 'eu-west-1' };
const targets = [mlDev];
const pricing = mockClient(PricingClient);
let table: Table;
let stop: () => Promise<void>;

beforeEach(async () => {
  ({ table, stop } = await startTable());
  priced('6.331');
});
afterEach(() => stop());

const priced = (USD: string) => {
  const price = {
    product: { attributes: {} },
    terms: { OnDemand: { a: { priceDimensions: { b: { unit: 'Hrs', pricePerUnit: { USD } } } } } },
  };
  pricing.on(GetProductsCommand).resolves({ PriceList: [JSON.stringify(price)] });
};

const launched = (instanceId: string, given: Partial<Instance> = {}): Instance =>
  instance({
    instanceId,
    instanceType: 'g5.12xlarge',
    reservationId: 'r-0aa11bb2',
    launchTime: '2026-11-16T06:04:40Z',
    tags: { team: 'vision' },
    ...given,
  });

const both = [launched('i-0f31c4a7d1b2e9a05'), launched('i-0f31c4a7d1b2e9a06')];

const watch = (event: unknown, instances: readonly Instance[] = both, watched = targets) => {
  fakeEc2(instances);
  const clientsFor = () => ({ ec2: new EC2Client({}), pricing: new PricingClient({}) });
  return watchLaunches({ table, config, targets: watched, clientsFor }, launchEvent.parse(event));
};

const items = async (pk: string) => {
  const command = new QueryCommand({
    TableName: table.name,
    KeyConditionExpression: 'pk = :pk',
    ExpressionAttributeValues: { ':pk': pk },
  });
  return (await table.client.send(command)).Items ?? [];
};
const alerts = async () => (await items('OUTBOX')).map(({ alert }) => alert as Alert);
const records = () => items('LAUNCHES#210987654321#eu-west-1');

const byAutoScaling = {
  ...runInstances,
  detail: {
    ...runInstances.detail,
    userIdentity: { type: 'AssumedRole', invokedBy: 'autoscaling.amazonaws.com' },
  },
};

const exposure = {
  account: '210987654321',
  cause: 'exposure-1',
  since: '2026-11-15T00:00:00Z',
  until: '2026-11-29T00:00:00Z',
  reason: 'Credentials of this account were exposed',
  alertId: 'aws-health/1',
  at: '2026-11-15T00:00:00Z',
  isClosed: false,
};

const withState = (state: string) => ({ ...stateChange, detail: { ...stateChange.detail, state } });

describe('a launch', () => {
  it('is told with who started it and what all of it burns', async () => {
    expect(await watch(runInstances)).toEqual({
      reservationId: 'r-0aa11bb2',
      launchTime: '2026-11-16T06:04:40Z',
      instances: 2,
      hourlyRate: 12.662,
      startedBy: 'ml-engineer/dana',
      alerted: true,
    });
    expect(await alerts()).toMatchObject([
      { id: 'launch/r-0aa11bb2/2026-11-16T06:04:40Z', at: '2026-11-16T06:05:00Z', team: 'vision' },
    ]);
  });

  it.each([
    ['CloudTrail first', [runInstances, stateChange]],
    ['CloudTrail last', [stateChange, runInstances]],
    ['the same event twice', [runInstances, runInstances]],
  ])('makes one alert and one record an instance of all its events, %s', async (_, events) => {
    const told = [];
    for (const event of events) told.push(await watch(event));
    expect(told).toMatchObject([{ alerted: true }, { alerted: false }]);
    expect(await alerts()).toHaveLength(1);
    expect(await records()).toMatchObject([
      { instanceId: 'i-0f31c4a7d1b2e9a05', startedBy: 'ml-engineer/dana' },
      { instanceId: 'i-0f31c4a7d1b2e9a06', startedBy: 'ml-engineer/dana' },
    ]);
  });

  it('of twenty is one alert, whichever of the twenty the event speaks of', async () => {
    const twenty = Array.from({ length: 20 }, (_, index) =>
      launched(`i-${index}`, { state: index < 10 ? 'running' : 'pending' }),
    );
    for (const { instanceId } of twenty) {
      await watch({ ...stateChange, detail: { 'instance-id': instanceId, state: 'running' } }, twenty);
    }
    expect(await records()).toHaveLength(20);
    expect(await alerts()).toMatchObject([
      { title: '20 g5.12xlarge started in ml-dev: $126.62 an hour, $92,433 a month' },
    ]);
  });

  it('is one of its own when an instance is started again later', async () => {
    await watch(stateChange);
    const again = [
      launched('i-0f31c4a7d1b2e9a05', { launchTime: '2026-11-17T08:00:00Z' }),
      launched('i-0f31c4a7d1b2e9a06'),
    ];
    expect(await watch({ ...stateChange, time: '2026-11-17T08:00:05Z' }, again)).toMatchObject({
      instances: 1,
      hourlyRate: 6.331,
    });
  });

  it('by Auto Scaling is recorded and not told, by what CloudTrail or the instance says', async () => {
    expect(await watch(byAutoScaling)).toMatchObject({ alerted: false });
    const members = both.map((member) => ({ ...member, tags: { 'aws:autoscaling:groupName': 'serving' } }));
    expect(await watch(stateChange, members)).toMatchObject({ alerted: false });
    expect(await records()).toMatchObject([{ isAutoScaling: true }, { isAutoScaling: true }]);
    expect(await alerts()).toEqual([]);
  });

  it('of a member of a group asks EC2 for that member alone', async () => {
    const members = both.map((member) => ({ ...member, tags: { 'aws:autoscaling:groupName': 'serving' } }));
    const ec2 = fakeEc2(members);
    const clientsFor = () => ({ ec2: new EC2Client({}), pricing: new PricingClient({}) });
    await watchLaunches({ table, config, targets, clientsFor }, launchEvent.parse(stateChange));
    expect(ec2).toHaveReceivedCommandTimes(DescribeInstancesCommand, 1);
    expect(await records()).toMatchObject([{ instanceId: 'i-0f31c4a7d1b2e9a05', isAutoScaling: true }]);
  });

  it('that is cheap and has an owner is recorded and not told', async () => {
    priced('0.5');
    expect(await watch(stateChange)).toMatchObject({ alerted: false, hourlyRate: 1 });
    expect(await records()).toMatchObject([{ instanceId: 'i-0f31c4a7d1b2e9a05', hourlyRate: 0.5 }]);
  });

  it('without an owner is told from a lower rate on', async () => {
    priced('0.5');
    const nobodys = both.map((member) => ({ ...member, tags: {} }));
    await watch(stateChange, nobodys);
    expect(await alerts()).toMatchObject([
      { severity: 'info', summary: expect.stringContaining('No tag "owner"') },
    ]);
  });

  it('of spot accelerators whose price nobody knows is told as that', async () => {
    await watch(
      stateChange,
      both.map((member) => ({ ...member, lifecycle: 'spot' as const })),
    );
    expect(await alerts()).toMatchObject([{ title: '2 g5.12xlarge started in ml-dev: price unknown' }]);
  });
});

describe('a start by a schedule', () => {
  const id = 'i-0f31c4a7d1b2e9a05';
  const startedAt = '2026-11-16T06:00:00Z';
  const alone = [launched(id)];
  beforeEach(() => priced('20'));

  it.each([
    ['while it is being made', () => claimStart(table, mlDev, id, startedAt, undefined)],
    [
      'after it was made',
      async () => {
        await claimStart(table, mlDev, id, startedAt, undefined);
        await settleStart(table, mlDev, id, startedAt, true);
      },
    ],
  ])('is recorded, and alarms nobody, %s', async (_, start) => {
    await start();
    expect(await watch(stateChange, alone)).toMatchObject({ alerted: false });
    expect(await records()).toMatchObject([{ instanceId: id }]);
    expect(await alerts()).toEqual([]);
  });

  it('hides neither what others start beside it, nor a later start by hand', async () => {
    await claimStart(table, mlDev, id, startedAt, undefined);
    expect(await watch(stateChange)).toMatchObject({ alerted: true });
    expect(await alerts()).toMatchObject([
      { title: expect.stringMatching(/^1 g5\.12xlarge started in ml-dev/) },
    ]);
    const later = [launched(id, { launchTime: '2026-11-16T08:04:40Z' })];
    expect(await watch(stateChange, later)).toMatchObject({ alerted: true });
  });

  it('that was refused is no start: one by hand right after it is told', async () => {
    await claimStart(table, mlDev, id, startedAt, undefined);
    await settleStart(table, mlDev, id, startedAt, false);
    expect(await watch(stateChange, alone)).toMatchObject({ alerted: true });
  });
});

describe('an event', () => {
  it.each([
    ['that failed', failed, 'RunInstances failed: Server.InsufficientInstanceCapacity'],
    ['of a state that costs nothing new', withState('stopping'), 'i-0f31c4a7d1b2e9a05 is stopping'],
    [
      'of an account nobody watches',
      { ...stateChange, account: '999999999999' },
      '999999999999, eu-west-1 is not watched',
    ],
  ])('%s is ignored, without a call', async (_, event, ignored) => {
    expect(await watch(event, [])).toEqual({ ignored });
    expect(await alerts()).toEqual([]);
  });

  it('of what has stopped since is ignored', async () => {
    const stopped = both.map((member) => ({ ...member, state: 'stopped' as const }));
    expect(await watch(runInstances, stopped)).toEqual({ ignored: 'stopped, or started again, since' });
  });

  it('of what EC2 does not list yet fails, so that it comes again', async () => {
    await expect(watch(stateChange, [])).rejects.toThrow(
      "EC2 doesn't list i-0f31c4a7d1b2e9a05 in 210987654321, eu-west-1 (yet)",
    );
    await expect(watch(runInstances, [])).rejects.toThrow('(yet)');
  });

  it.each([
    ['a user', { arn: 'arn:aws:iam::210987654321:user/dana' }, 'dana'],
    ['the root user', { arn: 'arn:aws:iam::210987654321:root' }, 'root'],
    ['a service', { invokedBy: 'eks.amazonaws.com' }, 'eks.amazonaws.com'],
    ['nobody that it names', {}, undefined],
  ])('of a launch by %s says so', async (_, userIdentity, startedBy) => {
    const event = { ...runInstances, detail: { ...runInstances.detail, userIdentity } };
    expect(await watch(event)).toMatchObject({ startedBy });
  });
});

describe('what a stop of ours saves', () => {
  const id = 'i-0f31c4a7d1b2e9a05';
  const tags = { 'auto-stop': 'Mon-Fri 08:00-19:00 Europe/Berlin' };
  const endsOf = async () => {
    const span = monthSpan('2026-11');
    return (await getSavingsFacts(table, mlDev, span)).ends.get(`ec2-instance#${id}`);
  };

  it('ends with the event of its start, by the time at which EC2 started it', async () => {
    await watch(stateChange, [launched(id, { tags })]);
    expect(await endsOf()).toEqual(['2026-11-16T06:04:40Z']);
  });

  it('ends with that event also where it was stopped and started once more since', async () => {
    await watch(stateChange, [launched(id, { tags, launchTime: '2026-11-16T06:09:00Z' })]);
    expect(await endsOf()).toEqual(['2026-11-16T06:05:00Z']);
  });

  it.each([
    ['has no schedule', stateChange, {}],
    ['was just made', runInstances, tags],
    ['stops', withState('stopping'), tags],
  ])('is not touched by an event of what %s', async (_, event, given) => {
    await watch(event, [launched(id, { tags: given })]);
    expect(await endsOf()).toBeUndefined();
  });
});

describe('a launch in an account whose credentials were exposed', () => {
  const cheap = [launched('i-0f31c4a7d1b2e9a05', { instanceType: 't3.large', tags: { owner: 'dana' } })];
  beforeEach(() => priced('0.0912'));

  it('is told whatever it costs and whoever started it, as critical', async () => {
    expect(await watch(stateChange, cheap)).toMatchObject({ alerted: false });
    await transact(table, [spendWatchWrite(table, exposure)]);
    expect(await watch(stateChange, cheap)).toMatchObject({ alerted: true });
    expect(await alerts()).toMatchObject([
      {
        severity: 'critical',
        summary: expect.stringMatching(
          /^Credentials of this account were exposed on 15 Nov: every launch there is told until 29 Nov\. Started/,
        ),
        action: expect.stringContaining('terminate it now'),
      },
    ]);
  });

  it('is told by Auto Scaling, too, and once', async () => {
    await transact(table, [spendWatchWrite(table, exposure)]);
    expect(await watch(byAutoScaling, cheap)).toMatchObject({ alerted: true });
    expect(await watch(byAutoScaling, cheap)).toMatchObject({ alerted: false });
  });

  it.each([
    ['another account', { account: '345678901234' }],
    ['a time that is over', { until: '2026-11-16T06:00:00Z' }],
  ])('is told no differently under a watch of %s', async (_, given) => {
    await transact(table, [spendWatchWrite(table, { ...exposure, ...given })]);
    expect(await watch(stateChange, cheap)).toMatchObject({ alerted: false });
  });
});
