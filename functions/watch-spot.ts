import { SQSClient } from '@aws-sdk/client-sqs';
import { createClient } from '../shared/aws/client.ts';
import { loadConfig } from '../shared/config.ts';
import { requireEnv } from '../shared/env.ts';
import { createHandler } from '../shared/lambda.ts';
import { flushOutbox } from '../shared/store/outbox.ts';
import { openTable } from '../shared/store/table.ts';
import { homeOf, targetsOf } from '../shared/target.ts';
import { instanceClients } from '../shared/watch/instance-clients.ts';
import { spotEvent, watchSpot } from '../shared/watch/spot.ts';

const config = loadConfig(process.env);
const targets = targetsOf(config, homeOf(process.env));
const { TABLE_NAME, ALERT_QUEUE_URL } = requireEnv('TABLE_NAME', 'ALERT_QUEUE_URL');
const table = openTable(TABLE_NAME);
const sqs = createClient(SQSClient);

export const handler = createHandler(spotEvent, async (event) => {
  const spot = await watchSpot({ table, config, targets, clientsFor: instanceClients }, event);
  return { spot, alerts: await flushOutbox(table, sqs, ALERT_QUEUE_URL) };
});
