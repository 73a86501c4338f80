import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SlackApiError } from '../../shared/outlet/slack-api.ts';
import { openSlackApi } from '../../shared/outlet/slack-api.ts';
import { channelId, findMessage, postMessage, updateMessage } from '../../shared/outlet/slack-bot.ts';
import { type Fault, startSlack } from '../support/slack.ts';

let slack: Awaited<ReturnType<typeof startSlack>>;
beforeEach(async () => {
  slack = await startSlack();
});
afterEach(() => slack.stop());

const apiOf = (given: Partial<Parameters<typeof openSlackApi>[0]> = {}) =>
  openSlackApi({ token: async () => slack.token, baseUrl: slack.apiUrl, timeoutMs: 300, ...given });
const failure = (call: Promise<unknown>): Promise<SlackApiError> =>
  call.then(
    () => expect.unreachable(),
    (error: SlackApiError) => error,
  );

describe('a call to Slack', () => {
  it('is answered', async () => {
    expect(await apiOf().call('auth.test')).toMatchObject({ ok: true, user: 'ai-cost-watchdog' });
  });

  it.each<[string, Fault, object, string]>([
    [
      'a lasting refusal',
      { error: 'is_archived' },
      { isLasting: true, isUnsent: true, code: 'is_archived' },
      'Slack refused auth.test: is_archived',
    ],
    [
      'a scope that is missing',
      { error: 'missing_scope', needed: 'chat:write' },
      { isLasting: true },
      'Slack refused auth.test: missing_scope, needs chat:write',
    ],
    [
      'a passing refusal',
      { error: 'team_added_to_org' },
      { isLasting: false, isUnsent: true },
      'team_added_to_org',
    ],
    [
      'a fault of its own',
      { error: 'internal_error' },
      { isLasting: false, isUnsent: false },
      'internal_error',
    ],
    [
      'a word that nobody knows',
      { error: '<html>' },
      { isLasting: false },
      'Slack refused auth.test: unknown error',
    ],
    ['500', { status: 500 }, { isLasting: false, isUnsent: false }, 'Slack answered 500 to auth.test'],
    [
      'a page',
      { status: 200, body: '<html>sign in</html>' },
      { isUnsent: false },
      'Slack answered 200 to auth.test',
    ],
    [
      'JSON that is no answer',
      { status: 200, body: '{}' },
      { isUnsent: true },
      'Slack refused auth.test: unknown error',
    ],
    ['another address', { status: 302 }, { isUnsent: false }, "Slack can't be reached"],
    ['a reset', 'reset', { isUnsent: false }, "Slack can't be reached: UND_ERR_SOCKET"],
    ['a lost answer', 'lost', { isUnsent: false }, "Slack can't be reached: UND_ERR_SOCKET"],
    ['silence', 'hang', { isUnsent: false }, "Slack can't be reached: TimeoutError"],
    [
      'a long pause',
      { status: 429, retryAfter: '30' },
      { isUnsent: true, pauseMs: 30_000, code: 'ratelimited' },
      'to wait 30 s',
    ],
    ['a pause it does not name', { status: 429 }, { isUnsent: true, pauseMs: 30_000 }, 'to wait 30 s'],
    [
      'a pause as a date',
      { status: 429, retryAfter: 'Wed, 21 Oct 2026 07:28:00 GMT' },
      { pauseMs: 30_000 },
      'to wait 30 s',
    ],
  ])('fails for what it is: %s', async (_, fault, known, message) => {
    slack.fail(fault);
    const error = await failure(apiOf().call('auth.test'));
    expect(error).toMatchObject({ name: 'SlackApiError', ...known });
    expect(error.message).toContain(message);
    expect(slack.calls()).toBe(1);
  });

  it('waits a second where Slack asks for one, twice at most', async () => {
    const second = { status: 429, retryAfter: '0.2' };
    slack.fail(second, second);
    const start = performance.now();
    expect(await apiOf().call('auth.test')).toMatchObject({ ok: true });
    expect(performance.now() - start).toBeGreaterThanOrEqual(390);
    slack.fail(second, second, second);
    expect((await failure(apiOf().call('auth.test'))).pauseMs).toBe(200);
    expect(slack.calls()).toBe(6);
  });

  it('is known as not sent where nobody listens', async () => {
    const gone = await startSlack();
    await gone.stop();
    const error = await failure(apiOf({ baseUrl: gone.apiUrl }).call('auth.test'));
    expect(error).toMatchObject({ isUnsent: true, message: "Slack can't be reached: ECONNREFUSED" });
  });

  it.each<Fault>(['reset', 'hang', { status: 500, body: 'xoxb-sample' }, { error: 'xoxb-sample!' }])(
    'tells no token in an error: %j',
    async (fault) => {
      slack.fail(fault);
      const { message, stack, cause } = await failure(apiOf().call('auth.test'));
      expect(`${message} ${stack} ${JSON.stringify(cause)}`).not.toContain('xoxb');
    },
  );

  it('is made again with the token that is stored by now, once', async () => {
    const tokens = ['xoxb-old', slack.token];
    let forgotten = 0;
    const api = apiOf({
      token: async () => tokens[forgotten] ?? '',
      forgetToken: () => {
        forgotten += 1;
      },
    });
    expect(await api.call('auth.test')).toMatchObject({ ok: true });
    slack.fail({ error: 'token_revoked' });
    expect(await failure(api.call('auth.test'))).toMatchObject({ code: 'invalid_auth', isLasting: true });
  });
});

describe('a bot', () => {
  const message = (marker: string, text = marker) => ({
    text,
    blocks: [
      { type: 'section' as const, text: { type: 'mrkdwn' as const, text, verbatim: true } },
      { type: 'divider' as const, block_id: marker },
    ],
  });
  const since = () => new Date().toISOString();

  it('finds a message by its marker, over pages', async () => {
    const api = apiOf({ timeoutMs: 5000 });
    const posted = await postMessage(api, { channel: 'C0123456789', message: message('alert/first') });
    for (let index = 0; index < 405; index += 1) {
      await postMessage(api, { channel: 'C0123456789', message: message(`alert/${index}`) });
    }
    const search = { channel: 'C0123456789', since: since() };
    expect(await findMessage(api, { ...search, marker: 'alert/first' })).toEqual(posted);
    expect(await findMessage(api, { ...search, marker: 'alert/none' })).toBeUndefined();
    expect(
      await findMessage(api, { ...search, channel: 'C9876543210', marker: 'alert/first' }),
    ).toBeUndefined();
    const pages = slack.requests.filter(({ method }) => method === 'conversations.history');
    expect(pages).toHaveLength(3 + 3 + 1);
  });

  it('looks for no message that is older than the first attempt', async () => {
    const api = apiOf();
    await postMessage(api, { channel: 'C0123456789', message: message('alert/old') });
    const later = new Date(Date.now() + 180_000).toISOString();
    expect(
      await findMessage(api, { channel: 'C0123456789', marker: 'alert/old', since: later }),
    ).toBeUndefined();
  });

  it('finds a reply in its thread, and nowhere else', async () => {
    const api = apiOf();
    const channel = 'C0123456789';
    const root = await postMessage(api, { channel, message: message('problem/p4d') });
    const reply = await postMessage(api, { channel, message: message('alert/grown'), threadTs: root.ts });
    const search = { channel, marker: 'alert/grown', since: since() };
    expect(await findMessage(api, { ...search, threadTs: root.ts })).toEqual(reply);
    expect(await findMessage(api, search)).toBeUndefined();
  });

  it('shows a reply in the channel only where it is asked to', async () => {
    const api = apiOf();
    const channel = 'C0123456789';
    const root = await postMessage(api, { channel, message: message('root'), isBroadcast: true });
    for (const isBroadcast of [true, false]) {
      await postMessage(api, {
        channel,
        message: message(`reply-${isBroadcast}`),
        threadTs: root.ts,
        isBroadcast,
      });
    }
    expect(slack.posts.map((post) => post.isBroadcast)).toEqual([false, true, false]);
  });

  it('replaces a message, and says where that is gone', async () => {
    const api = apiOf();
    const posted = await postMessage(api, { channel: '#ml-cost', message: message('root', 'before') });
    await updateMessage(api, posted, message('root', 'after'));
    expect(slack.posts.map(({ text, edits }) => [text, edits])).toEqual([['after', 1]]);
    expect(await failure(updateMessage(api, { ...posted, ts: '1.000001' }, message('root')))).toMatchObject({
      code: 'message_not_found',
    });
  });

  it('knows a channel by its name, over pages, and says where none has it', async () => {
    const pages = [
      { ok: true, channels: [{ id: 'C1', name: 'other' }], response_metadata: { next_cursor: 'more' } },
      { ok: true, channels: [{ id: 'C2', name: 'ml-cost' }], response_metadata: { next_cursor: '' } },
    ];
    let asked = 0;
    const server = createServer((_, response) => void response.end(JSON.stringify(pages[asked++ % 2])));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const api = apiOf({ baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api` });
    expect(await channelId(api, '#ml-cost')).toBe('C2');
    expect(await channelId(api, 'C0123456789')).toBe('C0123456789');
    expect(await failure(channelId(api, '#gone'))).toMatchObject({
      message: 'No channel #gone that the bot sees',
      isLasting: true,
    });
    expect(asked).toBe(4);
    server.close();
    server.closeAllConnections();
  });
});
