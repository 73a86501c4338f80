import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import type { PricingClient } from '@aws-sdk/client-pricing';
import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { getOnDemandRate } from '../aws/pricing.ts';
import { inBatches } from '../batches.ts';
import { purchaseOptionOf } from '../compute/cost.ts';
import type { Instance } from '../compute/instance.ts';
import type { Usd } from '../money.ts';
import { logger } from '../observability.ts';
import type { IsoTime } from '../period.ts';
import type { RatePaid } from '../spend/rate.ts';
import type { Target } from '../target.ts';
import { expiresAfter, queryAll, type Table } from './table.ts';

const pk = 'PRICES';

/** How long a price is believed. */
const retentionDays = 30;

/** Keeps what the bill says an hour costs, over what the price list said. Harmless when repeated. */
export async function storeRates(table: Table, rates: readonly RatePaid[], readAt: IsoTime): Promise<void> {
  for (const batch of inBatches(rates, 25)) {
    await Promise.all(
      batch.map(({ region, instanceType, purchaseOption, hourlyRate }) =>
        put(table, {
          sk: `${region}#${instanceType}#${purchaseOption}`,
          hourlyRate,
          source: 'bill',
          readAt,
          replaces: 'attribute_not_exists(pk) OR #source <> :source OR readAt < :readAt',
        }),
      ),
    );
  }
  await put(table, { sk: readMark, readAt, replaces: 'attribute_not_exists(pk) OR readAt < :readAt' });
}

/** Sorts before every region, so that no region's prices contain it. */
const readMark = '#READ';

/** When the bill's rates were read last; undefined where they never were, or too long ago. */
export async function ratesReadAt({ client, name }: Table): Promise<IsoTime | undefined> {
  const { Item } = await client.send(new GetCommand({ TableName: name, Key: { pk, sk: readMark } }));
  return Item === undefined ? undefined : z.object({ readAt: z.string() }).parse(Item).readAt;
}

type Price = {
  sk: string;
  hourlyRate?: Usd;
  source?: 'bill' | 'pricing-api';
  readAt: IsoTime;
  /** The condition under which it may take the place of what is there. */
  replaces: string;
};

async function put({ client, name }: Table, { replaces, ...price }: Price): Promise<void> {
  const values = { ':source': price.source, ':readAt': price.readAt };
  const used = Object.entries(values).filter(([key]) => replaces.includes(key));
  try {
    await client.send(
      new PutCommand({
        TableName: name,
        Item: { pk, ...price, expiresAt: expiresAfter(price.readAt, retentionDays) },
        ConditionExpression: replaces,
        ...(replaces.includes('#source') && { ExpressionAttributeNames: { '#source': 'source' } }),
        ...(used.length > 0 && { ExpressionAttributeValues: Object.fromEntries(used) }),
      }),
    );
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error; // what is there is better, or as new
  }
}

/** Where prices are looked up; without a table nothing is known of the bill, and nothing kept. */
export type PriceSources = {
  table?: Table | undefined;
  pricing: PricingClient;
  /** Whoever only looks keeps nothing: their credentials may not allow it, and they were promised no change. */
  readOnly?: boolean;
};

/**
 * What an hour of each instance costs, by instance id: as the bill says, else by the price list, which is asked once in
 * 30 days for a type. Absent is unknown: a spot price that no bill told yet, hours bought in advance, or a price list
 * that can't be read.
 */
export async function hourlyRates(
  sources: PriceSources,
  { region }: Target,
  instances: readonly Instance[],
  now: IsoTime,
): Promise<Map<string, Usd>> {
  const rates = new Map<string, Usd>();
  if (instances.length === 0) return rates;
  const known = sources.table ? await knownRates(sources.table, region, now) : new Map<string, Usd>();
  for (const [key, alike] of Map.groupBy(instances, priceKey)) {
    const rate = key && (known.get(key) ?? (await listPrice(sources, key, alike[0], now)));
    if (rate) for (const { instanceId } of alike) rates.set(instanceId, rate);
  }
  return rates;
}

/** Windows has a price of its own, which the bill's usage types don't tell from Linux's. */
function priceKey(instance: Instance): string | undefined {
  const purchaseOption = purchaseOptionOf(instance);
  if (purchaseOption === undefined) return undefined;
  const { region, instanceType, platform } = instance;
  return `${region}#${instanceType}#${purchaseOption}${platform === 'windows' ? '#windows' : ''}`;
}

const stored = z.object({ sk: z.string(), hourlyRate: z.number(), expiresAt: z.number() });

async function knownRates(table: Table, region: string, now: IsoTime): Promise<Map<string, Usd>> {
  const prices = await queryAll(table, { pk, startingWith: `${region}#`, item: stored });
  // DynamoDB takes its time to remove what has expired.
  const current = prices.filter(({ expiresAt }) => expiresAt > expiresAfter(now, 0));
  return new Map(current.map(({ sk, hourlyRate }) => [sk, hourlyRate]));
}

/** A price list that fails makes a price unknown, and the watch goes on without it. */
async function listPrice(
  { table, pricing, readOnly }: PriceSources,
  key: string,
  instance: Instance | undefined,
  now: IsoTime,
): Promise<Usd | undefined> {
  // What a spot instance costs is not what the list says.
  if (instance === undefined || purchaseOptionOf(instance) !== 'on-demand') return undefined;
  try {
    const hourlyRate = await getOnDemandRate(pricing, instance);
    if (table && !readOnly && hourlyRate !== undefined) {
      const replaces = 'attribute_not_exists(pk) OR readAt < :readAt';
      await put(table, { sk: key, hourlyRate, source: 'pricing-api', readAt: now, replaces });
    }
    return hourlyRate;
  } catch (error) {
    logger.warn('price unknown', { instanceType: instance.instanceType, error: error as Error });
    return undefined;
  }
}
