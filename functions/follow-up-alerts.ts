import { SQSClient } from '@aws-sdk/client-sqs';
import { createClient } from '../shared/aws/client.ts';
import { loadConfig } from '../shared/config.ts';
import { requireEnv } from '../shared/env.ts';
import { createHandler, scheduledEvent } from '../shared/lambda.ts';
import { heartbeat } from '../shared/store/heartbeats.ts';
import { thenFlush } from '../shared/store/outbox.ts';
import { openTable } from '../shared/store/table.ts';
import { followUpAlerts } from '../shared/watch/follow-up.ts';

const config = loadConfig(process.env);
const { TABLE_NAME, ALERT_QUEUE_URL } = requireEnv('TABLE_NAME', 'ALERT_QUEUE_URL');
const table = openTable(TABLE_NAME);
const sqs = createClient(SQSClient);

/** Tells again what nobody acknowledged, what is still there after its snooze, and in one message what was held back. */
export const handler = createHandler(
  scheduledEvent,
  async ({ time }) => {
    const { result, alerts } = await thenFlush(
      followUpAlerts(table, config.alerts, time),
      table,
      sqs,
      ALERT_QUEUE_URL,
    );
    return { ...result, alerts };
  },
  heartbeat(table, 'follow-up-alerts'),
);
