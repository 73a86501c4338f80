import { GetProductsCommand, PricingClient } from '@aws-sdk/client-pricing';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { getOnDemandRate } from '../../shared/aws/pricing.ts';

const pricing = mockClient(PricingClient);
const client = new PricingClient({});
const g5 = { region: 'eu-west-1', type: 'g5.12xlarge', use: 'on-demand', platform: 'linux' } as const;

beforeEach(() => pricing.reset());

const product = (
  pricePerUnit: Record<string, string>,
  unit = 'Hrs',
  usagetype = 'EUW1-BoxUsage:g5.12xlarge',
) =>
  JSON.stringify({
    product: { attributes: { instanceType: 'g5.12xlarge', usagetype } },
    terms: { OnDemand: { 'A.B': { priceDimensions: { 'A.B.C': { unit, pricePerUnit } } } } },
  });

describe('the on-demand rate', () => {
  it('is the one hourly price on shared hardware', async () => {
    pricing.on(GetProductsCommand).resolves({ PriceList: [product({ USD: '6.3310000000' })] });
    expect(await getOnDemandRate(client, g5)).toBe(6.331);
    expect(pricing).toHaveReceivedCommandWith(GetProductsCommand, {
      ServiceCode: 'AmazonEC2',
      Filters: expect.arrayContaining([
        { Type: 'TERM_MATCH', Field: 'instanceType', Value: 'g5.12xlarge' },
        { Type: 'TERM_MATCH', Field: 'regionCode', Value: 'eu-west-1' },
        { Type: 'TERM_MATCH', Field: 'operatingSystem', Value: 'Linux' },
        { Type: 'TERM_MATCH', Field: 'tenancy', Value: 'Shared' },
      ]),
    });
  });

  it('is read from the documents as the SDK wraps them', async () => {
    const wrapped = Object.assign(new String(product({ USD: '6.331' })), {}) as unknown as string;
    pricing.on(GetProductsCommand).resolves({ PriceList: [wrapped] });
    expect(await getOnDemandRate(client, g5)).toBe(6.331);
  });

  it('is looked for on every page', async () => {
    pricing
      .on(GetProductsCommand)
      .resolvesOnce({ PriceList: [], NextToken: 'next' })
      .resolvesOnce({ PriceList: [product({ USD: '6.331' })] });
    expect(await getOnDemandRate(client, g5)).toBe(6.331);
  });

  it.each([
    ['the list has no such type', []],
    ['the price is 0', [product({ USD: '0.0000000000' })]],
    ['the price is in another currency', [product({ CNY: '40.1' })]],
    ['it is a price of something else than hours', [product({ USD: '6.331' }, 'Quantity')]],
    ['two prices disagree', [product({ USD: '6.331' }), product({ USD: '7.5' })]],
  ])('is unknown where %s', async (_, PriceList) => {
    pricing.on(GetProductsCommand).resolves({ PriceList });
    expect(await getOnDemandRate(client, g5)).toBeUndefined();
  });

  it('is that of dedicated hardware for a dedicated instance', async () => {
    const PriceList = [product({ USD: '6.9' }, 'Hrs', 'EU-DedicatedUsage:g5.12xlarge')];
    pricing.on(GetProductsCommand).resolves({ PriceList });
    expect(await getOnDemandRate(client, { ...g5, use: 'dedicated' })).toBe(6.9);
    expect(pricing).toHaveReceivedCommandWith(GetProductsCommand, {
      ServiceCode: 'AmazonEC2',
      Filters: expect.arrayContaining([{ Type: 'TERM_MATCH', Field: 'tenancy', Value: 'Dedicated' }]),
    });
  });

  it('is that of Windows for a Windows instance', async () => {
    pricing.on(GetProductsCommand).resolves({ PriceList: [product({ USD: '8.1' })] });
    await getOnDemandRate(client, { ...g5, platform: 'windows' });
    expect(pricing).toHaveReceivedCommandWith(GetProductsCommand, {
      Filters: expect.arrayContaining([{ Type: 'TERM_MATCH', Field: 'operatingSystem', Value: 'Windows' }]),
    });
  });
});

describe('the rate of an instance that SageMaker runs', () => {
  const hosting = { region: 'eu-west-1', type: 'ml.g5.xlarge', use: 'hosting' } as const;
  const listed = (usagetype: string, price: string, unit = 'Hrs') => product({ USD: price }, unit, usagetype);

  it('is that of what runs there, among those of everything else that may', async () => {
    pricing.on(GetProductsCommand).resolves({
      PriceList: [
        listed('EU-Train:ml.g5.xlarge', '1.57'),
        listed('EU-Host:ml.g5.xlarge', '1.5774'),
        listed('EU-AsyncInf:ml.g5.xlarge', '1.5774'),
        listed('EU-Host:ml.g5.xlarge-HostingParent', '0.01'),
        listed('EU-Studio:JupyterLab-ml.g5.xlarge', '1.41'),
        listed('EU-TrainingPlanUpfrontFee:ml.g5.xlarge', '13.57', 'Quantity'),
      ],
    });
    expect(await getOnDemandRate(client, hosting)).toBe(1.5774);
    expect(await getOnDemandRate(client, { ...hosting, use: 'training' })).toBe(1.57);
    expect(await getOnDemandRate(client, { ...hosting, use: 'studio' })).toBe(1.41);
    expect(await getOnDemandRate(client, { ...hosting, use: 'cluster' })).toBeUndefined();
    expect(pricing).toHaveReceivedCommandWith(GetProductsCommand, {
      ServiceCode: 'AmazonSageMaker',
      Filters: [
        { Type: 'TERM_MATCH', Field: 'instanceName', Value: 'ml.g5.xlarge' },
        { Type: 'TERM_MATCH', Field: 'regionCode', Value: 'eu-west-1' },
      ],
    });
  });

  it('is unknown where two prices for the use disagree', async () => {
    const PriceList = [listed('EU-Host:ml.g5.xlarge', '1.5774'), listed('EU-AsyncInf:ml.g5.xlarge', '1.6')];
    pricing.on(GetProductsCommand).resolves({ PriceList });
    expect(await getOnDemandRate(client, hosting)).toBeUndefined();
  });
});

describe('the on-demand rate of a database', () => {
  const database = {
    region: 'eu-west-1',
    type: 'db.r6g.large',
    use: 'database',
    engine: 'Aurora PostgreSQL',
  } as const;

  it('is that of its engine and deployment, and of its storage by the usage type', async () => {
    pricing.on(GetProductsCommand).resolves({
      PriceList: [
        product({ USD: '0.313' }, 'Hrs', 'EU-InstanceUsage:db.r6g.large'),
        product({ USD: '0.407' }, 'Hrs', 'EU-InstanceUsageIOOptimized:db.r6g.large'),
      ],
    });
    expect(await getOnDemandRate(client, database)).toBe(0.313);
    expect(await getOnDemandRate(client, { ...database, use: 'database-io-optimized' })).toBe(0.407);
    expect(pricing).toHaveReceivedCommandWith(GetProductsCommand, {
      ServiceCode: 'AmazonRDS',
      Filters: [
        { Type: 'TERM_MATCH', Field: 'instanceType', Value: 'db.r6g.large' },
        { Type: 'TERM_MATCH', Field: 'regionCode', Value: 'eu-west-1' },
        { Type: 'TERM_MATCH', Field: 'databaseEngine', Value: 'Aurora PostgreSQL' },
        { Type: 'TERM_MATCH', Field: 'deploymentOption', Value: 'Single-AZ' },
      ],
    });
  });

  it('is doubled by a standby, as its usage type says', async () => {
    const PriceList = [product({ USD: '0.5' }, 'Hrs', 'EU-Multi-AZUsage:db.r6g.large')];
    pricing.on(GetProductsCommand).resolves({ PriceList });
    const doubled = { ...database, use: 'database-multi-az', engine: 'PostgreSQL' } as const;
    expect(await getOnDemandRate(client, doubled)).toBe(0.5);
    expect(await getOnDemandRate(client, { ...database, engine: 'PostgreSQL' })).toBeUndefined();
  });
});
