import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { answerUser, isSlackAddress } from '../../shared/outlet/slack-response.ts';
import { startSlackApi } from '../support/slack-api.ts';

let slack: Awaited<ReturnType<typeof startSlackApi>>;
beforeAll(async () => {
  slack = await startSlackApi();
});
afterEach(() => slack.reset());
afterAll(() => slack.stop());

describe('an address to answer to', () => {
  const own = 'https://slack.com/api';
  it.each([
    ['https://hooks.slack.com/actions/T0/1/abc', own, true],
    ['https://hooks.slack-gov.com/actions/T0/1/abc', 'https://slack-gov.com/api', true],
    ['http://127.0.0.1:4000/actions/T0/1/abc', 'http://127.0.0.1:4000/api', true],
    ['http://hooks.slack.com/actions/T0/1/abc', own, false],
    ['https://hooks.slack.com.example.com/actions', own, false],
    ['https://example.com/hooks.slack.com/', own, false],
    ['https://hooks.slack.com@example.com/', own, false],
    ['https://user:secret@hooks.slack.com/actions', own, false],
    ['https://hooks.slack.com:8443/actions', own, false],
    ['https://slack.com/api/chat.delete', own, false],
    ['http://169.254.169.254/latest/meta-data/', own, false],
    ['http://127.0.0.1:4000/actions', own, false],
    ['http://127.0.0.1:4001/actions', 'http://127.0.0.1:4000/api', false],
    ['https://hooks.slack.com/actions', 'http://127.0.0.1:4000/api', false],
    ['file:///etc/passwd', own, false],
    ['nowhere', own, false],
    ['', own, false],
  ])('%s is one of Slack (%s): %s', (url, apiUrl, expected) => {
    expect(isSlackAddress(url, apiUrl)).toBe(expected);
  });
});

describe('answering the user', () => {
  it('tells the user alone, and leaves the message as it is', async () => {
    expect(await answerUser(slack.responseUrl, 'not you')).toBe(true);
    expect(slack.told).toEqual([{ response_type: 'ephemeral', replace_original: false, text: 'not you' }]);
  });

  it('posts nothing to an address that is none of Slack', async () => {
    expect(await answerUser('https://example.com/actions', 'not you')).toBe(false);
    expect(slack.told).toEqual([]);
  });

  it('says where Slack takes no answer any more', async () => {
    slack.failResponses(404);
    expect(await answerUser(slack.responseUrl, 'not you')).toBe(false);
  });

  it.each([429, 500, 503])('fails where another try may do: %i', async (status) => {
    slack.failResponses(status);
    await expect(answerUser(slack.responseUrl, 'not you')).rejects.toThrow(`Slack answered ${status}`);
  });

  it('names no address in an error', async () => {
    const gone = slack.responseUrl.replace('/actions/', '/actions/gone/');
    process.env['SLACK_API_URL'] = 'http://127.0.0.1:9/api';
    const failed = answerUser(gone.replace(/:\d+/, ':9'), 'not you');
    await expect(failed).rejects.toThrow(/^Slack can't be reached: \w+$/);
    process.env['SLACK_API_URL'] = `${slack.origin}/api`;
  });
});
