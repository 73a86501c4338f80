import { z } from 'zod';
import { scheduledEvent } from '../shared/lambda.ts';
import type { IsoTime } from '../shared/period.ts';
import { InputError } from './input-error.ts';
import {
  type FunctionName,
  functionNames,
  readEvent,
  runFunction,
  sampleEventFile,
} from './local-runtime.ts';
import { type AccountOptions, printJson } from './options.ts';
import type { SampleAccount } from './sample/account.ts';
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
    const result = await runFunction(known, event, session.now);
    printJson(session.sample ? { result, sent: outbound(session.sample) } : { result });
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

const sqsEvent = z.object({
  Records: z.tuple([z.object({ attributes: z.object({ SentTimestamp: z.coerce.number() }) })], z.unknown()),
});
const snsEvent = z.object({
  Records: z.tuple([z.object({ Sns: z.object({ Timestamp: z.string() }) })], z.unknown()),
});

/** When the event says it happened; absent where it doesn't say. */
function timeOf(event: unknown): IsoTime | undefined {
  const scheduled = scheduledEvent.safeParse(event);
  if (scheduled.success) return scheduled.data.time;
  const queued = sqsEvent.safeParse(event);
  if (queued.success) return new Date(queued.data.Records[0].attributes.SentTimestamp).toISOString();
  const published = snsEvent.safeParse(event);
  return published.success ? published.data.Records[0].Sns.Timestamp : undefined;
}
