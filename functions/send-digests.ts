import { S3Client } from '@aws-sdk/client-s3';
import { SESv2Client } from '@aws-sdk/client-sesv2';
import { SQSClient } from '@aws-sdk/client-sqs';
import { createClient } from '../shared/aws/client.ts';
import { loadConfig } from '../shared/config.ts';
import { requireEnv } from '../shared/env.ts';
import { createHandler, scheduledEvent } from '../shared/lambda.ts';
import { heartbeat } from '../shared/store/heartbeats.ts';
import { thenFlush } from '../shared/store/outbox.ts';
import { openTable } from '../shared/store/table.ts';
import { homeOf, targetsOf } from '../shared/target.ts';
import { mailDigests, recordDue } from '../shared/watch/digest.ts';

const config = loadConfig(process.env);
const targets = targetsOf(config, homeOf(process.env));
const { TABLE_NAME, LEDGER_BUCKET, ALERT_QUEUE_URL } = requireEnv(
  'TABLE_NAME',
  'LEDGER_BUCKET',
  'ALERT_QUEUE_URL',
);
const table = openTable(TABLE_NAME);
const ledger = { s3: createClient(S3Client), bucket: LEDGER_BUCKET };
const sqs = createClient(SQSClient);
const ses = createClient(SESv2Client);

/** Looks every hour whether a digest is due, and records it once. */
export const handler = createHandler(
  scheduledEvent,
  async ({ time }) => {
    const recording = recordDue({ table, ledger }, config, targets, time);
    const { result: recorded, alerts } = await thenFlush(recording, table, sqs, ALERT_QUEUE_URL);
    return { recorded, alerts, mailed: await mailDigests({ table, ses }, config, time) };
  },
  heartbeat(table, 'send-digests'),
);
