import type { SlackMessage } from '../alert/slack.ts';
import { DeliveryError } from './delivery-error.ts';
import { codeOf } from './fetch-error.ts';
import { patiently } from './patience.ts';
import { postJson } from './post-json.ts';

const timeout = 5_000; // ms

/**
 * Posts a message to an incoming webhook. Throws unless Slack has answered `ok`: the message may then be in the
 * channel nevertheless, where only the answer got lost. The address is a secret, and stands in no error.
 */
export async function postToWebhook(
  webhookUrl: string,
  message: SlackMessage,
  timeoutMs = timeout,
): Promise<void> {
  const body = JSON.stringify(message);
  await patiently(() => post(webhookUrl, body, timeoutMs));
}

async function post(webhookUrl: string, body: string, timeoutMs: number): Promise<void> {
  const answer = await ask(webhookUrl, body, timeoutMs);
  if (answer.status !== 200 || answer.text !== 'ok') throw refusal(answer);
}

/** `pause` in ms, only where Slack asks for one. */
type Answer = { status: number; text: string; pause: number | undefined };

async function ask(webhookUrl: string, body: string, timeoutMs: number): Promise<Answer> {
  try {
    const response = await postJson(webhookUrl, body, timeoutMs);
    const pause = response.status === 429 ? toPause(response.headers.get('retry-after')) : undefined;
    return { status: response.status, text: await response.text(), pause };
  } catch (error) {
    // Its message names the address: only the code goes on, and no cause.
    throw new DeliveryError(`Slack can't be reached: ${codeOf(error)}`);
  }
}

function toPause(retryAfter: string | null): number | undefined {
  const pause = Number(retryAfter ?? Number.NaN) * 1000;
  return pause >= 0 ? pause : undefined;
}

/** Slack says what is wrong in a word, such as `no_service` or `channel_is_archived`; anything longer isn't Slack. */
function refusal({ status, text, pause }: Answer): DeliveryError {
  const word = /^[a-z]+(_[a-z]+)+$/.test(text) ? ` ${text}` : '';
  // What it answers with 4xx it has not shown, and refuses again until somebody mends it.
  const isRefused = status >= 400 && status < 500;
  return new DeliveryError(`Slack answered ${status}${word}`, {
    isLasting: isRefused && status !== 429,
    isUnsent: isRefused,
    pauseMs: pause,
  });
}
