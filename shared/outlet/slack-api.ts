import { DeliveryError } from './delivery-error.ts';
import { codeOf } from './fetch-error.ts';
import { patiently } from './patience.ts';

const timeout = 5_000; // ms

type Answer = Record<string, unknown>;
type Body = Readonly<Record<string, unknown>>;

/** Slack's Web API with one bot token. */
export type SlackApi = {
  /**
   * Calls a method; throws a SlackApiError unless Slack answers `ok`. Values that are no text go as JSON. The answer's
   * `scopes` are those of the token, where Slack says them.
   */
  call: (method: string, body?: Body) => Promise<Answer>;
  /** Sends the bytes of a file to the address that Slack gave for it. */
  upload: (url: string, bytes: Uint8Array) => Promise<void>;
};

/** Slack's own API, or another one in its role, as the environment says. */
export const slackApiUrl = (): string => process.env['SLACK_API_URL'] ?? 'https://slack.com/api';

type Options = {
  token: () => Promise<string>;
  /** Called where Slack says that the token is no longer any good: another one is tried, where it has been replaced. */
  forgetToken?: () => void;
  /** Default: `slackApiUrl`. */
  baseUrl?: string | undefined;
  timeoutMs?: number;
};

/** Slack's own word for what is wrong, such as `channel_not_found`; none where it couldn't be reached. */
export class SlackApiError extends DeliveryError {
  override name = 'SlackApiError';
  readonly code: string | undefined;
  constructor(
    message: string,
    code: string | undefined,
    failure: ConstructorParameters<typeof DeliveryError>[1],
  ) {
    super(message, failure);
    this.code = code;
  }
}

/** What is of no use to try again: https://docs.slack.dev/reference/methods/chat.postMessage#errors */
const lasting: ReadonlySet<string> = new Set([
  'account_inactive',
  'cannot_reply_to_message',
  'channel_not_found',
  'ekm_access_denied',
  'enterprise_is_restricted',
  'invalid_arguments',
  'invalid_auth',
  'invalid_blocks',
  'invalid_blocks_format',
  'is_archived',
  'is_inactive',
  'missing_scope',
  'msg_blocks_too_long',
  'msg_too_long',
  'no_permission',
  'no_text',
  'not_allowed_token_type',
  'not_authed',
  'not_in_channel',
  'org_login_required',
  'restricted_action',
  'restricted_action_read_only_channel',
  'team_access_not_granted',
  'team_not_found',
  'token_expired',
  'token_revoked',
]);

/** Something may have been done all the same, Slack says of these. */
const uncertain: ReadonlySet<string> = new Set([
  'fatal_error',
  'internal_error',
  'request_timeout',
  'service_unavailable',
]);

const tokenProblems: ReadonlySet<string> = new Set([
  'account_inactive',
  'invalid_auth',
  'not_authed',
  'token_expired',
  'token_revoked',
]);

/**
 * Speaks to Slack. A short pause that Slack asks for (`Retry-After`) is waited for here, a longer one is the caller's.
 * The token stands in no error.
 */
export function openSlackApi({
  token,
  forgetToken,
  baseUrl = slackApiUrl(),
  timeoutMs = timeout,
}: Options): SlackApi {
  const askWith = async (used: string, method: string, body: Body): Promise<Answer> => {
    const response = await request(`${baseUrl}/${method}`, timeoutMs, {
      headers: { authorization: `Bearer ${used}` },
      body: toForm(body),
    });
    if (response.status === 429) throw tooFast(method, response.headers.get('retry-after'));
    const answer = await readJson(response, method);
    if (answer['ok'] === true) return withScopes(answer, response);
    throw refusal(method, answer);
  };
  const ask = async (method: string, body: Body): Promise<Answer> => {
    const used = await token();
    try {
      return await askWith(used, method, body);
    } catch (error) {
      if (!(error instanceof SlackApiError && tokenProblems.has(error.code ?? ''))) throw error;
      forgetToken?.();
      const stored = await token();
      if (stored === used) throw error;
      return askWith(stored, method, body);
    }
  };
  return {
    call: (method, body = {}) => patiently(() => ask(method, body)),
    upload: async (url, bytes) => {
      const { status } = await request(url, timeoutMs, { body: bytes as Uint8Array<ArrayBuffer> });
      if (status !== 200)
        throw new SlackApiError(`Slack's upload answered ${status}`, undefined, { isUnsent: true });
    },
  };
}

/** Every method takes a form; those that read take nothing else. */
function toForm(body: Body): URLSearchParams {
  const entries = Object.entries(body).flatMap(([key, value]) =>
    value === undefined
      ? []
      : [[key, typeof value === 'string' ? value : JSON.stringify(value)] as [string, string]],
  );
  return new URLSearchParams(entries);
}

async function request(url: string, timeoutMs: number, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, {
      method: 'POST',
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
      ...init,
    });
  } catch (error) {
    throw unreachable(error);
  }
}

/** fetch names the address in its messages: only the code goes on, and no cause. */
const unreachable = (error: unknown): SlackApiError =>
  new SlackApiError(`Slack can't be reached: ${codeOf(error)}`, undefined, { isUnsent: isRefused(error) });

/** Nobody listened, so nothing was sent. */
const isRefused = (error: unknown): boolean =>
  ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT'].includes(codeOf(error));

async function readJson(response: Response, method: string): Promise<Answer> {
  try {
    return (await response.json()) as Answer;
  } catch {
    throw new SlackApiError(`Slack answered ${response.status} to ${method}`, undefined, {});
  }
}

/** What the token may do stands in a header alone. */
function withScopes(answer: Answer, { headers }: Response): Answer {
  const scopes = headers.get('x-oauth-scopes');
  return scopes === null ? answer : { ...answer, scopes: scopes.split(',').map((scope) => scope.trim()) };
}

function tooFast(method: string, retryAfter: string | null): SlackApiError {
  const seconds = Number(retryAfter ?? Number.NaN);
  const pauseMs = seconds >= 0 ? seconds * 1000 : 30_000;
  return new SlackApiError(`Slack wants ${method} to wait ${pauseMs / 1000} s`, 'ratelimited', {
    isUnsent: true,
    pauseMs,
  });
}

function refusal(method: string, answer: Answer): SlackApiError {
  const word = (key: string): string | undefined => {
    const value = answer[key];
    return typeof value === 'string' && /^[\w:,. -]{1,200}$/.test(value) ? value : undefined;
  };
  const code = word('error') ?? 'unknown error';
  const needed = word('needed');
  const text = `Slack refused ${method}: ${code}${needed ? `, needs ${needed}` : ''}`;
  return new SlackApiError(text, code, { isLasting: lasting.has(code), isUnsent: !uncertain.has(code) });
}
