import { ScanCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Press } from '../../shared/alert/press.ts';
import { openSlackApi } from '../../shared/outlet/slack-api.ts';
import type { Table } from '../../shared/store/table.ts';
import { httpRequest, openSlackDoor } from '../../shared/watch/answer-slack.ts';
import { startSlackApi } from '../support/slack-api.ts';
import { blockActions, formOf, signingSecret, slackEvent, viewSubmission } from '../support/slack-event.ts';
import { startTable } from '../support/table.ts';

let table: Table;
let stop: () => Promise<void>;
let slack: Awaited<ReturnType<typeof startSlackApi>>;
let pressed: Press[];
let secrets: (string | Error)[];
let reads: number;
let door: ReturnType<typeof openSlackDoor>;

beforeAll(async () => {
  ({ table, stop } = await startTable());
  slack = await startSlackApi();
});
afterAll(async () => {
  await slack.stop();
  await stop();
});
beforeEach(() => {
  slack.reset();
  pressed = [];
  secrets = [signingSecret];
  reads = 0;
  door = openSlackDoor({
    table,
    slack: openSlackApi({ token: async () => 'xoxb-test' }),
    readSigningSecret: async () => {
      reads += 1;
      const next = secrets.length > 1 ? secrets.shift() : secrets[0];
      if (typeof next === 'string') return next;
      throw next;
    },
    handOver: async (press) => void pressed.push(press),
  });
});

const alertId = 'utilization/ml-dev/i-1/opened';
const knock = (event: object) => door(httpRequest.parse(event));
const records = async () =>
  (await table.client.send(new ScanCommand({ TableName: table.name }))).Items?.length ?? 0;

let serial = 0;
/** Each press is another one: the same would be a replay. */
const pressing = (button: string) => {
  serial += 1;
  return formOf(blockActions({ button, alertId, actionTs: `1794852302.${serial}` }));
};
const acknowledging = () => pressing('acknowledge');

/** Nothing is parsed, kept, asked or handed over. */
async function expectRefused(event: object, reason: string): Promise<void> {
  const before = await records();
  expect(await knock(event)).toEqual({ response: { statusCode: 401 }, reason });
  expect(pressed).toEqual([]);
  expect(slack.calls).toEqual([]);
  expect(await records()).toBe(before);
}

describe('what Slack has not signed just now is refused', () => {
  it.each<[string, string, Parameters<typeof slackEvent>[1]]>([
    ['a wrong signature', 'not signed by Slack', { secret: 'of somebody else' }],
    ['no signature', 'not signed', { headers: { 'x-slack-signature': undefined } }],
    ['an empty signature', 'its signature is none', { headers: { 'x-slack-signature': '' } }],
    ['no time', 'not signed', { headers: { 'x-slack-request-timestamp': undefined } }],
    [
      'another time than was signed',
      'not signed by Slack',
      { headers: { 'x-slack-request-timestamp': '1794852301' } },
    ],
    ['an old time', 'signed more than five minutes ago', { signedAt: '2026-11-16T17:59:00Z' }],
    ['a time to come', 'signed more than five minutes ahead', { signedAt: '2026-11-16T18:11:00Z' }],
    ['another method', 'not posted', { method: 'GET' }],
    ['another method, though signed', 'not posted', { method: 'PUT' }],
    [
      'a wrong signature of a body in base64',
      'not signed by Slack',
      { secret: 'of somebody else', base64: true },
    ],
  ])('by %s', async (_, reason, given) => {
    await expectRefused(slackEvent(acknowledging(), given), reason);
  });

  it('when its body was changed on the way', async () => {
    const event = slackEvent(acknowledging());
    await expectRefused({ ...event, body: `${event.body}&x=1` }, 'not signed by Slack');
  });

  it('when there is no body at all', async () => {
    const { body: _, ...event } = slackEvent('', { secret: 'of somebody else' });
    await expectRefused(event, 'not signed by Slack');
  });

  it('when it is ten megabytes of garbage, at once', async () => {
    const event = slackEvent('small');
    const start = performance.now();
    await expectRefused({ ...event, body: 'x'.repeat(10_000_000) }, 'too large');
    expect(performance.now() - start).toBeLessThan(2000);
    expect(reads).toBe(0);
  });

  it('when it comes a second time, and is carried out once', async () => {
    const event = slackEvent(acknowledging());
    expect(await knock(event)).toEqual({ response: { statusCode: 200 } });
    expect(pressed).toHaveLength(1);
    pressed.length = 0;
    await expectRefused(event, 'came before');
    await expectRefused(
      {
        ...event,
        requestContext: { ...event.requestContext, timeEpoch: event.requestContext.timeEpoch + 240_000 },
      },
      'came before',
    );
  });

  it('when it comes to two processes at once: one of them takes it', async () => {
    const event = slackEvent(acknowledging());
    const answers = await Promise.all([knock(event), knock(event), knock(event)]);
    expect(answers.map(({ response }) => response.statusCode).toSorted()).toEqual([200, 401, 401]);
    expect(pressed).toHaveLength(1);
  });
});

describe('what Slack has signed', () => {
  it('is handed over, and answered with nothing', async () => {
    expect(await knock(slackEvent(acknowledging()))).toEqual({ response: { statusCode: 200 } });
    expect(pressed).toEqual([
      {
        id: expect.stringMatching(/^1794852302\.\d+-U0MEI00001-[0-9a-f]{14}$/),
        button: 'acknowledge',
        alertId,
        user: { id: 'U0MEI00001', name: 'mei' },
        at: '2026-11-16T18:05:02Z',
        responseUrl: 'https://hooks.slack.com/actions/T0WATCH/1234567890123/AbCdEfGhIjKlMnOp',
        channel: 'C0MLCOST01',
        messageTs: '1794848400.000200',
      },
    ]);
  });

  it('is the same in base64', async () => {
    expect((await knock(slackEvent(acknowledging(), { base64: true }))).response.statusCode).toBe(200);
    expect(pressed).toMatchObject([{ button: 'acknowledge', alertId }]);
  });

  it('brings what was chosen in a menu', async () => {
    await knock(slackEvent(formOf(blockActions({ button: 'snooze', alertId, choice: '7d' }))));
    expect(pressed).toMatchObject([{ button: 'snooze', choice: '7d' }]);
  });

  it.each([
    ['no form at all', 'hello'],
    ['an empty body', ''],
    ['a form without an interaction', 'payload='],
    ['a payload that is no JSON', 'payload=%7Boops'],
    ['JSON that is none of ours', '{"type":"event_callback"}'],
    ['a button of somebody else', formOf(blockActions({ button: 'delete-everything', alertId }))],
    ['a press on nothing', formOf(blockActions({ button: 'acknowledge', alertId: '' }))],
    [
      'an alert with an id that is too long',
      formOf(blockActions({ button: 'acknowledge', alertId: 'x'.repeat(256) })),
    ],
    ['somebody who is no user', formOf(blockActions({ button: 'acknowledge', alertId, user: 'B0T' }))],
    ['two presses in one', formOf({ ...blockActions({ button: 'snooze', alertId }), actions: [1, 2] })],
    ['another modal', formOf({ ...viewSubmission({ carried: '{}' }), view: { callback_id: 'other' } })],
    ['a modal that carries nothing', formOf(viewSubmission({ carried: 'nothing' }))],
    ['a closed modal', formOf({ type: 'view_closed' })],
    ['keys that mean something in JavaScript', formOf({ type: 'block_actions', __proto__: { actions: [] } })],
  ])('and is nothing that we know is refused: %s', async (_, body) => {
    expect(await knock(slackEvent(body))).toEqual({
      response: { statusCode: 400 },
      reason: 'signed, and nothing that is known here',
    });
    expect(pressed).toEqual([]);
    expect(slack.calls).toEqual([]);
  });

  it('is answered where Slack only looks whether somebody is there', async () => {
    expect(await knock(slackEvent('ssl_check=1&token=x'))).toEqual({ response: { statusCode: 200 } });
    const challenged = await knock(slackEvent('{"type":"url_verification","challenge":"3eZbrw1aB"}'));
    expect(challenged.response).toMatchObject({ statusCode: 200, body: '{"challenge":"3eZbrw1aB"}' });
    expect(pressed).toEqual([]);
  });

  it('fails where the press could not be handed over: Slack tells the user', async () => {
    door = openSlackDoor({
      table,
      slack: openSlackApi({ token: async () => 'xoxb-test' }),
      readSigningSecret: async () => signingSecret,
      handOver: () => Promise.reject(new Error('no Lambda')),
    });
    await expect(knock(slackEvent(acknowledging()))).rejects.toThrow('no Lambda');
  });
});

describe('what is expected is asked about first', () => {
  const asking = () => slackEvent(pressing('expected'));
  const opened = () => JSON.parse(slack.calls[0]?.args['view'] ?? '{}');

  it('in a modal, with the press that it came from', async () => {
    expect(await knock(asking())).toEqual({ response: { statusCode: 200 } });
    expect(pressed).toEqual([]);
    expect(slack.calls).toMatchObject([
      {
        method: 'views.open',
        token: 'Bearer xoxb-test',
        args: { trigger_id: '9876543210.1234567890.0123456789abcdef0123456789abcdef' },
      },
    ]);
    expect(opened()).toMatchObject({ type: 'modal', callback_id: 'expected' });
    expect(opened().private_metadata.length).toBeLessThan(3000);
    expect(opened().blocks).toMatchObject([
      { block_id: 'reason', element: { type: 'plain_text_input', max_length: 300 } },
      {
        block_id: 'days',
        element: { initial_option: { value: '30' }, options: [{ value: '30' }, { value: '90' }] },
      },
    ]);
  });

  it('and comes back with the reason and the days', async () => {
    await knock(asking());
    const sent = viewSubmission({
      carried: opened().private_metadata,
      reason: ' A planned run. ',
      days: '90',
    });
    expect(await knock(slackEvent(formOf(sent)))).toEqual({ response: { statusCode: 200 } });
    expect(pressed).toMatchObject([
      {
        id: expect.stringMatching(/^V0EXPECTED-U0MEI00001-/),
        button: 'expected',
        alertId,
        reason: 'A planned run.',
        days: 90,
        responseUrl: expect.stringContaining('https://hooks.slack.com/'),
      },
    ]);
  });

  it.each([
    ['no reason', { reason: null }, 'reason'],
    ['a reason of spaces', { reason: '  ' }, 'reason'],
    ['a reason that is too long', { reason: 'x'.repeat(301) }, 'reason'],
    ['days that nobody proposed', { days: '3650' }, 'days'],
  ])('and is asked about again with %s', async (_, given, field) => {
    const carried = JSON.stringify({ alertId });
    const { response } = await knock(slackEvent(formOf(viewSubmission({ carried, ...given }))));
    expect(JSON.parse(response.body ?? '')).toEqual({
      response_action: 'errors',
      errors: { [field]: expect.any(String) },
    });
    expect(pressed).toEqual([]);
  });

  it('and fails where Slack opens no modal', async () => {
    slack.answer('views.open', { ok: false, error: 'invalid_auth' });
    await expect(knock(asking())).rejects.toThrow('Slack refused views.open: invalid_auth');
  });
});

describe('a signing secret that was replaced', () => {
  const forged = (at: string) => slackEvent(acknowledging(), { secret: 'of somebody else', at });
  const minute = (count: number) =>
    new Date(Date.parse('2026-11-16T18:05:02Z') + count * 60_000).toISOString();

  it('is read anew, once a minute at the most, however many requests are forged', async () => {
    for (let second = 0; second < 59; second += 1) {
      await knock(forged(new Date(Date.parse(minute(0)) + second * 1000).toISOString()));
    }
    expect(reads).toBe(1);
    await knock(forged(minute(1)));
    await knock(forged(minute(1)));
    expect(reads).toBe(2);
  });

  it('is taken with the next request that it signs', async () => {
    secrets = [signingSecret, 'the new one'];
    expect((await knock(slackEvent(acknowledging(), { at: minute(0) }))).response.statusCode).toBe(200);
    const fresh = { secret: 'the new one' };
    expect((await knock(slackEvent(acknowledging(), { ...fresh, at: minute(2) }))).response.statusCode).toBe(
      200,
    );
    expect((await knock(slackEvent(acknowledging(), { at: minute(2) }))).response.statusCode).toBe(401);
    expect(reads).toBe(2);
  });

  it('is asked for once a minute, too, where it can not be read', async () => {
    secrets = [new Error('no such parameter')];
    await expect(knock(forged(minute(0)))).rejects.toThrow('no such parameter');
    await expect(knock(forged(minute(0)))).rejects.toThrow('no such parameter');
    expect(reads).toBe(1);
    secrets = [signingSecret];
    expect((await knock(slackEvent(acknowledging(), { at: minute(1) }))).response.statusCode).toBe(200);
  });
});
