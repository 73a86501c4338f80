import { CostExplorerClient } from '@aws-sdk/client-cost-explorer';
import { S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import { createClient } from '../shared/aws/client.ts';
import { costExplorerRegion } from '../shared/aws/cost-explorer.ts';
import { loadConfig } from '../shared/config.ts';
import { requireEnv } from '../shared/env.ts';
import { createHandler, scheduledEvent } from '../shared/lambda.ts';
import { heartbeat } from '../shared/store/heartbeats.ts';
import { flushOutbox } from '../shared/store/outbox.ts';
import { openTable } from '../shared/store/table.ts';
import { countStates } from '../shared/watch/judge-spend.ts';
import { watchSpend } from '../shared/watch/spend.ts';

const config = loadConfig(process.env);
const { TABLE_NAME, LEDGER_BUCKET, ALERT_QUEUE_URL } = requireEnv(
  'TABLE_NAME',
  'LEDGER_BUCKET',
  'ALERT_QUEUE_URL',
);
const table = openTable(TABLE_NAME);
const ledger = { s3: createClient(S3Client), bucket: LEDGER_BUCKET };
const costExplorer = createClient(CostExplorerClient, {
  region: costExplorerRegion(process.env['AWS_REGION']),
});
const sqs = createClient(SQSClient);

export const handler = createHandler(
  scheduledEvent,
  async ({ time }) => {
    const { series, ...result } = await watchSpend({ costExplorer, ledger, table }, config, time);
    return {
      ...result,
      series: series.length,
      seriesStates: countStates(series),
      alerts: await flushOutbox(table, sqs, ALERT_QUEUE_URL),
    };
  },
  heartbeat(table, 'watch-spend'),
);
