import { SQSClient } from '@aws-sdk/client-sqs';
import { createClient } from '../shared/aws/client.ts';
import { loadConfig } from '../shared/config.ts';
import { requireEnv } from '../shared/env.ts';
import { createHandler } from '../shared/lambda.ts';
import { flushOutbox } from '../shared/store/outbox.ts';
import { openTable } from '../shared/store/table.ts';
import { homeOf, targetsOf } from '../shared/target.ts';
import { jobEvent, watchJob } from '../shared/watch/jobs.ts';
import { targetClients } from '../shared/watch/target-clients.ts';

const config = loadConfig(process.env);
const targets = targetsOf(config, homeOf(process.env));
const { TABLE_NAME, ALERT_QUEUE_URL } = requireEnv('TABLE_NAME', 'ALERT_QUEUE_URL');
const table = openTable(TABLE_NAME);
const sqs = createClient(SQSClient);

export const handler = createHandler(jobEvent, async (event) => {
  const job = await watchJob({ table, config, targets, clientsFor: targetClients }, event);
  return { job, alerts: await flushOutbox(table, sqs, ALERT_QUEUE_URL) };
});
