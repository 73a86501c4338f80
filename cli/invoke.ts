import { SQSClient } from '@aws-sdk/client-sqs';
import { z } from 'zod';
import { press } from '../shared/alert/press.ts';
import { createClient } from '../shared/aws/client.ts';
import { scheduledEvent } from '../shared/lambda.ts';
import { type IsoTime, toTime } from '../shared/period.ts';
import { noteNews } from '../shared/store/conversations.ts';
import { flushOutbox, recordAlert } from '../shared/store/outbox.ts';
import type { Table } from '../shared/store/table.ts';
import { InputError } from './input-error.ts';
import {
  type FunctionName,
  functionNames,
  readEvent,
  runFunction,
  runInvocations,
  sampleEventFile,
} from './local-runtime.ts';
import { type AccountOptions, printJson } from './options.ts';
import type { SampleAccount } from './sample/account.ts';
import { sampleProblem } from './sample/problem.ts';
import { openSession } from './session.ts';

type InvokeOptions = AccountOptions & { event?: string };

/** A function's own sample event, for a first try without a file. */
const sampleEvents: Readonly<Record<FunctionName, string>> = {
  'watch-spend': 'watch-spend.json',
  'watch-utilization': 'watch-utilization.json',
  'enforce-schedules': 'enforce-schedules.json',
  'wake-schedules': 'tag-change.json',
  sweep: 'sweep.json',
  'watch-launches': 'cloudtrail-run-instances.json',
  'watch-spot': 'ec2-spot-interruption.json',
  'watch-jobs': 'sagemaker-training-job-failed.json',
  'send-digests': 'send-digests.json',
  'relay-aws-alerts': 'cost-anomaly-sns.json',
  notify: 'alert-queue.json',
  'follow-up-alerts': 'follow-up-alerts.json',
  'slack-actions': 'slack-acknowledge.json',
  'carry-out-presses': 'carry-out-press.json',
};

/** `invoke`: one function with one event, as Lambda would run it; against the sample account unless a profile is named. */
export async function invokeCommand(name: string, options: InvokeOptions): Promise<void> {
  const known = functionNames.find((candidate) => candidate === name);
  if (!known) throw new InputError(`no function "${name}": expected one of ${functionNames.join(', ')}`);
  const event = await readEvent(options.event ?? sampleEventFile(sampleEvents[known]));
  const time = options.now ?? timeOf(event);
  const session = await openSession({
    ...options,
    ...(options.profile === undefined && { sample: true }),
    ...(time && { now: time }),
  });
  try {
    const { sample, table } = session;
    if (sample && table && isAboutPresses(known)) await tellProblem(sample, table);
    const result = await runFunction(known, event, session.now);
    if (!sample) return printJson({ result });
    const handedOver = await runInvocations(sample);
    const later = handedOver.length > 0 ? { handedOver } : {};
    printJson({ result, ...later, sent: outbound(sample) });
  } finally {
    await session.close();
  }
}

/** What left the function in the sample account: whatever was posted, published or queued. */
const outbound = ({ slackMessages, emails, queues, env }: SampleAccount) => ({
  slack: slackMessages,
  email: emails,
  queued: [env['ALERT_QUEUE_URL'], env['SWEEP_QUEUE_URL']]
    .flatMap((url) => (url ? queues.receive(url, 100) : []))
    .map(({ body }) => JSON.parse(body) as unknown),
});

const isAboutPresses = (name: FunctionName): boolean =>
  name === 'slack-actions' || name === 'carry-out-presses';

/** What is pressed in the sample events was told an hour before. */
async function tellProblem({ queues, env }: SampleAccount, table: Table): Promise<void> {
  await recordAlert(table, sampleProblem);
  await noteNews(table, sampleProblem);
  const url = env['ALERT_QUEUE_URL'] ?? '';
  await flushOutbox(table, createClient(SQSClient), url);
  for (const { receiptHandle } of queues.receive(url)) queues.remove(url, receiptHandle);
}

const sqsEvent = z.object({
  Records: z.tuple([z.object({ attributes: z.object({ SentTimestamp: z.coerce.number() }) })], z.unknown()),
});
const urlEvent = z.object({ requestContext: z.object({ timeEpoch: z.number() }) });
const snsEvent = z.object({
  Records: z.tuple([z.object({ Sns: z.object({ Timestamp: z.string() }) })], z.unknown()),
});

/** When the event says it happened; absent where it doesn't say. */
function timeOf(event: unknown): IsoTime | undefined {
  const scheduled = scheduledEvent.safeParse(event);
  if (scheduled.success) return scheduled.data.time;
  const queued = sqsEvent.safeParse(event);
  if (queued.success) return new Date(queued.data.Records[0].attributes.SentTimestamp).toISOString();
  const requested = urlEvent.safeParse(event);
  if (requested.success) return toTime(requested.data.requestContext.timeEpoch);
  const pressed = press.safeParse(event);
  if (pressed.success) return pressed.data.at;
  const published = snsEvent.safeParse(event);
  return published.success ? published.data.Records[0].Sns.Timestamp : undefined;
}
