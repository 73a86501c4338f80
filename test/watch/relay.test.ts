import { QueryCommand } from '@aws-sdk/lib-dynamodb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import budget from '../../events/budget-actual-sns.json' with { type: 'json' };
import anomalyEvent from '../../events/cost-anomaly-eventbridge.json' with { type: 'json' };
import anomalySns from '../../events/cost-anomaly-sns.json' with { type: 'json' };
import anomalySparse from '../../events/cost-anomaly-sns-sparse.json' with { type: 'json' };
import { relayedEvent } from '../../shared/alert/aws-alert.ts';
import { parseConfig } from '../../shared/config.ts';
import type { Table } from '../../shared/store/table.ts';
import { relayAwsAlerts } from '../../shared/watch/relay.ts';
import { startTable } from '../support/table.ts';

let table: Table;
let stop: () => Promise<void>;
beforeEach(async () => {
  ({ table, stop } = await startTable());
});
afterEach(() => stop());

const config = parseConfig({ targets: { accounts: [{ id: '210987654321', name: 'ml-dev' }] } });
const relay = (event: unknown) => relayAwsAlerts({ table, config }, relayedEvent.parse(event));

const anomaly = 'aws-cost-anomaly/8f4b5c1e-27b3-4d7e-9f6f-0e6f3a1d8b11';
const withImpact = (totalImpact: number) => ({
  ...anomalyEvent,
  detail: { ...anomalyEvent.detail, impact: { ...anomalyEvent.detail.impact, totalImpact } },
});

const waiting = async () => {
  const { Items = [] } = await table.client.send(
    new QueryCommand({
      TableName: table.name,
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': 'OUTBOX' },
    }),
  );
  return Items.map(({ sk }) => sk as string);
};

describe('what AWS tells', () => {
  it('is one alert, by SNS and by EventBridge, in either order', async () => {
    expect(await relay(anomalySns)).toEqual({ recorded: [`${anomaly}/over-1024`], known: [], covered: [] });
    expect(await relay(anomalyEvent)).toEqual({ recorded: [], known: [`${anomaly}/over-1024`], covered: [] });
    expect(await waiting()).toEqual([`${anomaly}/over-1024`]);
  });

  it('is told again when the amount has doubled, and not before', async () => {
    await relay(withImpact(1000));
    expect((await relay(withImpact(1100))).recorded).toEqual([]); // over 1024, but no news
    expect((await relay(withImpact(2000))).recorded).toEqual([`${anomaly}/over-1024`]);
    expect((await relay(withImpact(2100))).recorded).toEqual([]);
  });

  it('is not told of an amount that is overtaken already', async () => {
    await relay(withImpact(4000));
    expect((await relay(withImpact(1000))).recorded).toEqual([]);
    expect(await waiting()).toEqual([`${anomaly}/over-2048`]);
  });

  it('is told for each record of an event', async () => {
    const Records = [...anomalySns.Records, ...budget.Records, ...anomalySparse.Records];
    const { recorded } = await relay({ Records });
    expect(recorded).toHaveLength(3);
    expect(await waiting()).toHaveLength(3);
  });

  it('is told by one of two runs at the same time', async () => {
    const [one, other] = await Promise.all([relay(budget), relay(budget)]);
    expect([...(one?.recorded ?? []), ...(other?.recorded ?? [])]).toHaveLength(1);
  });
});
