import { SQSClient } from '@aws-sdk/client-sqs';
import { createClient } from '../shared/aws/client.ts';
import { loadConfig } from '../shared/config.ts';
import { requireEnv } from '../shared/env.ts';
import { createHandler, scheduledEvent } from '../shared/lambda.ts';
import { thenFlush } from '../shared/store/outbox.ts';
import { openTable } from '../shared/store/table.ts';
import { homeOf, targetsOf } from '../shared/target.ts';
import { sweep } from '../shared/watch/sweep.ts';
import { targetClients } from '../shared/watch/target-clients.ts';
import { toSummary, watchUtilization } from '../shared/watch/utilization.ts';

const config = loadConfig(process.env);
const targets = targetsOf(config, homeOf(process.env));
const { TABLE_NAME, ALERT_QUEUE_URL, SWEEP_QUEUE_URL } = requireEnv(
  'TABLE_NAME',
  'ALERT_QUEUE_URL',
  'SWEEP_QUEUE_URL',
);
const table = openTable(TABLE_NAME);
const sqs = createClient(SQSClient);
const queue = { client: sqs, url: SWEEP_QUEUE_URL };

export const handler = createHandler(scheduledEvent, async ({ time }) => {
  const visit = async (target: (typeof targets)[number]) =>
    toSummary(await watchUtilization({ ...targetClients(target), table }, target, config, time));
  const swept = sweep({ pass: 'utilization', targets, time, queue, visit });
  const { result, alerts } = await thenFlush(swept, table, sqs, ALERT_QUEUE_URL);
  return { ...result, alerts };
});
