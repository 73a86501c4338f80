import { SSMClient } from '@aws-sdk/client-ssm';
import { alertSchema } from '../../shared/alert/alert.ts';
import { createClient } from '../../shared/aws/client.ts';
import type { Config } from '../../shared/config.ts';
import type { IsoTime } from '../../shared/period.ts';
import { flushOutbox } from '../../shared/store/outbox.ts';
import type { Table } from '../../shared/store/table.ts';
import type { Target } from '../../shared/target.ts';
import { enforceSchedules } from '../../shared/watch/enforce-schedules.ts';
import { instanceClients } from '../../shared/watch/instance-clients.ts';
import { notify } from '../../shared/watch/notify.ts';
import { openTeller } from '../../shared/watch/teller.ts';
import { type createQueue, type createTopic, takeAll } from './emulator.ts';

/** One run of the schedules over one target, with a minute to go. */
export const enforceAt = (table: Table, target: Target, config: Config, time: IsoTime) =>
  enforceSchedules({ ...instanceClients(target), table }, target, config, time, {
    remainingMs: () => 60_000,
    arrivedAt: time,
  });

/** Sends what waits, by mail. */
export async function deliverByMail(
  table: Table,
  config: Config,
  queue: Awaited<ReturnType<typeof createQueue>>,
  topic: Awaited<ReturnType<typeof createTopic>>,
): Promise<void> {
  await flushOutbox(table, queue.client, queue.url);
  const alerts = (await takeAll(queue)).map((body) => alertSchema.parse(JSON.parse(body)));
  const teller = openTeller(table, config, {
    ssm: createClient(SSMClient),
    sns: topic.client,
    topicArn: topic.arn,
  });
  for (const [index, body] of alerts.entries()) {
    await notify(teller, { body, messageId: `m-${index}`, receiveCount: 1 }, body.at);
  }
}
