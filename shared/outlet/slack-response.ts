import { postJson } from './post-json.ts';
import { slackApiUrl } from './slack-api.ts';

const timeoutMs = 2_500;

/**
 * Answers a press so that the user who made it reads it, and nobody else. False where Slack takes no answer to it any more,
 * as it does for half an hour and five answers, and where the address is none of Slack's: nothing is posted there.
 * Throws where Slack can't be reached.
 */
export async function answerUser(responseUrl: string, text: string): Promise<boolean> {
  if (!isSlackAddress(responseUrl)) return false;
  const status = await post(
    responseUrl,
    JSON.stringify({ response_type: 'ephemeral', replace_original: false, text }),
  );
  if (status === 429 || status >= 500) throw new Error(`Slack answered ${status}`);
  return status < 300;
}

/** A host of Slack's own beside its API: nothing is ever posted elsewhere, whatever a payload says. */
export function isSlackAddress(url: string, apiUrl = slackApiUrl()): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, host, origin, username, password } = new URL(url);
  const api = new URL(apiUrl);
  if (username !== '' || password !== '' || protocol !== api.protocol) return false;
  return host === `hooks.${api.host}` || (isLocal(api) && origin === api.origin);
}

const isLocal = ({ hostname }: URL): boolean => hostname === '127.0.0.1' || hostname === 'localhost';

async function post(url: string, body: string): Promise<number> {
  try {
    const response = await postJson(url, body, timeoutMs);
    await response.arrayBuffer();
    return response.status;
  } catch (error) {
    // fetch names the address in its messages: only the name goes on, and no cause.
    throw new Error(`Slack can't be reached: ${error instanceof Error ? error.name : 'unknown error'}`);
  }
}
