import { setTimeout as wait } from 'node:timers/promises';
import type { SlackMessage } from '../alert/slack.ts';

const timeout = 5_000; // ms
/** Longer than this the queue waits, not the function: ms. */
const longestPause = 3_000;
const maxPauses = 2;

/**
 * Posts a message to an incoming webhook. Throws unless Slack has answered `ok`: the message may then be in the
 * channel nevertheless, where only the answer got lost. The address is a secret, and stands in no error.
 */
export async function postToSlack(
  webhookUrl: string,
  message: SlackMessage,
  timeoutMs = timeout,
): Promise<void> {
  const body = JSON.stringify(message);
  for (let pauses = 0; ; pauses += 1) {
    const answer = await post(webhookUrl, body, timeoutMs);
    if (answer.status === 200 && answer.text === 'ok') return;
    if (answer.pause === undefined || pauses === maxPauses) throw new Error(refusal(answer));
    await wait(answer.pause);
  }
}

/** `pause` in ms, only where Slack asks for one that is worth while here. */
type Answer = { status: number; text: string; pause: number | undefined };

async function post(webhookUrl: string, body: string, timeoutMs: number): Promise<Answer> {
  try {
    const response = await fetch(webhookUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json; charset=utf-8' },
      body,
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    });
    const pause = response.status === 429 ? toPause(response.headers.get('retry-after')) : undefined;
    return { status: response.status, text: await response.text(), pause };
  } catch (error) {
    // fetch names the address in its messages: only the code goes on, and no cause.
    throw new Error(`Slack can't be reached: ${codeOf(error)}`);
  }
}

function toPause(retryAfter: string | null): number | undefined {
  const pause = Number(retryAfter ?? Number.NaN) * 1000;
  return pause >= 0 && pause <= longestPause ? Math.max(pause, 100) : undefined;
}

/** Slack says what is wrong in a word, such as `no_service` or `channel_is_archived`; anything longer isn't Slack. */
const refusal = ({ status, text }: Answer): string =>
  `Slack answered ${status}${/^[a-z]+(_[a-z]+)+$/.test(text) ? ` ${text}` : ''}`;

function codeOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  const code = (cause as { code?: unknown } | undefined)?.code;
  if (typeof code === 'string') return code;
  return error instanceof Error ? error.name : 'unknown error';
}
