import { GetProductsCommand, PricingClient } from '@aws-sdk/client-pricing';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Instance } from '../../shared/compute/instance.ts';
import type { Priced, RatePaid } from '../../shared/spend/rate.ts';
import {
  hourlyRates,
  rateSourceOf,
  ratesOf,
  ratesReadAt,
  sourceOfRate,
  storeRates,
} from '../../shared/store/prices.ts';
import type { Table } from '../../shared/store/table.ts';
import { instance } from '../support/compute.ts';
import { startTable } from '../support/table.ts';

const pricing = mockClient(PricingClient);
const client = new PricingClient({});
const target = { account: '210987654321', region: 'eu-west-1' };
const now = '2026-11-16T06:00:00Z';
const later = '2026-11-16T07:00:00Z';
let table: Table;
let stop: () => Promise<void>;

beforeEach(async () => {
  ({ table, stop } = await startTable());
  pricing.reset();
  pricing.on(GetProductsCommand).resolves({ PriceList: [product(33)] });
});
afterEach(() => stop());

const product = (price: number, usagetype = 'EUW1-BoxUsage:p4d.24xlarge') =>
  JSON.stringify({
    product: { attributes: { usagetype } },
    terms: {
      OnDemand: { a: { priceDimensions: { b: { unit: 'Hrs', pricePerUnit: { USD: String(price) } } } } },
    },
  });

const paid = (given: Partial<RatePaid> = {}): RatePaid => ({
  region: 'eu-west-1',
  type: 'p4d.24xlarge',
  use: 'on-demand',
  hourlyRate: 21.5,
  ...given,
});

const rateOf = async (given: Partial<Instance> = {}, at = now, withTable = true) =>
  (
    await hourlyRates(
      { table: withTable ? table : undefined, pricing: client },
      target,
      [instance(given)],
      at,
    )
  ).get('i-0d4e1f2a3b4c5d6e7');

describe('the hourly rate', () => {
  it('is what the bill says, and the price list is not asked', async () => {
    await storeRates(table, [paid(), paid({ type: 'g5.xlarge', hourlyRate: 0.9 })], now);
    expect(await rateOf()).toBe(21.5);
    expect(pricing).not.toHaveReceivedCommand(GetProductsCommand);
  });

  it('is what the price list says where the bill knows nothing, and is asked for once', async () => {
    expect(await rateOf()).toBe(33);
    expect(await rateOf({}, '2026-12-15T06:00:00Z')).toBe(33);
    expect(pricing).toHaveReceivedCommandTimes(GetProductsCommand, 1);
  });

  it('is asked for again after 30 days', async () => {
    await rateOf();
    pricing.on(GetProductsCommand).resolves({ PriceList: [product(30)] });
    expect(await rateOf({}, '2026-12-16T06:00:01Z')).toBe(30);
  });

  it('is asked for once for all instances of a type', async () => {
    const fleet = ['i-1', 'i-2', 'i-3'].map((instanceId) => instance({ instanceId }));
    const rates = await hourlyRates({ table, pricing: client }, target, fleet, now);
    expect([...rates]).toEqual([
      ['i-1', 33],
      ['i-2', 33],
      ['i-3', 33],
    ]);
    expect(pricing).toHaveReceivedCommandTimes(GetProductsCommand, 1);
  });

  it('of a spot instance is what the bill says of spot, else unknown', async () => {
    await storeRates(table, [paid()], now);
    expect(await rateOf({ lifecycle: 'spot' })).toBeUndefined();
    await storeRates(table, [paid({ use: 'spot', hourlyRate: 9.8 })], now);
    expect(await rateOf({ lifecycle: 'spot' })).toBe(9.8);
    expect(pricing).not.toHaveReceivedCommand(GetProductsCommand);
  });

  it('of a capacity block is unknown', async () => {
    expect(await rateOf({ lifecycle: 'capacity-block' })).toBeUndefined();
  });

  it('of a Windows instance is what the bill says of Windows, else the list price of Windows', async () => {
    await storeRates(table, [paid()], now);
    pricing.on(GetProductsCommand).resolves({ PriceList: [product(37)] });
    expect(await rateOf({ platform: 'windows' })).toBe(37);
    await storeRates(table, [paid({ platform: 'windows', hourlyRate: 25 })], now);
    expect(await rateOf({ platform: 'windows' })).toBe(25);
    expect(await rateOf()).toBe(21.5);
  });

  it('of a dedicated instance is what the bill says of dedicated hardware, else its list price', async () => {
    await storeRates(table, [paid()], now);
    pricing.on(GetProductsCommand).resolves({ PriceList: [product(36)] });
    expect(await rateOf({ tenancy: 'dedicated' })).toBe(36);
    await storeRates(table, [paid({ use: 'dedicated', hourlyRate: 23 })], now);
    expect(await rateOf({ tenancy: 'dedicated' })).toBe(23);
  });

  it('of an instance on a dedicated host is unknown: the host is paid for', async () => {
    await storeRates(table, [paid()], now);
    expect(await rateOf({ tenancy: 'host' })).toBeUndefined();
  });

  it('is unknown, never 0, where the price list fails, and asked for again the next time', async () => {
    pricing
      .on(GetProductsCommand)
      .rejectsOnce(new Error('denied'))
      .resolves({ PriceList: [product(33)] });
    expect(await rateOf()).toBeUndefined();
    expect(await rateOf()).toBe(33);
  });

  it('is told without a table too', async () => {
    expect(await rateOf({}, now, false)).toBe(33);
  });
});

describe('the rates of several things', () => {
  const hosting: Priced = { region: 'eu-west-1', type: 'ml.g5.xlarge', use: 'hosting' };
  const rates = (...priced: Priced[]) => ratesOf({ table, pricing: client }, priced, now);

  it('come in the order they were asked for, of each region and use its own', async () => {
    await storeRates(
      table,
      [
        paid({ type: 'ml.g5.xlarge', use: 'hosting', hourlyRate: 1.2 }),
        paid({ type: 'ml.g5.xlarge', use: 'training', hourlyRate: 1.1 }),
        paid({ region: 'us-east-1', type: 'nova2lite', use: 'model-unit', hourlyRate: 60.5 }),
      ],
      now,
    );
    const unit: Priced = { region: 'us-east-1', type: 'amazon.nova-2-lite-v1:0:256k', use: 'model-unit' };
    expect(
      await rates(unit, hosting, { ...hosting, use: 'training' }, { ...unit, region: 'eu-west-1' }, hosting),
    ).toEqual([60.5, 1.2, 1.1, undefined, 1.2]);
    expect(pricing).not.toHaveReceivedCommand(GetProductsCommand);
  });

  it('are read from the table once a region', async () => {
    const send = vi.spyOn(table.client, 'send');
    await storeRates(table, [paid({ type: 'ml.g5.xlarge', use: 'hosting', hourlyRate: 1.2 })], now);
    send.mockClear();
    await rates(hosting, hosting, { ...hosting, type: 'g5.xlarge', use: 'spot' });
    expect(send).toHaveBeenCalledTimes(1);
  });

  it('are read from the table once a pass, whoever asks, and again when there is something new', async () => {
    const send = vi.spyOn(table.client, 'send');
    await storeRates(table, [paid({ type: 'ml.g5.xlarge', use: 'hosting', hourlyRate: 1.2 })], now);
    send.mockClear();
    expect([await rates(hosting), await rates(hosting)]).toEqual([[1.2], [1.2]]);
    expect(send).toHaveBeenCalledTimes(1);
    await ratesOf({ table, pricing: client }, [hosting], later);
    expect(send).toHaveBeenCalledTimes(2);
    await storeRates(table, [paid({ type: 'ml.g5.xlarge', use: 'hosting', hourlyRate: 1.1 })], later);
    expect(await ratesOf({ table, pricing: client }, [hosting], later)).toEqual([1.1]);
  });

  it('that could not be read from the table are read again', async () => {
    await storeRates(table, [paid({ type: 'ml.g5.xlarge', use: 'hosting', hourlyRate: 1.2 })], now);
    vi.spyOn(table.client, 'send').mockRejectedValueOnce(new Error('throttled') as never);
    await expect(rates(hosting)).rejects.toThrow('throttled');
    expect(await rates(hosting)).toEqual([1.2]);
  });

  it('are what the price list says of that use', async () => {
    const PriceList = [product(1.408, 'EU-Host:ml.g5.xlarge'), product(1.5, 'EU-Train:ml.g5.xlarge')];
    pricing.on(GetProductsCommand).resolves({ PriceList });
    expect(await rates(hosting, { ...hosting, use: 'training' })).toEqual([1.408, 1.5]);
    expect(pricing).toHaveReceivedCommandTimes(GetProductsCommand, 2);
    await rates(hosting);
    expect(pricing).toHaveReceivedCommandTimes(GetProductsCommand, 2);
  });

  it('that the list does not tell are asked for again the next day, and not by each run', async () => {
    pricing.on(GetProductsCommand).resolves({ PriceList: [] });
    expect([await rates(hosting), await rates(hosting)]).toEqual([[undefined], [undefined]]);
    expect(pricing).toHaveReceivedCommandTimes(GetProductsCommand, 1);
    pricing.on(GetProductsCommand).resolves({ PriceList: [product(1.408, 'EU-Host:ml.g5.xlarge')] });
    const tomorrow = '2026-11-17T06:00:01Z';
    expect(await ratesOf({ table, pricing: client }, [hosting], tomorrow)).toEqual([1.408]);
  });

  it('are unknown one by one: what fails keeps none of the others back', async () => {
    pricing
      .on(GetProductsCommand)
      .rejectsOnce(new Error('throttled'))
      .resolves({ PriceList: [product(1.408, 'EU-Host:ml.g5.xlarge')] });
    expect(await rates({ ...hosting, type: 'ml.g5.2xlarge' }, hosting)).toEqual([undefined, 1.408]);
  });

  it('say where they come from', async () => {
    await rates(hosting);
    expect(await rateSourceOf(table, hosting, now)).toBe('pricing-api');
    await storeRates(table, [paid({ type: 'ml.g5.xlarge', use: 'hosting', hourlyRate: 1.2 })], now);
    expect(await rateSourceOf(table, hosting, now)).toBe('bill');
    expect(await rateSourceOf(undefined, hosting, now)).toBe('pricing-api');
  });

  it('say where they come from by what they are, whatever was bought', async () => {
    await storeRates(table, [paid({ use: 'spot', hourlyRate: 9.8 })], now);
    await rateOf();
    const sourceOf = (hourlyRate: number, type = 'p4d.24xlarge') =>
      sourceOfRate(table, { region: 'eu-west-1', type, hourlyRate }, now);
    expect(await sourceOf(9.8)).toBe('bill');
    expect(await sourceOf(33)).toBe('pricing-api');
    expect(await sourceOf(34)).toBeUndefined();
    expect(await sourceOf(9.8, 'p4d')).toBeUndefined();
  });

  it('leave no trace of whoever only looks', async () => {
    pricing.on(GetProductsCommand).resolves({ PriceList: [product(1.408, 'EU-Host:ml.g5.xlarge')] });
    const looking = { table, pricing: client, readOnly: true };
    expect(await ratesOf(looking, [hosting], now)).toEqual([1.408]);
    pricing.on(GetProductsCommand).resolves({ PriceList: [] });
    expect(await rates(hosting)).toEqual([undefined]);
  });
});

describe('the rates of the bill', () => {
  it('take the place of list prices and of older readings, not of newer ones', async () => {
    await rateOf();
    await storeRates(table, [paid()], '2026-11-15T06:00:00Z');
    expect(await rateOf()).toBe(21.5);
    await storeRates(table, [paid({ hourlyRate: 20 })], '2026-11-16T06:00:00Z');
    await storeRates(table, [paid({ hourlyRate: 25 })], '2026-11-14T06:00:00Z');
    expect(await rateOf()).toBe(20);
  });

  it('were read when they were stored last, even where the bill had none', async () => {
    expect(await ratesReadAt(table)).toBeUndefined();
    await storeRates(table, [], '2026-11-15T06:00:00Z');
    expect(await ratesReadAt(table)).toBe('2026-11-15T06:00:00Z');
  });

  it('are kept however many there are', async () => {
    const types = Array.from({ length: 60 }, (_, index) =>
      paid({ type: `x${index}.large`, hourlyRate: index + 1 }),
    );
    await storeRates(table, types, now);
    expect(await rateOf({ instanceType: 'x59.large' })).toBe(60);
  });
});
