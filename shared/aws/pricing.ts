import { type Filter, GetProductsCommand, type PricingClient } from '@aws-sdk/client-pricing';
import { z } from 'zod';
import type { Usd } from '../money.ts';
import { type Priced, pricedBy, type RateUse } from '../spend/rate.ts';

const product = z.object({
  product: z.object({ attributes: z.object({ usagetype: z.string().optional() }) }),
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
 * The on-demand price of an hour: of an EC2 instance on shared or dedicated hardware, or of what SageMaker runs on one.
 * Undefined where the list has no such type, or more than one price for it: a price that isn't certain is unknown.
 */
export async function getOnDemandRate(client: PricingClient, priced: Priced): Promise<Usd | undefined> {
  const tenancy = tenancies[priced.use];
  const question = tenancy === undefined ? ofSageMaker(priced) : ofInstance(priced, tenancy);
  const listed = await getProducts(client, question);
  const prices = new Set(listed.filter((each) => isOf(priced, each)).flatMap(hourlyPrices));
  const [price, ...others] = prices;
  return others.length === 0 ? price : undefined;
}

/** What the price list has on a question, all pages. */
export async function getProducts(client: PricingClient, question: Question): Promise<Product[]> {
  const products: Product[] = [];
  let NextToken: string | undefined;
  do {
    const command = new GetProductsCommand({ ...question, MaxResults: 100, NextToken });
    const { PriceList, NextToken: next } = page.parse(await client.send(command));
    products.push(...PriceList);
    NextToken = next;
  } while (NextToken);
  return products;
}

type Question = { ServiceCode: string; Filters: Filter[] };

/** On what hardware an EC2 instance runs, in the list's words. */
const tenancies: Readonly<Partial<Record<RateUse, string>>> = {
  'on-demand': 'Shared',
  dedicated: 'Dedicated',
};

const ofInstance = ({ region, type, platform }: Priced, tenancy: string): Question => ({
  ServiceCode: 'AmazonEC2',
  Filters: toFilters({
    instanceType: type,
    regionCode: region,
    operatingSystem: platform === 'windows' ? 'Windows' : 'Linux',
    tenancy,
    preInstalledSw: 'NA',
    capacitystatus: 'Used',
    licenseModel: 'No License required', // Windows has a second price, for those who bring their own
  }),
});

/** The list holds an instance once for each use. Its names for the uses have changed, the usage types have not. */
const ofSageMaker = ({ region, type }: Priced): Question => ({
  ServiceCode: 'AmazonSageMaker',
  Filters: toFilters({ instanceName: type, regionCode: region }),
});

export const toFilters = (fields: Readonly<Record<string, string>>): Filter[] =>
  Object.entries(fields).map(([Field, Value]) => ({ Type: 'TERM_MATCH', Field, Value }));

const isOf = ({ type, use }: Priced, { product: { attributes } }: Product): boolean => {
  if (tenancies[use] !== undefined) return true; // the filters leave nothing else
  const listed = pricedBy(attributes.usagetype ?? '');
  return listed?.type === type && listed.use === use;
};

type Product = z.infer<typeof product>;

const hourlyPrices = (listed: Product): Usd[] =>
  pricesIn(listed).flatMap(({ unit, price }) => (unit === 'Hrs' ? [price] : []));

/** The prices of a product, each with what it is the price of; what is free is none. */
export const pricesIn = ({ terms }: Product): { unit: string; price: Usd }[] =>
  Object.values(terms.OnDemand)
    .flatMap(({ priceDimensions }) => Object.values(priceDimensions))
    .flatMap(({ unit, pricePerUnit: { USD: price } }) =>
      price !== undefined && price > 0 ? [{ unit, price }] : [],
    );
