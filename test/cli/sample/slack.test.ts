import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type SlackWorkspace, startSlack } from '../../../cli/sample/slack.ts';
import { blockFaults } from '../../../cli/sample/slack-limits.ts';

const mrkdwn = (text: string, given: object = {}) => ({ type: 'mrkdwn', text, verbatim: true, ...given });
const plain = (text: string) => ({ type: 'plain_text', text });
const section = (text: unknown) => ({ type: 'section', text });
const button = (given: object = {}) => ({ type: 'button', action_id: 'ack', text: plain('Seen'), ...given });

describe('the limits of Block Kit', () => {
  it.each<[string, unknown]>([
    ['a header of 150', [{ type: 'header', text: plain('x'.repeat(150)) }]],
    ['a section of 3,000', [section(mrkdwn('x'.repeat(3000)))]],
    ['ten fields of 2,000', [{ type: 'section', fields: Array(10).fill(mrkdwn('x'.repeat(2000))) }]],
    ['fifty blocks', Array.from({ length: 50 }, () => ({ type: 'divider' }))],
    ['a button', [{ type: 'actions', elements: [button()] }]],
    ['no blocks', undefined],
  ])('take %s', (_, blocks) => {
    expect(blockFaults(blocks)).toEqual([]);
  });

  it.each<[string, unknown, string]>([
    ['fifty-one blocks', Array(51).fill({ type: 'divider' }), '51 blocks'],
    ['no list', {}, 'no list'],
    ['a header that is too long', [{ type: 'header', text: plain('x'.repeat(151)) }], 'a text of 151'],
    ['a header of marks', [{ type: 'header', text: mrkdwn('x') }], 'mrkdwn instead of plain_text'],
    ['an empty text', [section(mrkdwn(''))], 'an empty text'],
    ['a section of 3,001', [section(mrkdwn('x'.repeat(3001)))], 'a text of 3001'],
    ['a section of nothing', [{ type: 'section' }], 'neither text nor fields'],
    ['eleven fields', [{ type: 'section', fields: Array(11).fill(mrkdwn('x')) }], '11 elements'],
    ['names that Slack would look for', [section(mrkdwn('@mei', { verbatim: false }))], 'not verbatim'],
    ['an empty context', [{ type: 'context', elements: [] }], 'an empty list'],
    ['two of a name', Array(2).fill({ type: 'divider', block_id: 'a' }), 'a block_id twice'],
    ['a long name', [{ type: 'divider', block_id: 'x'.repeat(256) }], 'block_id too long'],
    ['two buttons alike', [{ type: 'actions', elements: [button(), button()] }], 'an action_id twice'],
    [
      'a long button',
      [{ type: 'actions', elements: [button({ text: plain('x'.repeat(76)) })] }],
      'a text of 76',
    ],
    [
      'a long value',
      [{ type: 'actions', elements: [button({ value: 'x'.repeat(2001) })] }],
      'value too long',
    ],
    ['what nobody knows', [{ type: 'marquee' }], 'unknown type marquee'],
  ])('refuse %s', (_, blocks, fault) => {
    expect(blockFaults(blocks).join('; ')).toContain(fault);
  });
});

describe('the workspace', () => {
  let slack: SlackWorkspace;
  beforeEach(async () => {
    slack = await startSlack({ messagesPerSecond: 1 });
  });
  afterEach(() => slack.close());

  const call = async (method: string, body: object, token = slack.token) => {
    const response = await fetch(`${slack.apiUrl}/${method}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return {
      status: response.status,
      retryAfter: response.headers.get('retry-after'),
      text: await response.text(),
    };
  };

  it('takes a message a second in a channel', async () => {
    expect((await call('chat.postMessage', { channel: '#a', text: 'one' })).text).toContain('"ok":true');
    expect(await call('chat.postMessage', { channel: '#a', text: 'two' })).toMatchObject({
      status: 429,
      retryAfter: '1',
    });
    expect((await call('chat.postMessage', { channel: '#b', text: 'two' })).text).toContain('"ok":true');
    expect(slack.posts.map(({ text }) => text)).toEqual(['one', 'two']);
  });

  it.each([
    ['another token', 'chat.postMessage', 'xoxb-other', 'invalid_auth'],
    ['a method that it has not', 'chat.shout', undefined, 'unknown_method'],
  ])('refuses %s', async (_, method, token, error) => {
    expect((await call(method, { channel: '#a', text: 'x' }, token)).text).toContain(error);
  });

  it('refuses blocks that Slack would refuse', async () => {
    const answer = await call('chat.postMessage', {
      channel: '#a',
      text: 'x',
      blocks: [{ type: 'section' }],
    });
    expect(answer.text).toContain('invalid_blocks');
    expect(slack.posts).toEqual([]);
  });
});
