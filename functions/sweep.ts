import { SQSClient } from '@aws-sdk/client-sqs';
import { createClient } from '../shared/aws/client.ts';
import { loadConfig } from '../shared/config.ts';
import { requireEnv } from '../shared/env.ts';
import { createQueueHandler } from '../shared/lambda.ts';
import { ownCost } from '../shared/store/heartbeats.ts';
import { thenFlush } from '../shared/store/outbox.ts';
import { openTable } from '../shared/store/table.ts';
import { type Enforced, enforceSchedules } from '../shared/watch/enforce-schedules.ts';
import { sweepMessage } from '../shared/watch/sweep.ts';
import { targetClients } from '../shared/watch/target-clients.ts';
import { toSummary, watchUtilization } from '../shared/watch/utilization.ts';

const config = loadConfig(process.env);
const { TABLE_NAME, ALERT_QUEUE_URL } = requireEnv('TABLE_NAME', 'ALERT_QUEUE_URL');
const table = openTable(TABLE_NAME);
const sqs = createClient(SQSClient);

/**
 * Works the sweep queue: one pass over one target a message, the same pass that a single target gets directly. A visit
 * that comes too late fails, and so ends in the dead letters: a queue that lags behind for good must not go unseen.
 */
export const handler = createQueueHandler(
  sweepMessage,
  async ({ body }, run) => {
    const { pass, target, time, others } = body;
    const clients = { ...targetClients(target), table };
    const visited: Promise<Enforced | ReturnType<typeof toSummary>> =
      pass === 'schedules'
        ? enforceSchedules(clients, target, config, time, { ...run, others })
        : watchUtilization(clients, target, config, time).then(toSummary);
    const { result } = await thenFlush(visited, table, sqs, ALERT_QUEUE_URL);
    if ('discarded' in result) throw new Error(result.discarded);
    return result;
  },
  { afterwards: ownCost(table, 'sweep') },
);
