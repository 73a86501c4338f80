import type { PricingClient } from '@aws-sdk/client-pricing';
import type { StoragePrices, VolumePrices } from '../compute/storage.ts';
import type { Usd } from '../money.ts';
import { getProducts, pricesIn, toFilters } from './pricing.ts';

/**
 * What volumes of these types and a public IPv4 address cost by the price list; each asked for once a process and
 * region. What the list doesn't tell is absent. Throws where it can't be read.
 */
export async function getStoragePrices(
  client: PricingClient,
  region: string,
  types: Iterable<string>,
): Promise<StoragePrices> {
  const volumes = new Map<string, VolumePrices>();
  for (const type of new Set(types)) {
    volumes.set(type, await once(`${region}#${type}`, () => volumePrices(client, region, type)));
  }
  return { volumes, address: await once(region, () => addressPrice(client, region)) };
}

const asked = new Map<string, Promise<unknown>>();

function once<Answer>(key: string, ask: () => Promise<Answer>): Promise<Answer> {
  const known = asked.get(key) as Promise<Answer> | undefined;
  if (known) return known;
  const answer = ask();
  asked.set(key, answer);
  answer.catch(() => asked.delete(key)); // what failed is asked again
  return answer;
}

/**
 * By the usage types of the list: `EUW1-EBS:VolumeUsage.gp3`, `EUW1-EBS:VolumeP-IOPS.gp3`. io1 is `piops` there, and
 * magnetic has no suffix.
 */
async function volumePrices(client: PricingClient, region: string, type: string): Promise<VolumePrices> {
  const products = await getProducts(client, {
    ServiceCode: 'AmazonEC2',
    Filters: toFilters({ regionCode: region, volumeApiName: type }),
  });
  const suffix = type === 'standard' ? '' : `.${type === 'io1' ? 'piops' : type}`;
  const dearest = (usage: string, units: Readonly<Record<string, number>>): Usd | undefined => {
    const meant = products.filter(({ product }) =>
      isOf(product.attributes.usagetype, `EBS:${usage}${suffix}`),
    );
    const prices = meant.flatMap(pricesIn).flatMap(({ unit, price }) => {
      const share = units[unit.toLowerCase()];
      return share === undefined ? [] : [price * share];
    });
    // Of tiers the first is the dearest: what is taken off a saving is never too little.
    return prices.length === 0 ? undefined : Math.max(...prices);
  };
  return {
    perGb: dearest('VolumeUsage', { 'gb-mo': 1, 'gb-month': 1 }),
    perIops: dearest('VolumeP-IOPS', { 'iops-mo': 1 }),
    perThroughput: dearest('VolumeP-Throughput', { 'gibps-mo': 1 / 1024, 'mibps-mo': 1 }),
  };
}

/** An address of what is off is idle; in use it costs as much. */
async function addressPrice(client: PricingClient, region: string): Promise<Usd | undefined> {
  const products = await getProducts(client, {
    ServiceCode: 'AmazonVPC',
    Filters: toFilters({ regionCode: region, group: 'VPCPublicIPv4Address' }),
  });
  const idle = products.filter(({ product }) => isOf(product.attributes.usagetype, 'PublicIPv4:IdleAddress'));
  const prices = idle.flatMap(pricesIn).map(({ price }) => price);
  return prices.length === 0 ? undefined : Math.max(...prices);
}

/** `EUW1-EBS:VolumeUsage.gp3`; us-east-1 goes without a prefix. */
const isOf = (usageType = '', wanted: string): boolean =>
  usageType === wanted || usageType.endsWith(`-${wanted}`);
