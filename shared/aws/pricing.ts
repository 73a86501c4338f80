import { type Filter, GetProductsCommand, type PricingClient } from '@aws-sdk/client-pricing';
import { z } from 'zod';
import type { Usd } from '../money.ts';

type PricedType = { region: string; instanceType: string; platform: 'linux' | 'windows' };

const product = z.object({
  terms: z.object({
    OnDemand: z
      .record(
        z.string(),
        z.object({
          priceDimensions: z.record(
            z.string(),
            z.object({ unit: z.string(), pricePerUnit: z.object({ USD: z.coerce.number().optional() }) }),
          ),
        }),
      )
      .default({}),
  }),
});

/** Over the wire each comes as a String object of the SDK's, in a test or the sample as a string. */
const json = z.unknown().transform((document): unknown => JSON.parse(String(document)));

const page = z.object({
  PriceList: z.array(json.pipe(product)).default([]),
  NextToken: z.string().optional(),
});

/**
 * The on-demand price of an hour on shared hardware. Undefined where the list has no such type, or more than one price
 * for it: a price that isn't certain is unknown.
 */
export async function getOnDemandRate(client: PricingClient, priced: PricedType): Promise<Usd | undefined> {
  const prices = new Set<Usd>();
  let NextToken: string | undefined;
  do {
    const command = new GetProductsCommand({
      ServiceCode: 'AmazonEC2',
      Filters: filtersOf(priced),
      MaxResults: 100,
      NextToken,
    });
    const { PriceList, NextToken: next } = page.parse(await client.send(command));
    for (const price of PriceList.flatMap(hourlyPrices)) prices.add(price);
    NextToken = next;
  } while (NextToken);
  const [price, ...others] = prices;
  return others.length === 0 ? price : undefined;
}

const filtersOf = ({ region, instanceType, platform }: PricedType): Filter[] =>
  Object.entries({
    instanceType,
    regionCode: region,
    operatingSystem: platform === 'windows' ? 'Windows' : 'Linux',
    tenancy: 'Shared',
    preInstalledSw: 'NA',
    capacitystatus: 'Used',
    licenseModel: 'No License required', // Windows has a second price, for those who bring their own
  }).map(([Field, Value]) => ({ Type: 'TERM_MATCH', Field, Value }));

const hourlyPrices = ({ terms }: z.infer<typeof product>): Usd[] =>
  Object.values(terms.OnDemand)
    .flatMap(({ priceDimensions }) => Object.values(priceDimensions))
    .flatMap(({ unit, pricePerUnit: { USD: price } }) =>
      unit === 'Hrs' && price !== undefined && price > 0 ? [price] : [],
    );
