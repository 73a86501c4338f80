import type { ActionsBlockElement } from '@slack/types';
import { signatureOf } from '../../shared/outlet/slack-signature.ts';

export const signingSecret = 'signs-what-the-tests-send';

type Given = {
  secret?: string;
  /** When it reaches the function; and when Slack signed it, where that is another time. */
  at?: string;
  signedAt?: string;
  base64?: boolean;
  method?: string;
  headers?: Record<string, string | undefined>;
};

/** The event in which a Function URL hands over what Slack has posted, signed as Slack signs it. */
export function slackEvent(body: string, given: Given = {}) {
  const { secret = signingSecret, at = '2026-11-16T18:05:02Z', signedAt = at, base64, method } = given;
  const timestamp = String(Math.floor(Date.parse(signedAt) / 1000));
  const headers = {
    'content-type': 'application/x-www-form-urlencoded',
    'content-length': String(Buffer.byteLength(body)),
    accept: 'application/json,*/*',
    'accept-encoding': 'gzip,deflate',
    'user-agent': 'Slackbot 1.0 (+https://api.slack.com/robots)',
    'x-slack-request-timestamp': timestamp,
    'x-slack-signature': signatureOf(secret, timestamp, body),
    'x-forwarded-proto': 'https',
    'x-forwarded-port': '443',
    'x-forwarded-for': '203.0.113.7',
    'x-amzn-tls-version': 'TLSv1.3',
    'x-amzn-trace-id': 'Root=1-691a1234-5e6f7a8b9c0d1e2f3a4b5c6d',
    host: 'abcdefghijklmnopqrstuvwxyz012345.lambda-url.eu-west-1.on.aws',
    ...given.headers,
  };
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: '/',
    rawQueryString: '',
    headers: Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined)),
    requestContext: {
      accountId: 'anonymous',
      apiId: 'abcdefghijklmnopqrstuvwxyz012345',
      domainName: 'abcdefghijklmnopqrstuvwxyz012345.lambda-url.eu-west-1.on.aws',
      domainPrefix: 'abcdefghijklmnopqrstuvwxyz012345',
      http: {
        method: method ?? 'POST',
        path: '/',
        protocol: 'HTTP/1.1',
        sourceIp: '203.0.113.7',
        userAgent: 'Slackbot 1.0 (+https://api.slack.com/robots)',
      },
      requestId: '5f2c1d0e-7a6b-4c8d-9e0f-1a2b3c4d5e6f',
      routeKey: '$default',
      stage: '$default',
      time: new Date(at).toUTCString(),
      timeEpoch: Date.parse(at),
    },
    body: base64 ? Buffer.from(body).toString('base64') : body,
    isBase64Encoded: base64 ?? false,
  };
}

/** As Slack posts an interaction: JSON in a form. */
export const formOf = (payload: object): string =>
  new URLSearchParams({ payload: JSON.stringify(payload) }).toString();

const common = {
  team: { id: 'T0WATCH', domain: 'example' },
  user: { id: 'U0MEI00001', username: 'mei', name: 'mei', team_id: 'T0WATCH' },
  api_app_id: 'A0WATCHDOG',
  token: 'of-no-use-since-requests-are-signed',
};

type Pressed = {
  button: string;
  alertId: string;
  choice?: string;
  user?: string;
  actionTs?: string;
  responseUrl?: string;
};

/** What Slack sends when somebody presses a button, or chooses in a menu, under an alert. */
export function blockActions({ button, alertId, choice, user, actionTs, responseUrl }: Pressed) {
  const type: ActionsBlockElement['type'] = choice === undefined ? 'button' : 'static_select';
  const label = { type: 'plain_text', text: button, emoji: false };
  return {
    type: 'block_actions',
    ...common,
    ...(user !== undefined && { user: { ...common.user, id: user } }),
    container: {
      type: 'message',
      message_ts: '1794848400.000200',
      channel_id: 'C0MLCOST01',
      is_ephemeral: false,
    },
    trigger_id: '9876543210.1234567890.0123456789abcdef0123456789abcdef',
    channel: { id: 'C0MLCOST01', name: 'ml-cost' },
    message: { type: 'message', ts: '1794848400.000200', text: 'an alert', blocks: [] },
    state: { values: {} },
    response_url: responseUrl ?? 'https://hooks.slack.com/actions/T0WATCH/1234567890123/AbCdEfGhIjKlMnOp',
    actions: [
      {
        type,
        action_id: button,
        block_id: alertId,
        action_ts: actionTs ?? '1794852302.123456',
        ...(choice === undefined
          ? { text: label, value: alertId }
          : { placeholder: label, selected_option: { text: label, value: choice } }),
      },
    ],
  };
}

type Sent = { carried: string; reason?: string | null; days?: string; viewId?: string };

/** What Slack sends when somebody sends the modal that asks for a reason. */
export const viewSubmission = ({ carried, reason = 'A planned run.', days = '30', viewId }: Sent) => ({
  type: 'view_submission',
  ...common,
  trigger_id: '9876543210.1234567890.fedcba9876543210fedcba9876543210',
  view: {
    id: viewId ?? 'V0EXPECTED',
    team_id: 'T0WATCH',
    type: 'modal',
    callback_id: 'expected',
    private_metadata: carried,
    hash: '1794852310.abcdef',
    title: { type: 'plain_text', text: 'This is expected', emoji: false },
    blocks: [],
    state: {
      values: {
        reason: { reason: { type: 'plain_text_input', value: reason } },
        days: {
          days: {
            type: 'static_select',
            selected_option: {
              text: { type: 'plain_text', text: `${days} days`, emoji: false },
              value: days,
            },
          },
        },
      },
    },
  },
  response_urls: [],
});
