import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { KnownBlock } from '@slack/types';
import { botScopes } from '../../shared/watch/slack-app.ts';
import { blockFaults } from './slack-limits.ts';

/** A message as its readers see it. */
export type SlackPost = {
  channel: string;
  ts: string;
  text: string;
  blocks: KnownBlock[];
  /** Of a reply: the message that it stands below. */
  threadTs?: string;
  /** Of a reply: whether it shows in the channel, too. */
  isBroadcast: boolean;
  /** How often it was replaced. */
  edits: number;
  files: { id: string; title: string; bytes: Uint8Array }[];
};

/**
 * How a request goes wrong. `lost`: it is carried out, and only the answer doesn't arrive; `late`: the answer takes so many
 * milliseconds; `slow`: it is only carried out after so many.
 */
export type SlackFault =
  | 'hang'
  | 'reset'
  | 'lost'
  | { late: number }
  | { slow: number }
  | { error: string; needed?: string }
  | { status: number; body?: string; retryAfter?: string };

/** A request to the Web API or a webhook: `method` is `webhook` for the latter. */
type SlackRequest = { method: string; body: Readonly<Record<string, unknown>> };

type Options = {
  /** Epoch milliseconds: Slack's clock. */
  now?: () => number;
  /** How a request goes wrong; undefined where it doesn't. */
  fault?: (request: SlackRequest) => SlackFault | undefined;
  /** Messages that a channel takes in any second: Slack's own limit is one. */
  messagesPerSecond?: number;
  /** Names of the channels that are there from the start: `#ml-cost`. */
  channels?: readonly string[];
  /** Users by the id of their group. */
  groups?: Readonly<Record<string, readonly string[]>>;
};

/** A workspace of Slack on this machine's loopback: its Web API, as far as a bot uses it, and an incoming webhook. */
export type SlackWorkspace = {
  /** What stands for `https://slack.com/api`. */
  apiUrl: string;
  webhookUrl: string;
  token: string;
  /** What is to be seen, the oldest first; of the webhook in the channel `webhook`. */
  posts: SlackPost[];
  /** What modals were opened with, and what was answered to an address that a press came with. */
  views: unknown[];
  responses: unknown[];
  requests: SlackRequest[];
  close: () => Promise<void>;
};

type State = Pick<SlackWorkspace, 'posts' | 'views' | 'responses' | 'requests'> & {
  options: Options;
  files: Map<string, Uint8Array>;
  channels: Map<string, string>;
  counted: Map<string, number>;
  taken: Map<string, number[]>;
  ticks: number;
  origin: string;
};

const token = 'xoxb-sample';

export async function startSlack(options: Options = {}): Promise<SlackWorkspace> {
  const { channels = [] } = options;
  const state: State = {
    options,
    posts: [],
    views: [],
    responses: [],
    requests: [],
    files: new Map(),
    channels: new Map(channels.map((name, index) => [name, `C${String(index + 1).padStart(9, '0')}`])),
    counted: new Map(),
    taken: new Map(),
    ticks: 0,
    origin: '',
  };
  const server = createServer((request, response) => void serve(state, request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  state.origin = `http://127.0.0.1:${port}`;
  const { posts, views, responses, requests } = state;
  return {
    apiUrl: `${state.origin}/api`,
    webhookUrl: `${state.origin}/services/T000SAMPLE/B000SAMPLE/watchdog`,
    token,
    posts,
    views,
    responses,
    requests,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      }),
  };
}

async function serve(state: State, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const bytes = await buffer(request).catch(() => undefined);
  if (bytes === undefined) return; // whoever asked is gone, in the middle of it
  const path = new URL(request.url ?? '/', state.origin).pathname;
  if (path.startsWith('/upload/')) {
    state.files.set(path.slice('/upload/'.length), bytes);
    response.end('OK');
    return;
  }
  const asked = toRequest(path, request, bytes);
  state.requests.push(asked);
  if (asked.body['channel'] !== undefined) channelOf(state, asked.body['channel']);
  const fault = state.options.fault?.(asked);
  if (fault === undefined) send(response, carryOut(state, asked, request));
  else if (fault === 'lost') {
    carryOut(state, asked, request);
    response.destroy();
  } else if (typeof fault === 'object' && 'late' in fault) {
    const answer = carryOut(state, asked, request);
    setTimeout(() => send(response, answer), fault.late);
  } else if (typeof fault === 'object' && 'slow' in fault) {
    setTimeout(() => send(response, carryOut(state, asked, request)), fault.slow);
  } else fail(response, fault);
}

type Answer = { status?: number; text?: string; json?: object; retryAfter?: string };

function send(response: ServerResponse, { status = 200, text, json, retryAfter }: Answer): void {
  if (retryAfter !== undefined) response.setHeader('retry-after', retryAfter);
  if (json) {
    response.setHeader('content-type', 'application/json; charset=utf-8');
    response.setHeader('x-oauth-scopes', Object.keys(botScopes).join(','));
  }
  response.writeHead(status).end(json ? JSON.stringify(json) : text);
}

function fail(
  response: ServerResponse,
  fault: Exclude<SlackFault, 'lost' | { late: number } | { slow: number }>,
): void {
  if (fault === 'hang') return;
  if (fault === 'reset') response.destroy();
  else if ('error' in fault) send(response, { json: { ok: false, ...fault } });
  else
    send(response, {
      status: fault.status,
      text: fault.body ?? '',
      ...(fault.retryAfter && { retryAfter: fault.retryAfter }),
    });
}

function toRequest(path: string, request: IncomingMessage, bytes: Buffer): SlackRequest {
  const method = path.startsWith('/api/')
    ? path.slice('/api/'.length)
    : path.startsWith('/services/')
      ? 'webhook'
      : 'response';
  const text = bytes.toString();
  try {
    if (request.headers['content-type']?.startsWith('application/json'))
      return { method, body: JSON.parse(text) };
    const entries = [...new URLSearchParams(text)].map(([key, value]) => [key, fromForm(value)]);
    return { method, body: Object.fromEntries(entries) };
  } catch {
    return { method, body: { unreadable: text } };
  }
}

/** A form carries what is no text as JSON. */
function fromForm(value: string): unknown {
  if (!/^([[{]|true$|false$|\d+$)/.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

function carryOut(state: State, { method, body }: SlackRequest, request: IncomingMessage): Answer {
  if (method === 'webhook') return postByWebhook(state, body);
  if (method === 'response') {
    state.responses.push(body);
    return { text: 'ok' };
  }
  if (request.headers.authorization !== `Bearer ${token}`)
    return { json: { ok: false, error: 'invalid_auth' } };
  const answer = methods[method];
  return answer ? answer(state, body) : { json: { ok: false, error: 'unknown_method' } };
}

function postByWebhook(state: State, body: SlackRequest['body']): Answer {
  if ('unreadable' in body) return { status: 400, text: 'invalid_payload' };
  const faults = blockFaults(body['blocks']);
  if (faults.length > 0) return { status: 400, text: 'invalid_blocks' };
  const busy = tooMany(state, 'webhook');
  if (busy) return busy;
  keep(state, 'webhook', body);
  return { text: 'ok' };
}

/** Slack answers 429 to what exceeds the rate of a channel. */
function tooMany({ options, taken }: State, channel: string): Answer | undefined {
  if (options.messagesPerSecond === undefined) return undefined;
  const now = performance.now();
  const recent = (taken.get(channel) ?? []).filter((at) => now - at < 1000);
  taken.set(channel, recent);
  if (recent.length >= options.messagesPerSecond) return { status: 429, text: '', retryAfter: '1' };
  recent.push(now);
  return undefined;
}

function keep(state: State, channel: string, body: SlackRequest['body']): SlackPost {
  state.ticks += 1;
  const seconds = Math.floor((state.options.now ?? Date.now)() / 1000);
  const post: SlackPost = {
    channel,
    ts: `${seconds}.${String(state.ticks).padStart(6, '0')}`,
    text: String(body['text'] ?? ''),
    blocks: (body['blocks'] ?? []) as KnownBlock[],
    isBroadcast: body['reply_broadcast'] === true,
    edits: 0,
    files: [],
    ...(body['thread_ts'] !== undefined && { threadTs: String(body['thread_ts']) }),
  };
  state.posts.push(post);
  return post;
}

/** A channel's id, whether it is given by id or name. A name is a channel as soon as somebody names it, whatever becomes of that. */
function channelOf({ channels }: State, given: unknown): string {
  const name = String(given);
  if (!name.startsWith('#')) return name;
  const known = channels.get(name) ?? `C${String(channels.size + 1).padStart(9, '0')}`;
  channels.set(name, known);
  return known;
}

const ok = (answer: object = {}): Answer => ({ json: { ok: true, ...answer } });
const no = (error: string, more: object = {}): Answer => ({ json: { ok: false, error, ...more } });

const methods: Readonly<Record<string, (state: State, body: SlackRequest['body']) => Answer>> = {
  'auth.test': () => ok({ team: 'sample', user: 'ai-cost-watchdog', bot_id: 'B000SAMPLE' }),
  'chat.postMessage': (state, body) => {
    const faults = blockFaults(body['blocks']);
    if (faults.length > 0) return no('invalid_blocks', { errors: faults });
    const channel = channelOf(state, body['channel']);
    const busy = tooMany(state, channel);
    if (busy) return busy;
    const { ts } = keep(state, channel, body);
    return ok({ channel, ts });
  },
  'chat.update': (state, body) => {
    const faults = blockFaults(body['blocks']);
    if (faults.length > 0) return no('invalid_blocks', { errors: faults });
    const post = state.posts.find(
      ({ ts, channel }) => ts === String(body['ts']) && channel === body['channel'],
    );
    if (post === undefined) return no('message_not_found');
    Object.assign(post, { text: body['text'], blocks: body['blocks'], edits: post.edits + 1 });
    return ok({ channel: post.channel, ts: post.ts });
  },
  'conversations.history': (state, body) =>
    listing(state, body, ({ threadTs, isBroadcast }) => threadTs === undefined || isBroadcast),
  'conversations.replies': (state, body) =>
    listing(state, body, ({ threadTs, ts }) => threadTs === String(body['ts']) || ts === String(body['ts'])),
  'conversations.list': ({ channels }) =>
    ok({ channels: [...channels].map(([name, id]) => ({ id, name: name.slice(1), is_archived: false })) }),
  'conversations.info': (state, body) =>
    ok({ channel: { id: channelOf(state, body['channel']), is_archived: false, is_member: true } }),
  'files.getUploadURLExternal': (state) => {
    state.ticks += 1;
    const file_id = `F${String(state.ticks).padStart(9, '0')}`;
    return ok({ file_id, upload_url: `${state.origin}/upload/${file_id}` });
  },
  'files.completeUploadExternal': shareFiles,
  'views.open': (state, body) => {
    state.views.push(body['view']);
    return ok({ view: { id: 'V000SAMPLE' } });
  },
  'usergroups.users.list': ({ options }, body) => {
    const users = options.groups?.[String(body['usergroup'])];
    return users ? ok({ users }) : no('no_such_subteam');
  },
};

/** Newest first, from `oldest` on, in pages, as Slack lists. */
function listing(state: State, body: SlackRequest['body'], isListed: (post: SlackPost) => boolean): Answer {
  const limit = Number(body['limit'] ?? 100);
  const start = Number(body['cursor'] ?? 0);
  const oldest = Number(body['oldest'] ?? 0);
  const all = state.posts
    .filter((post) => post.channel === body['channel'] && isListed(post) && Number(post.ts) > oldest)
    .toReversed();
  const next = start + limit < all.length ? String(start + limit) : '';
  const messages = all.slice(start, start + limit).map(({ ts, text, blocks, files }) => ({
    ts,
    text,
    blocks,
    files: files.map(({ id, title }) => ({ id, title })),
  }));
  return ok({ messages, response_metadata: { next_cursor: next } });
}

function shareFiles(state: State, body: SlackRequest['body']): Answer {
  const shared = (body['files'] as { id: string; title: string }[]).map(({ id, title }) => ({
    id,
    title,
    bytes: state.files.get(id),
  }));
  if (shared.some(({ bytes }) => bytes === undefined)) return no('file_not_found');
  const post = keep(state, channelOf(state, body['channel_id']), { text: '', thread_ts: body['thread_ts'] });
  post.files.push(...shared.map(({ id, title, bytes = new Uint8Array() }) => ({ id, title, bytes })));
  return ok({ files: shared.map(({ id, title }) => ({ id, title })) });
}
