import { SQSClient } from '@aws-sdk/client-sqs';
import { relayedEvent } from '../shared/alert/aws-alert.ts';
import { createClient } from '../shared/aws/client.ts';
import { loadConfig } from '../shared/config.ts';
import { requireEnv } from '../shared/env.ts';
import { createHandler } from '../shared/lambda.ts';
import { flushOutbox } from '../shared/store/outbox.ts';
import { openTable } from '../shared/store/table.ts';
import { relayAwsAlerts } from '../shared/watch/relay.ts';

const config = loadConfig(process.env);
const { TABLE_NAME, ALERT_QUEUE_URL } = requireEnv('TABLE_NAME', 'ALERT_QUEUE_URL');
const table = openTable(TABLE_NAME);
const sqs = createClient(SQSClient);

/** What AWS's own watchers tell, by SNS or EventBridge, becomes one of our alerts. */
export const handler = createHandler(relayedEvent, async (event) => {
  const relayed = await relayAwsAlerts({ table, config }, event);
  return { ...relayed, alerts: await flushOutbox(table, sqs, ALERT_QUEUE_URL) };
});
