import { SQSClient } from '@aws-sdk/client-sqs';
import { alertSchema } from '../shared/alert/alert.ts';
import { createClient } from '../shared/aws/client.ts';
import {
  deadLettersOf,
  hideMessage,
  type Received,
  receiveMessages,
  redriveMessage,
} from '../shared/aws/sqs.ts';
import { type AlertOptions, queueUrl } from './alerts.ts';
import { drainQueue } from './local-runtime.ts';
import { printJson } from './options.ts';
import { openSession } from './session.ts';
import { print, printable } from './terminal.ts';

type RedriveOptions = AlertOptions & { dryRun?: boolean };

/**
 * `redrive`: puts what could not be delivered back into the alert queue. What was told in one destination isn't told there
 * again: only what is missing is made up for.
 */
export async function redriveCommand(options: RedriveOptions): Promise<void> {
  const session = await openSession(options);
  try {
    const sqs = createClient(SQSClient);
    const queue = queueUrl(session, options);
    const moved = await moveDeadLetters(sqs, queue, options.dryRun);
    if (session.sample && !options.dryRun) await drainQueue(session.sample, queue, 'notify');
    if (options.format === 'json') printJson(moved);
    else print(redriveText(moved, options.dryRun === true));
  } finally {
    await session.close();
  }
}

type Moved = { messageId: string; alertId?: string; title: string };

/** Moves every dead letter of a queue back into it; `isDry`: only lists them, and leaves them where they can be seen. */
export async function moveDeadLetters(sqs: SQSClient, queue: string, isDry = false): Promise<Moved[]> {
  const deadLetters = await deadLettersOf(sqs, queue);
  const seen = new Map<string, Received>();
  // What was seen is hidden for a while, or gone: the end is when nothing new comes.
  for (;;) {
    const some = await receiveMessages(sqs, deadLetters);
    const fresh = some.filter(({ messageId }) => !seen.has(messageId));
    for (const message of some) seen.set(message.messageId, message); // by its newest receipt
    if (fresh.length === 0) break;
    if (!isDry) for (const message of fresh) await redriveMessage(sqs, deadLetters, queue, message);
  }
  // Else whoever redrives them right after looking would be told that there are none.
  if (isDry) {
    for (const { receiptHandle } of seen.values()) await hideMessage(sqs, deadLetters, receiptHandle, 0);
  }
  return [...seen.values()].map(toEntry);
}

/** A message that is no alert is what it is: it comes back among the dead letters. */
function toEntry({ messageId, body }: Received): Moved {
  const { data } = alertSchema.safeParse(parseJson(body));
  return data
    ? { messageId, alertId: data.id, title: data.title }
    : { messageId, title: `no alert: ${body.slice(0, 80)}` };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function redriveText(moved: readonly { title: string }[], isDry: boolean): string {
  if (moved.length === 0) return 'No dead letters: every alert was delivered.';
  const lines = moved.map(({ title }) => `  ${printable(title)}`);
  const what = `${moved.length} ${moved.length === 1 ? 'alert' : 'alerts'}`;
  return [isDry ? `${what} would go back into the queue:` : `${what} back in the queue:`, ...lines].join(
    '\n',
  );
}
