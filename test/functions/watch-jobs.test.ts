import { GetProductsCommand, PricingClient } from '@aws-sdk/client-pricing';
import { mockClient } from 'aws-sdk-client-mock';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import stateChange from '../../events/ec2-state-change.json' with { type: 'json' };
import failed from '../../events/sagemaker-training-job-failed.json' with { type: 'json' };
import { storeRates } from '../../shared/store/prices.ts';
import { context } from '../support/context.ts';
import { ended } from '../support/jobs.ts';
import { fakeQueue } from '../support/queue.ts';
import { fakeSageMaker } from '../support/sagemaker-jobs.ts';
import { startTable } from '../support/table.ts';

let stop: () => Promise<void>;
let queue: ReturnType<typeof fakeQueue>;

beforeAll(async () => {
  const started = await startTable();
  ({ stop } = started);
  const { table } = started;
  mockClient(PricingClient).on(GetProductsCommand).resolves({ PriceList: [] });
  const rate = { region: 'eu-west-1', type: 'ml.g5.12xlarge', use: 'training' as const, hourlyRate: 8 };
  await storeRates(table, [rate], '2026-11-15T00:00:00Z');
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
  fakeSageMaker([
    ended({
      name: 'ranker-hpo-20261115',
      status: 'Failed',
      createdAt: '2026-11-15T22:00:00Z',
      startedAt: '2026-11-15T22:04:00Z',
      endedAt: '2026-11-16T01:10:00Z',
      billableSeconds: 11_160,
      clusters: [{ type: 'ml.g5.12xlarge', count: 1 }],
    }),
  ]);
});

const handle = async (event: unknown) => {
  const { handler } = await import('../../functions/watch-jobs.ts');
  return handler(event, context);
};

it('hands over one alert for the sample event of a failed job', async () => {
  expect(await handle(failed)).toMatchObject({ job: { alerted: true, loss: 24.8 }, alerts: 1 });
  expect(await handle(failed)).toMatchObject({ job: { alerted: false }, alerts: 0 });
  expect(queue.bodies()).toMatchObject([
    {
      kind: 'job-failure',
      title: 'Training job ranker-hpo-20261115 (ml.g5.12xlarge) failed after 3 h 6 min: $24.80 lost',
    },
  ]);
});

it.each([
  ['of another kind', stateChange],
  ['without a name', { ...failed, detail: { TrainingJobStatus: 'Failed' } }],
])('refuses an event %s', async (_, event) => {
  await expect(handle(event)).rejects.toThrow('Unexpected event');
});
