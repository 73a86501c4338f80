import { GetProductsCommand, PricingClient } from '@aws-sdk/client-pricing';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { getStoragePrices } from '../../shared/aws/storage-prices.ts';

const pricing = mockClient(PricingClient);
const client = new PricingClient({});

/** A price is asked for once a process: each test has a region of its own. */
let regions = 0;
let region: string;

beforeEach(() => {
  pricing.reset();
  pricing.on(GetProductsCommand).resolves({ PriceList: [] });
  region = `eu-test-${regions++}`;
});

type Listed = [usagetype: string, unit: string, ...prices: string[]];

const product = ([usagetype, unit, ...prices]: Listed) =>
  JSON.stringify({
    product: { attributes: { usagetype } },
    terms: {
      OnDemand: {
        a: {
          priceDimensions: Object.fromEntries(
            prices.map((USD, tier) => [`a.${tier}`, { unit, pricePerUnit: { USD } }]),
          ),
        },
      },
    },
  });

const listed = (type: string, ...products: Listed[]) =>
  pricing
    .on(GetProductsCommand, {
      ServiceCode: 'AmazonEC2',
      Filters: [
        { Type: 'TERM_MATCH', Field: 'regionCode', Value: region },
        { Type: 'TERM_MATCH', Field: 'volumeApiName', Value: type },
      ],
    })
    .resolves({ PriceList: products.map(product) });

const pricesOf = async (type: string) => (await getStoragePrices(client, region, [type])).volumes.get(type);

describe('what volumes cost', () => {
  it('is told by size, IOPS and throughput, a MiB as a part of a GiB', async () => {
    listed(
      'gp3',
      ['EUW1-EBS:VolumeUsage.gp3', 'GB-Mo', '0.088'],
      ['EUW1-EBS:VolumeP-IOPS.gp3', 'IOPS-Mo', '0.0055'],
      ['EUW1-EBS:VolumeP-Throughput.gp3', 'GiBps-mo', '45.056'],
    );
    expect(await pricesOf('gp3')).toEqual({ perGb: 0.088, perIops: 0.0055, perThroughput: 0.044 });
  });

  it.each<[string, string, Listed[], object]>([
    ['us-east-1 has no prefix', 'gp2', [['EBS:VolumeUsage.gp2', 'GB-Mo', '0.10']], { perGb: 0.1 }],
    [
      'io1 is piops',
      'io1',
      [
        ['EBS:VolumeUsage.piops', 'GB-month', '0.125'],
        ['EBS:VolumeP-IOPS.piops', 'IOPS-Mo', '0.065'],
      ],
      { perGb: 0.125, perIops: 0.065 },
    ],
    ['magnetic has no suffix', 'standard', [['EBS:VolumeUsage', 'GB-Mo', '0.05']], { perGb: 0.05 }],
    [
      'of tiers the first, and dearest, counts',
      'io2',
      [['EBS:VolumeP-IOPS.io2', 'IOPS-Mo', '0.0455', '0.065']],
      { perIops: 0.065 },
    ],
    [
      'what belongs to another usage type does not',
      'io2',
      [
        ['EBS:VolumeP-IOPS.io2.tier2', 'IOPS-Mo', '9'],
        ['EBS:VolumeUsage.gp2', 'GB-Mo', '9'],
      ],
      {},
    ],
    ['nor what is counted in another unit', 'gp3', [['EBS:VolumeUsage.gp3', 'Hrs', '9']], {}],
  ])('is read off the usage types: %s', async (_, type, products, expected) => {
    listed(type, ...products);
    expect(await pricesOf(type)).toEqual(expected);
  });
});

describe('what an address costs', () => {
  it('is the price of an idle one', async () => {
    pricing.on(GetProductsCommand, { ServiceCode: 'AmazonVPC' }).resolves({
      PriceList: [
        product(['EUW1-PublicIPv4:InUseAddress', 'Hrs', '0.006']),
        product(['EUW1-PublicIPv4:IdleAddress', 'Hrs', '0.005']),
        product(['EUW1-PublicIPv4:ContiguousBlock', 'Hrs', '0.008']),
      ],
    });
    expect((await getStoragePrices(client, region, [])).address).toBe(0.005);
  });

  it('is unknown where the list does not tell', async () => {
    expect((await getStoragePrices(client, region, [])).address).toBeUndefined();
  });
});

it('is asked for once a process, and again where it failed', async () => {
  pricing.on(GetProductsCommand).rejectsOnce(new Error('throttled')).resolves({ PriceList: [] });
  await expect(pricesOf('gp3')).rejects.toThrow('throttled');
  await pricesOf('gp3');
  const calls = pricing.commandCalls(GetProductsCommand).length;
  await pricesOf('gp3');
  expect(pricing.commandCalls(GetProductsCommand)).toHaveLength(calls);
});
