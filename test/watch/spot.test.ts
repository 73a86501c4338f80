import { DescribeInstancesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { GetProductsCommand, PricingClient } from '@aws-sdk/client-pricing';
import { QueryCommand } from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import rebalance from '../../events/ec2-rebalance.json' with { type: 'json' };
import interruption from '../../events/ec2-spot-interruption.json' with { type: 'json' };
import type { Alert } from '../../shared/alert/alert.ts';
import { checkpointOf } from '../../shared/compute/spot.ts';
import { parseConfig } from '../../shared/config.ts';
import { storeRates } from '../../shared/store/prices.ts';
import type { Table } from '../../shared/store/table.ts';
import { spotEvent, watchSpot } from '../../shared/watch/spot.ts';
import { instance } from '../support/compute.ts';
import { fakeEc2 } from '../support/ec2.ts';
import { startTable } from '../support/table.ts';

const config = parseConfig({});
const target = { account: '210987654321', accountName: 'ml-dev', region: 'eu-west-1' };
const clientsFor = () => ({ ec2: new EC2Client({}), pricing: new PricingClient({}) });
const id = 'i-0d4e7b1c93fa2650a';
let table: Table;
let stop: () => Promise<void>;

beforeEach(async () => {
  ({ table, stop } = await startTable());
  const price = {
    product: { attributes: {} },
    terms: { OnDemand: { a: { priceDimensions: { b: { unit: 'Hrs', pricePerUnit: { USD: '6.331' } } } } } },
  };
  mockClient(PricingClient)
    .on(GetProductsCommand)
    .resolves({ PriceList: [JSON.stringify(price)] });
  known({});
});
afterEach(() => stop());

const known = (tags: Record<string, string>, instanceType = 'g5.12xlarge') =>
  fakeEc2([
    instance({
      instanceId: id,
      instanceType,
      launchTime: '2026-11-16T09:20:00Z',
      lifecycle: 'spot',
      tags: { Name: 'distill-spot', owner: 'dana', team: 'llm', workload: 'training', ...tags },
    }),
  ]);

const tell = (event: unknown, targets = [target]) =>
  watchSpot({ table, config, targets, clientsFor }, spotEvent.parse(event));

const alerts = async (): Promise<Alert[]> => {
  const { Items = [] } = await table.client.send(
    new QueryCommand({
      TableName: table.name,
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': 'OUTBOX' },
    }),
  );
  return Items.map(({ alert }) => alert as Alert);
};

const alertOf = async (event: unknown): Promise<Alert> => {
  await tell(event);
  const [alert] = await alerts();
  if (alert === undefined) throw new Error('nothing was told');
  return alert;
};

const spotRate = () =>
  storeRates(
    table,
    [{ region: 'eu-west-1', type: 'g5.12xlarge', use: 'spot', platform: 'linux', hourlyRate: 2.1 }],
    '2026-11-16T00:00:00Z',
  );

describe('the interruption of a spot instance', () => {
  it('says whose it is, until when, what is lost, and what it costs on demand', async () => {
    await spotRate();
    expect(await alertOf(interruption)).toEqual({
      id: `spot/210987654321/eu-west-1/${id}/2026-11-16T09:20:00Z/interruption`,
      subject: `spot/210987654321/eu-west-1/${id}/2026-11-16T09:20:00Z`,
      kind: 'spot-interruption',
      severity: 'critical',
      at: '2026-11-16T19:20:00Z',
      title: 'distill-spot (g5.12xlarge spot) in ml-dev is terminated at 19:22:00 UTC',
      summary:
        'It has no tag "checkpoint": up to 10 h ($21.00) of work may be lost. It has been up since 2026-11-16 09:20 UTC.',
      facts: [
        { label: 'Account', value: 'ml-dev (210987654321), eu-west-1' },
        { label: 'Instance', value: id },
        { label: 'Ends', value: '2026-11-16 19:22:00 UTC' },
        { label: 'Zone', value: 'eu-west-1b' },
        { label: 'Owner', value: 'dana' },
        { label: 'Team', value: 'llm' },
        { label: 'Workload', value: 'training' },
        { label: 'Checkpoint', value: 'none tagged' },
        { label: 'Spot price', value: '$2.10 an hour' },
        { label: 'On demand', value: '$6.33 an hour' },
      ],
      items: [],
      action:
        'Save a checkpoint now. To go on: spot in a zone other than eu-west-1b, or a similar type, or g5.12xlarge on demand for $6.33 an hour, $4.23 more than as spot.',
      links: [expect.objectContaining({ label: 'Instance in the EC2 console' })],
      account: '210987654321',
      region: 'eu-west-1',
      owner: 'dana',
      team: 'llm',
    });
  });

  it('puts the price on demand for what no bill has told, as the most that it can be', async () => {
    expect((await alertOf(interruption)).summary).toContain(
      'up to 10 h (at most $63.31) of work may be lost',
    );
  });

  it.each([
    ['a place', { checkpoint: 's3://ml-checkpoints/distill/' }, ' to s3://ml-checkpoints/distill/'],
    ['that it does', { checkpoints: 'true' }, ''],
  ])('is a warning where the tag says %s', async (_, tags, place) => {
    known(tags);
    expect(await alertOf(interruption)).toMatchObject({
      severity: 'warning',
      summary: expect.stringContaining(
        `By its tag it saves checkpoints${place}: what is lost is the work since the last one.`,
      ),
    });
  });

  it('is a warning for a cheap one without accelerators', async () => {
    known({}, 'm5.xlarge');
    expect((await alertOf(interruption)).severity).toBe('warning');
  });

  it('that hibernates loses nothing, and has no two minutes', async () => {
    const hibernating = {
      ...interruption,
      detail: { ...interruption.detail, 'instance-action': 'hibernate' },
    };
    const alert = await alertOf(hibernating);
    expect(alert.title).toBe('distill-spot (g5.12xlarge spot) in ml-dev is being hibernated');
    expect(alert.summary).toContain('Its memory is kept');
    expect(alert.facts.map(({ label }) => label)).not.toContain('Ends');
  });

  it('goes on bare where EC2 cannot be asked: two minutes are no time to try again', async () => {
    fakeEc2([]).on(DescribeInstancesCommand).rejects(new Error('RequestLimitExceeded'));
    expect(await tell(interruption)).toMatchObject({ isDescribed: false, alerted: true });
    expect(await alerts()).toMatchObject([
      {
        severity: 'critical',
        title: `Spot instance ${id} in ml-dev is terminated at 19:22:00 UTC`,
        action: expect.stringContaining('on demand'),
      },
    ]);
  });

  it('goes on bare where EC2 does not answer in time', async () => {
    fakeEc2([])
      .on(DescribeInstancesCommand)
      .callsFake(() => new Promise(() => {}));
    const event = spotEvent.parse(interruption);
    const impatient = { table, config, targets: [target], clientsFor, patienceMs: 20 };
    expect(await watchSpot(impatient, event)).toMatchObject({ isDescribed: false, alerted: true });
  });

  it('goes on bare where EC2 does not list it', async () => {
    fakeEc2([]);
    expect(await tell(interruption)).toMatchObject({ isDescribed: false, alerted: true });
  });

  it('is ignored where nobody watches', async () => {
    expect(await tell(interruption, [{ ...target, region: 'us-east-1' }])).toEqual({
      ignored: '210987654321, eu-west-1 is not watched',
    });
    expect(await alerts()).toEqual([]);
  });
});

describe('the recommendation to rebalance', () => {
  it('is a warning, or no more than information where the work is saved', async () => {
    expect(await alertOf(rebalance)).toMatchObject({
      severity: 'warning',
      title: 'distill-spot (g5.12xlarge spot) in ml-dev is likely to be interrupted soon',
      action: expect.stringMatching(/^Save a checkpoint, and move the work before EC2 takes the instance\./),
    });
    await stop();
    ({ table, stop } = await startTable());
    known({ checkpoint: 'yes' });
    expect((await alertOf(rebalance)).severity).toBe('info');
  });
});

it('tells each notice of a launch once, however often and in whatever order they come', async () => {
  const deliveries = [rebalance, rebalance, interruption, interruption];
  await fc.assert(
    fc.asyncProperty(fc.shuffledSubarray(deliveries, { minLength: 4, maxLength: 4 }), async (order) => {
      await stop();
      ({ table, stop } = await startTable());
      for (const event of order) await tell(event);
      const subject = `spot/210987654321/eu-west-1/${id}/2026-11-16T09:20:00Z`;
      expect((await alerts()).map((alert) => [alert.subject, alert.id])).toEqual([
        [subject, `${subject}/interruption`],
        [subject, `${subject}/rebalance`],
      ]);
    }),
    { numRuns: 6 },
  );
});

describe('the checkpoint tag', () => {
  it.each([
    [{ checkpoint: 's3://b/p' }, 's3://b/p'],
    [{ checkpoints: ' yes ' }, 'yes'],
    [{ checkpoint: 'False' }, undefined],
    [{ checkpoint: 'none', checkpoints: 'true' }, undefined], // the first key that is set wins
    [{ checkpoint: '' }, undefined],
    [{ Checkpoint: 'true' }, undefined],
    [{}, undefined],
  ])('%j says %s', (tags, expected) => {
    expect(checkpointOf(tags, ['checkpoint', 'checkpoints'])).toBe(expected);
  });
});
