import { GetProductsCommand, PricingClient } from '@aws-sdk/client-pricing';
import { mockClient } from 'aws-sdk-client-mock';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import runInstances from '../../events/cloudtrail-run-instances.json' with { type: 'json' };
import runInstancesFailed from '../../events/cloudtrail-run-instances-failed.json' with { type: 'json' };
import stateChange from '../../events/ec2-state-change.json' with { type: 'json' };
import { instance } from '../support/compute.ts';
import { context } from '../support/context.ts';
import { fakeEc2 } from '../support/ec2.ts';
import { fakeQueue } from '../support/queue.ts';
import { startTable } from '../support/table.ts';

let stop: () => Promise<void>;
let queue: ReturnType<typeof fakeQueue>;

beforeAll(async () => {
  ({ stop } = await startTable());
  const price = {
    product: { attributes: {} },
    terms: { OnDemand: { a: { priceDimensions: { b: { unit: 'Hrs', pricePerUnit: { USD: '6.331' } } } } } },
  };
  mockClient(PricingClient)
    .on(GetProductsCommand)
    .resolves({ PriceList: [JSON.stringify(price)] });
  process.env['WATCHDOG_CONFIG'] = JSON.stringify({
    targets: { accounts: [{ id: '210987654321', name: 'ml-dev', role: 'watchdog' }] },
  });
});
afterAll(async () => {
  delete process.env['WATCHDOG_CONFIG'];
  await stop();
});

beforeEach(() => {
  queue = fakeQueue();
  fakeEc2(
    ['i-0f31c4a7d1b2e9a05', 'i-0f31c4a7d1b2e9a06'].map((instanceId) =>
      instance({
        instanceId,
        instanceType: 'g5.12xlarge',
        reservationId: 'r-0aa11bb2',
        launchTime: '2026-11-16T06:04:40Z',
      }),
    ),
  );
});

const handle = async (event: unknown) => {
  const { handler } = await import('../../functions/watch-launches.ts');
  return handler(event, context);
};

it('hands over one alert for the sample events of one launch', async () => {
  expect(await handle(runInstances)).toMatchObject({ launch: { alerted: true }, alerts: 1 });
  expect(await handle(stateChange)).toMatchObject({ launch: { alerted: false }, alerts: 0 });
  expect(queue.bodies()).toMatchObject([
    { kind: 'launch', title: '2 g5.12xlarge started in ml-dev: $12.66 an hour, $9,243.26 a month' },
  ]);
});

it('ignores the sample event of a launch that failed', async () => {
  expect(await handle(runInstancesFailed)).toEqual({
    launch: { ignored: 'RunInstances failed: Server.InsufficientInstanceCapacity' },
    alerts: 0,
  });
});

it.each([
  ['of another kind', { ...stateChange, 'detail-type': 'EC2 Instance Rebalance Recommendation' }],
  ['of another call', { ...runInstances, detail: { ...runInstances.detail, eventName: 'StopInstances' } }],
  ['without a time', { ...stateChange, time: undefined }],
])('refuses an event %s before any work is done', async (_, event) => {
  await expect(handle(event)).rejects.toThrow('Unexpected event');
  expect(queue.held).toEqual([]);
});
