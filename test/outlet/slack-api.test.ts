import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openSlackApi, SlackApiError } from '../../shared/outlet/slack-api.ts';
import { startSlackApi } from '../support/slack-api.ts';

let slack: Awaited<ReturnType<typeof startSlackApi>>;
beforeAll(async () => {
  slack = await startSlackApi();
});
afterEach(() => slack.reset());
afterAll(() => slack.stop());

const api = () => openSlackApi({ token: async () => 'xoxb-test' });

describe("Slack's Web API", () => {
  it('is called with the token, and what is not text as JSON', async () => {
    slack.answer('views.open', { ok: true, view: { id: 'V1' } });
    const answer = await api().call('views.open', {
      trigger_id: 't',
      view: { type: 'modal' },
      left: undefined,
    });
    expect(answer).toEqual({ ok: true, view: { id: 'V1' } });
    expect(slack.calls).toEqual([
      {
        method: 'views.open',
        token: 'Bearer xoxb-test',
        args: { trigger_id: 't', view: '{"type":"modal"}' },
      },
    ]);
  });

  it('says in a word why it refuses', async () => {
    slack.answer('views.open', { ok: false, error: 'invalid_auth' });
    const refused = api().call('views.open', {});
    await expect(refused).rejects.toThrow(SlackApiError);
    await expect(api().call('views.open', {})).rejects.toMatchObject({ code: 'invalid_auth' });
  });
});
