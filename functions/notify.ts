import { SNSClient } from '@aws-sdk/client-sns';
import { SSMClient } from '@aws-sdk/client-ssm';
import { alertSchema } from '../shared/alert/alert.ts';
import { createClient } from '../shared/aws/client.ts';
import { loadConfig } from '../shared/config.ts';
import { requireEnv } from '../shared/env.ts';
import { createQueueHandler } from '../shared/lambda.ts';
import { openTable } from '../shared/store/table.ts';
import { notify, outletsOf } from '../shared/watch/notify.ts';

const config = loadConfig(process.env);
const { TABLE_NAME } = requireEnv('TABLE_NAME');
const table = openTable(TABLE_NAME);
const outlets = outletsOf(config.alerts, {
  ssm: createClient(SSMClient),
  sns: createClient(SNSClient),
  topicArn: process.env['ALERT_TOPIC_ARN'],
});

/** Works the alert queue: each alert through each outlet, once. */
export const handler = createQueueHandler(alertSchema, (message) => notify(table, outlets, message));
