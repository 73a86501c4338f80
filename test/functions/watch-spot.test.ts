import { PricingClient } from '@aws-sdk/client-pricing';
import { mockClient } from 'aws-sdk-client-mock';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import rebalance from '../../events/ec2-rebalance.json' with { type: 'json' };
import interruption from '../../events/ec2-spot-interruption.json' with { type: 'json' };
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
  mockClient(PricingClient).resolves({ PriceList: [] });
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
  fakeEc2([instance({ instanceId: 'i-0d4e7b1c93fa2650a', instanceType: 'g5.12xlarge', lifecycle: 'spot' })]);
});

const handle = async (event: unknown) => {
  const { handler } = await import('../../functions/watch-spot.ts');
  return handler(event, context);
};

it('hands over an alert for each of the two notices, once', async () => {
  expect(await handle(rebalance)).toMatchObject({ spot: { alerted: true }, alerts: 1 });
  expect(await handle(interruption)).toMatchObject({ spot: { alerted: true }, alerts: 1 });
  expect(await handle(interruption)).toMatchObject({ spot: { alerted: false }, alerts: 0 });
  expect(queue.bodies()).toMatchObject([
    { kind: 'spot-interruption', severity: 'warning' },
    { kind: 'spot-interruption', severity: 'critical' },
  ]);
});

it.each([
  ['of another kind', stateChange],
  ['without an instance', { ...interruption, detail: { 'instance-action': 'terminate' } }],
  [
    'with an action that is not known',
    { ...interruption, detail: { ...interruption.detail, 'instance-action': 'x' } },
  ],
])('refuses an event %s', async (_, event) => {
  await expect(handle(event)).rejects.toThrow('Unexpected event');
});
