import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import { SSMClient } from '@aws-sdk/client-ssm';
import { alertSchema } from '../shared/alert/alert.ts';
import { chartSvg } from '../shared/alert/chart.ts';
import { createClient } from '../shared/aws/client.ts';
import { hideMessage } from '../shared/aws/sqs.ts';
import { loadConfig } from '../shared/config.ts';
import { requireEnv } from '../shared/env.ts';
import { createQueueHandler } from '../shared/lambda.ts';
import { toPng } from '../shared/outlet/png.ts';
import { ownCost } from '../shared/store/heartbeats.ts';
import { openTable } from '../shared/store/table.ts';
import { notify } from '../shared/watch/notify.ts';
import { openTeller } from '../shared/watch/teller.ts';

const { TABLE_NAME, ALERT_QUEUE_URL } = requireEnv('TABLE_NAME', 'ALERT_QUEUE_URL');
const sqs = createClient(SQSClient);
const table = openTable(TABLE_NAME);
const teller = openTeller(table, loadConfig(process.env), {
  ssm: createClient(SSMClient),
  // What may have been published is tried again by the queue, which has it on record, and not by the SDK, unseen.
  sns: createClient(SNSClient, { maxAttempts: 1 }),
  topicArn: process.env['ALERT_TOPIC_ARN'],
  slackApiUrl: process.env['SLACK_API_URL'],
  draw: (chart, title) => toPng(chartSvg(chart, { title })),
});

/** Works the alert queue: each alert in each of its destinations, once. */
export const handler = createQueueHandler(
  alertSchema,
  (message, { arrivedAt }) => notify(teller, message, arrivedAt),
  {
    groupOf: ({ subject }) => subject,
    afterwards: ownCost(table, 'notify'),
    hide: (receiptHandle, seconds) => hideMessage(sqs, ALERT_QUEUE_URL, receiptHandle, seconds),
  },
);
