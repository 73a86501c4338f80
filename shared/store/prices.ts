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
import { isListed, type Priced, type RatePaid, type RateSource, rateKey } from '../spend/rate.ts';
import type { Target } from '../target.ts';
import { expiresAfter, queryAll, type Table, unlessRefused } from './table.ts';

const pk = 'PRICES';

/** How long a price is believed. */
const retentionDays = 30;

/** How long what the price list doesn't tell is taken for unknown: a new type is listed some days after its launch. */
const unlistedDays = 1;

/** Keeps what the bill says an hour costs, over what the price list said. Harmless when repeated. */
export async function storeRates(table: Table, rates: readonly RatePaid[], readAt: IsoTime): Promise<void> {
  for (const batch of inBatches(rates, 25)) {
    await Promise.all(
      batch.map((rate) =>
        put(table, {
          sk: rateKey(rate),
          hourlyRate: rate.hourlyRate,
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
  hourlyRate?: Usd | undefined;
  source?: RateSource;
  readAt: IsoTime;
  days?: number;
  /** The condition under which it may take the place of what is there. */
  replaces: string;
};

async function put(table: Table, { replaces, days = retentionDays, ...price }: Price): Promise<void> {
  const { client, name } = table;
  const values = { ':source': price.source, ':readAt': price.readAt };
  const used = Object.entries(values).filter(([key]) => replaces.includes(key));
  // Where it is refused, what is there is better, or as new.
  await unlessRefused(
    client.send(
      new PutCommand({
        TableName: name,
        Item: { pk, ...price, expiresAt: expiresAfter(price.readAt, days) },
        ConditionExpression: replaces,
        ...(replaces.includes('#source') && { ExpressionAttributeNames: { '#source': 'source' } }),
        ...(used.length > 0 && { ExpressionAttributeValues: Object.fromEntries(used) }),
      }),
    ),
  );
  reads.delete(table); // what was read before is no longer all there is
}

/** Where prices are looked up; without a table nothing is known of the bill, and nothing kept. */
export type PriceSources = {
  table?: Table | undefined;
  pricing: PricingClient;
  /** Whoever only looks keeps nothing: their credentials may not allow it, and they were promised no change. */
  readOnly?: boolean;
};

/**
 * What an hour of each costs, of one instance or unit: as the bill says, else by the price list, which is asked once in
 * 30 days for a price. Undefined is unknown: what no bill told yet and no list tells, or a price list that can't be
 * read.
 */
export async function ratesOf(
  sources: PriceSources,
  priced: readonly Priced[],
  now: IsoTime,
): Promise<(Usd | undefined)[]> {
  const regions = new Set(priced.map(({ region }) => region));
  const rates = await knownRates(sources.table, [...regions], now);
  const unknown = priced.filter((each) => isListed(each) && !rates.has(rateKey(each)));
  const asked = new Map(unknown.map((each) => [rateKey(each), each]));
  for (const batch of inBatches([...asked], concurrentCalls)) {
    const listed = batch.map(async ([key, each]) => rates.set(key, await listPrice(sources, each, now)));
    await Promise.all(listed);
  }
  return priced.map((each) => rates.get(rateKey(each)));
}

/** To the price list, which answers a few questions at a time. */
const concurrentCalls = 5;

/**
 * What an hour of each instance of a target costs, by instance id. Absent is unknown: also hours bought in advance.
 */
export async function hourlyRates(
  sources: PriceSources,
  { region }: Target,
  instances: readonly Instance[],
  now: IsoTime,
): Promise<Map<string, Usd>> {
  const sold = instances.flatMap((instance) => {
    const { instanceId, instanceType: type, platform } = instance;
    const use = purchaseOptionOf(instance);
    return use ? [{ instanceId, priced: { region, type, use, platform } }] : [];
  });
  const rates = await ratesOf(
    sources,
    sold.map(({ priced }) => priced),
    now,
  );
  return new Map(
    sold.flatMap(({ instanceId }, index) => {
      const rate = rates[index];
      return rate === undefined ? [] : [[instanceId, rate] as const];
    }),
  );
}

const stored = z.object({
  sk: z.string(),
  hourlyRate: z.number().optional(),
  source: z.enum(['bill', 'pricing-api']).optional(),
  expiresAt: z.number(),
});

/** What is stored of these regions, by key; of what the list was asked for and doesn't tell, undefined. */
async function knownRates(
  table: Table | undefined,
  regions: readonly string[],
  now: IsoTime,
): Promise<Map<string, Usd | undefined>> {
  const current = await storedPrices(table, regions, now);
  return new Map(current.map(({ sk, hourlyRate }) => [sk, hourlyRate]));
}

/** Where a known price comes from: what isn't stored was just read off the price list. */
export async function rateSourceOf(
  table: Table | undefined,
  priced: Priced,
  now: IsoTime,
): Promise<RateSource> {
  const current = await storedPrices(table, [priced.region], now);
  return current.find(({ sk }) => sk === rateKey(priced))?.source ?? 'pricing-api';
}

/** Where the price of a type comes from that is this rate; undefined where none on record is. */
export async function sourceOfRate(
  table: Table,
  { region, type, hourlyRate }: { region: string; type: string; hourlyRate: Usd },
  now: IsoTime,
): Promise<RateSource | undefined> {
  const current = await storedPrices(table, [region], now);
  return current.find((price) => price.sk.startsWith(`${region}#${type}#`) && price.hourlyRate === hourlyRate)
    ?.source;
}

async function storedPrices(
  table: Table | undefined,
  regions: readonly string[],
  now: IsoTime,
): Promise<Stored[]> {
  if (table === undefined) return [];
  const prices = await Promise.all(regions.map((region) => pricesIn(table, region, now)));
  return prices.flat();
}

type Stored = z.infer<typeof stored>;

/** What a pass has read of a table, by region: its observers ask for prices one after another. */
const reads = new WeakMap<Table, { now: IsoTime; regions: Map<string, Promise<Stored[]>> }>();

/** The prices of a region, read once a pass, that is, once a time. */
function pricesIn(table: Table, region: string, now: IsoTime): Promise<Stored[]> {
  const kept = reads.get(table);
  const regions = kept?.now === now ? kept.regions : new Map<string, Promise<Stored[]>>();
  reads.set(table, { now, regions });
  const known = regions.get(region);
  if (known) return known;
  const read = readPrices(table, region, now);
  regions.set(region, read);
  read.catch(() => regions.delete(region)); // what failed is read again
  return read;
}

async function readPrices(table: Table, region: string, now: IsoTime): Promise<Stored[]> {
  const prices = await queryAll(table, { pk, startingWith: `${region}#`, item: stored });
  // DynamoDB takes its time to remove what has expired.
  return prices.filter(({ expiresAt }) => expiresAt > expiresAfter(now, 0));
}

/** A price list that fails makes a price unknown, and the watch goes on without it. */
async function listPrice(
  { table, pricing, readOnly }: PriceSources,
  priced: Priced,
  now: IsoTime,
): Promise<Usd | undefined> {
  try {
    const hourlyRate = await getOnDemandRate(pricing, priced);
    if (table && !readOnly) {
      await put(table, {
        sk: rateKey(priced),
        hourlyRate,
        source: 'pricing-api',
        readAt: now,
        replaces: 'attribute_not_exists(pk) OR readAt < :readAt',
        ...(hourlyRate === undefined && { days: unlistedDays }),
      });
    }
    return hourlyRate;
  } catch (error) {
    logger.warn('price unknown', { type: priced.type, use: priced.use, error: error as Error });
    return undefined;
  }
}
