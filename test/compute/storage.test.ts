import { describe, expect, it } from 'vitest';
import { type Attached, type StoragePrices, stillBilledRate } from '../../shared/compute/storage.ts';

/** Round prices, so that 672 hours, those of a February, show. */
const prices: StoragePrices = {
  volumes: new Map([
    ['gp3', { perGb: 0.0672, perIops: 0.00672, perThroughput: 0.0672 }],
    ['gp2', { perGb: 0.1344 }],
    ['io2', { perGb: 0.1344, perIops: 0.0672 }],
    ['st1', { perGb: 0.0336 }],
    ['sc1', {}],
  ]),
  address: 0.005,
};

const rateOf = (given: Partial<Attached>, known = prices) =>
  stillBilledRate({ volumes: [], addresses: 0, ...given }, known);

describe('what is billed while it is off', () => {
  it.each<[string, Partial<Attached>, number]>([
    ['nothing, of what has no volume and no address', {}, 0],
    ['a volume by its size', { volumes: [{ type: 'gp3', sizeGb: 100 }] }, 0.01],
    ['an address by the hour', { addresses: 2 }, 0.01],
    [
      'each of several',
      {
        volumes: [
          { type: 'gp3', sizeGb: 100 },
          { type: 'st1', sizeGb: 2000 },
        ],
        addresses: 1,
      },
      0.01 + 0.1 + 0.005,
    ],
    [
      'gp3 without what is in its price',
      { volumes: [{ type: 'gp3', sizeGb: 100, iops: 3000, throughput: 125 }] },
      0.01,
    ],
    [
      'gp3 with what was provisioned beyond that',
      { volumes: [{ type: 'gp3', sizeGb: 100, iops: 4000, throughput: 225 }] },
      0.01 + 0.01 + 0.01,
    ],
    ['io2 by all of its IOPS', { volumes: [{ type: 'io2', sizeGb: 100, iops: 1000 }] }, 0.02 + 0.1],
    [
      'gp2 by its size alone, whose IOPS come with it',
      { volumes: [{ type: 'gp2', sizeGb: 100, iops: 300 }] },
      0.02,
    ],
  ])('is %s', (_, attached, rate) => {
    expect(rateOf(attached)).toBeCloseTo(rate, 10);
  });

  it.each<[string, Partial<Attached>, StoragePrices?]>([
    ['of a type that is not listed', { volumes: [{ type: 'gp4', sizeGb: 1 }] }],
    ['of a type that is listed without a price', { volumes: [{ type: 'sc1', sizeGb: 1 }] }],
    [
      'beside others',
      {
        volumes: [
          { type: 'gp3', sizeGb: 1 },
          { type: 'gp4', sizeGb: 1 },
        ],
      },
    ],
    ['of an address', { addresses: 1 }, { volumes: prices.volumes }],
    [
      'of provisioned throughput',
      { volumes: [{ type: 'gp3', sizeGb: 1, throughput: 500 }] },
      { volumes: new Map([['gp3', { perGb: 0.1 }]]) },
    ],
  ])('is unknown, never 0, where the price is unknown %s', (_, attached, known) => {
    expect(rateOf(attached, known)).toBeUndefined();
  });

  it('asks for no price of what there is none of', () => {
    expect(
      rateOf(
        { volumes: [{ type: 'gp3', sizeGb: 1000, iops: 3000 }] },
        { volumes: new Map([['gp3', { perGb: 0.0672 }]]) },
      ),
    ).toBeCloseTo(0.1, 10);
  });
});
