import { describe, expect, it } from 'vitest';
import {
  type Endpoint,
  endpointRate,
  endpointType,
  instancesOf,
  isFree,
  isMeasurable,
  type Variant,
} from '../../../shared/compute/sagemaker/endpoint.ts';
import { endpoint, variant } from '../../support/endpoint.ts';

const rates = new Map([
  ['ml.g5.xlarge', 1.4],
  ['ml.m5.large', 0.1],
]);

const holding = (...variants: Partial<Variant>[]): Endpoint =>
  endpoint({ variants: variants.map((given) => variant(given)) });

describe('what an endpoint costs an hour', () => {
  it('is the price of each of its instances, over all variants and types', () => {
    const mixed = holding(
      { fleets: [{ instanceType: 'ml.g5.xlarge', count: 2 }] },
      {
        name: 'shadow',
        fleets: [
          { instanceType: 'ml.g5.xlarge', count: 1 },
          { instanceType: 'ml.m5.large', count: 3 },
        ],
      },
    );
    expect(endpointRate(mixed, rates)).toBeCloseTo(3 * 1.4 + 3 * 0.1);
    expect(instancesOf(mixed)).toBe(6);
  });

  it('is nothing where it is scaled to 0, or serverless without provisioned concurrency', () => {
    const scaledIn = holding({ fleets: [{ instanceType: 'ml.p9.huge', count: 0 }] });
    const serverless = holding({ fleets: [] });
    expect([scaledIn, serverless].map((each) => [isFree(each), endpointRate(each, rates)])).toEqual([
      [true, 0],
      [true, 0],
    ]);
  });

  it.each([
    ['of a type without a price', holding({ fleets: [{ instanceType: 'ml.p9.huge', count: 1 }] })],
    ['of a type that nothing tells', holding({ fleets: [{ count: 1 }] })],
    ['where AWS tells no number of instances', holding({ fleets: undefined })],
    ['of capacity that was bought in advance', holding({ isReserved: true })],
    ['of provisioned concurrency', holding({ fleets: [], provisionedConcurrency: 2 })],
    ['of an endpoint that failed', endpoint({ status: 'Failed' })],
    ['of an endpoint without a variant', holding()],
  ])('is unknown, not 0, %s', (_, unknown) => {
    expect(isFree(unknown)).toBe(false);
    expect(endpointRate(unknown, rates)).toBeUndefined();
  });

  it('leaves a type out of which there is no instance at the moment', () => {
    const mixed = holding({
      fleets: [
        { instanceType: 'ml.g5.xlarge', count: 1 },
        { instanceType: 'ml.p9.huge', count: 0 },
      ],
    });
    expect(endpointRate(mixed, rates)).toBe(1.4);
  });
});

describe('the type of an endpoint', () => {
  it('is the one that costs most together', () => {
    const mixed = holding(
      { fleets: [{ instanceType: 'ml.m5.large', count: 4 }] },
      { name: 'gpu', fleets: [{ instanceType: 'ml.g5.xlarge', count: 1 }] },
    );
    expect(endpointType(mixed, rates)).toBe('ml.g5.xlarge');
    expect(endpointType(mixed, new Map())).toBe('ml.m5.large');
  });

  it('is serverless, or nothing where none is known', () => {
    expect(endpointType(holding({ fleets: [] }), rates)).toBe('serverless');
    expect(endpointType(holding({ fleets: [{ count: 1 }] }), rates)).toBe('');
    expect(endpointType(holding(), rates)).toBe('');
  });
});

describe('the metrics of an endpoint', () => {
  it.each(['InService', 'Updating', 'SystemUpdating', 'RollingBack', 'UpdateRollbackFailed'])(
    'tell something while it is %s',
    (status) => expect(isMeasurable(endpoint({ status }))).toBe(true),
  );

  it.each(['Creating', 'Failed', 'OutOfService', 'Deleting', 'SomethingNew'])(
    'tell nothing while it is %s',
    (status) => expect(isMeasurable(endpoint({ status }))).toBe(false),
  );
});
