import { SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import budgetActual from '../../events/budget-actual-sns.json' with { type: 'json' };
import budgetForecast from '../../events/budget-forecast-sns.json' with { type: 'json' };
import anomalyEvent from '../../events/cost-anomaly-eventbridge.json' with { type: 'json' };
import anomalySns from '../../events/cost-anomaly-sns.json' with { type: 'json' };
import anomalySparse from '../../events/cost-anomaly-sns-sparse.json' with { type: 'json' };
import exposed from '../../events/health-credentials-exposed.json' with { type: 'json' };
import { context } from '../support/context.ts';
import { fakeQueue } from '../support/queue.ts';
import { startTable } from '../support/table.ts';

const queue = fakeQueue();
let stop: () => Promise<void>;
let handler: (event: unknown, context: never) => Promise<unknown>;

beforeAll(async () => {
  ({ stop } = await startTable());
  ({ handler } = (await import('../../functions/relay-aws-alerts.ts')) as never);
});
afterAll(() => stop());
beforeEach(() => {
  queue.held.length = 0;
});

const run = (event: unknown) => handler(event, context as never);

describe('the relay', () => {
  it.each([
    ['an anomaly by SNS', anomalySns, 'aws-cost-anomaly'],
    ['a sparse anomaly', anomalySparse, 'aws-cost-anomaly'],
    ['a budget that is exceeded', budgetActual, 'aws-budget'],
    ['a budget that is going to be', budgetForecast, 'aws-budget'],
    ['exposed credentials', exposed, 'aws-health'],
  ])('hands on %s, once', async (_, event, kind) => {
    expect(await run(event)).toMatchObject({ recorded: [expect.stringContaining(kind)], alerts: 1 });
    expect(await run(event)).toMatchObject({ recorded: [], known: [expect.any(String)], alerts: 0 });
    expect(queue.bodies()).toEqual([expect.objectContaining({ kind })]);
  });

  it('knows the anomaly from EventBridge that it has from SNS', async () => {
    expect(await run(anomalyEvent)).toMatchObject({ recorded: [], alerts: 0 });
  });

  it('hands on with its next run what it could not hand on', async () => {
    const other = structuredClone(exposed);
    other.detail.communicationId = 'another';
    queue.sqs.on(SendMessageBatchCommand).rejects('no network');
    await expect(run(other)).rejects.toThrow('no network');
    queue.sqs.on(SendMessageBatchCommand).resolves({ Successful: [], Failed: [] });
    expect(await run(other)).toMatchObject({ recorded: [], alerts: 1 });
  });

  it.each([{}, { Records: [] }, { Records: [{ EventSource: 'aws:s3' }] }, { source: 'aws.health' }])(
    'refuses an event of another shape: %j',
    async (event) => {
      await expect(run(event)).rejects.toThrow('Unexpected event');
    },
  );
});
