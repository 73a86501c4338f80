/** Slack's Web API: a method by its name, and what it answers besides `ok`. */
export type SlackApi = { call: (method: string, body: object) => Promise<Record<string, unknown>> };

type Settings = {
  token: () => Promise<string>;
  /** Where the API is; absent: SLACK_API_URL, else Slack's own. */
  baseUrl?: string;
  timeoutMs?: number;
};

/** What Slack said no with; `code` is its own word, such as `invalid_auth`. */
export class SlackApiError extends Error {
  override name = 'SlackApiError';
  readonly code: string;
  constructor(method: string, code: string) {
    super(`Slack refused ${method}: ${code}`);
    this.code = code;
  }
}

/** A button's press is answered within three seconds, in which Slack is asked too. */
const timeout = 2_500;

/**
 * Opens the Web API with a bot token, which is read anew for each call. Throws a SlackApiError where Slack refuses, and
 * another error where it can't be reached.
 */
export const openSlackApi = ({ token, baseUrl, timeoutMs = timeout }: Settings): SlackApi => ({
  call: async (method, body) => {
    const response = await fetch(`${baseUrl ?? slackApiUrl()}/${method}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${await token()}` },
      body: toForm(body), // not every method takes JSON: usergroups.users.list doesn't
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    });
    const answer = (await response.json()) as Record<string, unknown>;
    if (answer['ok'] === true) return answer;
    const code = answer['error'];
    throw new SlackApiError(method, typeof code === 'string' ? code : `status ${response.status}`);
  },
});

/** Where the Web API is: Slack's own, unless SLACK_API_URL says otherwise. */
export const slackApiUrl = (): string => process.env['SLACK_API_URL'] ?? 'https://slack.com/api';

/** What isn't text goes in as JSON. */
const toForm = (body: object): URLSearchParams =>
  new URLSearchParams(
    Object.entries(body)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]): [string, string] => [
        name,
        typeof value === 'string' ? value : JSON.stringify(value),
      ]),
  );
