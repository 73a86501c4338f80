import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { toSlackMessage } from '../../shared/alert/slack.ts';
import { postToWebhook } from '../../shared/outlet/slack-webhook.ts';
import { alertOf } from '../support/alert.ts';
import { type Fault, startSlack } from '../support/slack.ts';

const message = toSlackMessage(alertOf());
let slack: Awaited<ReturnType<typeof startSlack>>;
beforeEach(async () => {
  slack = await startSlack();
});
afterEach(() => slack.stop());

describe('posting to Slack', () => {
  it('puts the message into the channel', async () => {
    await postToWebhook(slack.url, message);
    expect(slack.seen).toEqual([message]);
  });

  it('waits as long as Slack asks, and posts again', async () => {
    slack.fail({ status: 429, retryAfter: '1' });
    const start = performance.now();
    await postToWebhook(slack.url, message);
    expect(performance.now() - start).toBeGreaterThanOrEqual(990);
    expect(slack.seen).toHaveLength(1);
  });

  it('waits twice at most', async () => {
    const busy = { status: 429, retryAfter: '0' };
    slack.fail(busy, busy, busy, busy);
    await expect(postToWebhook(slack.url, message)).rejects.toThrow('Slack answered 429');
    expect(slack.calls()).toBe(3);
  });

  it.each([['30'], ['Wed, 21 Oct 2026 07:28:00 GMT'], [undefined]])(
    'leaves a wait of %s to the queue',
    async (retryAfter) => {
      slack.fail({ status: 429, ...(retryAfter && { retryAfter }) });
      await expect(postToWebhook(slack.url, message)).rejects.toThrow('Slack answered 429');
      expect(slack.calls()).toBe(1);
    },
  );

  it.each<[Fault, string]>([
    [{ status: 500 }, 'Slack answered 500'],
    [{ status: 404, body: 'no_service' }, 'Slack answered 404 no_service'],
    [{ status: 200, body: 'invalid_payload' }, 'Slack answered 200 invalid_payload'],
    [{ status: 200, body: '<html>sign in</html>' }, 'Slack answered 200'],
    [{ status: 302 }, "Slack can't be reached"],
    ['reset', "Slack can't be reached: UND_ERR_SOCKET"],
    ['lost', "Slack can't be reached: UND_ERR_SOCKET"],
    ['hang', "Slack can't be reached: TimeoutError"],
  ])('fails where Slack answers with %j', async (fault, problem) => {
    slack.fail(fault);
    const error = await postToWebhook(slack.url, message, 300).catch((caught: unknown) => caught);
    expect(String(error)).toContain(problem);
  });
});

describe('the address of the webhook', () => {
  const told = async (url: string) => {
    const error: unknown = await postToWebhook(url, message, 300).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(Error);
    const { message: text, stack, cause } = error as Error;
    return `${text} ${stack} ${JSON.stringify(cause)}`;
  };

  it.each<Fault>(['reset', 'hang', { status: 500, body: 'secretsecret' }])(
    'is not told by %j',
    async (fault) => {
      slack.fail(fault);
      const { pathname } = new URL(slack.url);
      expect(await told(slack.url)).not.toContain(pathname);
    },
  );

  it.each([
    'http://127.0.0.1:1/services/secretsecret',
    'no address, secretsecret',
    'https://host.invalid/secretsecret',
    'ftp://host.invalid/secretsecret',
  ])('is not told where it is %s', async (url) => {
    expect(await told(url)).not.toContain('secretsecret');
  });
});
