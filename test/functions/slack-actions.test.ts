import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { GetParameterCommand, type GetParameterCommandInput, SSMClient } from '@aws-sdk/client-ssm';
import { mockClient } from 'aws-sdk-client-mock';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { sampleSigningSecret } from '../../cli/sample/account.ts';
import acknowledge from '../../events/slack-acknowledge.json' with { type: 'json' };
import expectedEvent from '../../events/slack-expected.json' with { type: 'json' };
import snooze from '../../events/slack-snooze.json' with { type: 'json' };
import { context } from '../support/context.ts';
import { startSlackApi } from '../support/slack-api.ts';
import { slackEvent } from '../support/slack-event.ts';
import { startTable } from '../support/table.ts';

const lambda = mockClient(LambdaClient);
const ssm = mockClient(SSMClient);
let slack: Awaited<ReturnType<typeof startSlackApi>>;
let stop: () => Promise<void>;
let handler: (event: unknown, context: never) => Promise<unknown>;

beforeAll(async () => {
  ({ stop } = await startTable());
  slack = await startSlackApi();
  ssm.on(GetParameterCommand).callsFake(async ({ Name }: GetParameterCommandInput) => ({
    Parameter: { Value: Name === '/slack/signing-secret' ? sampleSigningSecret : 'xoxb-token' },
  }));
  lambda.on(InvokeCommand).resolves({ StatusCode: 202 });
  process.env['PRESSES_FUNCTION'] = 'watchdog-carry-out-presses';
  process.env['WATCHDOG_CONFIG'] = JSON.stringify({
    alerts: {
      slack: { token: 'ssm:/slack/token', channel: '#ml-cost', signingSecret: 'ssm:/slack/signing-secret' },
    },
  });
  ({ handler } = (await import('../../functions/slack-actions.ts')) as never);
});
afterEach(() => {
  lambda.resetHistory();
  slack.reset();
});
afterAll(async () => {
  delete process.env['WATCHDOG_CONFIG'];
  delete process.env['PRESSES_FUNCTION'];
  await slack.stop();
  await stop();
});

const run = (event: unknown) => handler(event, context as never);

describe('slack-actions', () => {
  it.each([
    ['a button', acknowledge, { button: 'acknowledge' }],
    ['a menu, in base64', snooze, { button: 'snooze', choice: '7d' }],
  ])('hands the press of %s to the function that carries it out, once', async (_, event, expected) => {
    expect(await run(event)).toEqual({ statusCode: 200 });
    expect(await run(event)).toEqual({ statusCode: 401 });
    const [call, ...others] = lambda.commandCalls(InvokeCommand);
    expect(others).toEqual([]);
    const { FunctionName, InvocationType, Payload } = call?.args[0].input ?? {};
    expect({ FunctionName, InvocationType }).toEqual({
      FunctionName: 'watchdog-carry-out-presses',
      InvocationType: 'Event',
    });
    expect(JSON.parse(Buffer.from(Payload as Uint8Array).toString())).toMatchObject(expected);
  });

  it('opens the modal with the token of the bot', async () => {
    expect(await run(expectedEvent)).toEqual({ statusCode: 200 });
    expect(slack.calls).toMatchObject([{ method: 'views.open', token: 'Bearer xoxb-token' }]);
    expect(lambda).not.toHaveReceivedCommand(InvokeCommand);
  });

  it('says in one line of the log why it refused, and nothing of what came', async () => {
    const lines: string[] = [];
    const spies = [process.stdout, process.stderr].map((stream) =>
      vi.spyOn(stream, 'write').mockImplementation((line) => lines.push(String(line)) > 0),
    );
    vi.stubEnv('POWERTOOLS_LOG_LEVEL', 'DEBUG');
    vi.resetModules();
    const talkative = (await import('../../functions/slack-actions.ts')) as unknown as {
      handler: typeof handler;
    };
    await talkative.handler(slackEvent('payload=private-words', { secret: 'forged' }), context as never);
    await talkative.handler(
      slackEvent('payload=private-words', { secret: sampleSigningSecret }),
      context as never,
    );
    await talkative.handler(slackEvent('ssl_check=1', { secret: sampleSigningSecret }), context as never);
    for (const spy of spies) spy.mockRestore();
    vi.unstubAllEnvs();
    const [forged, unknown, fine] = lines.map((line) => JSON.parse(line));
    expect(lines).toHaveLength(3);
    expect(forged).toMatchObject({ refused: 'not signed by Slack', result: { statusCode: 401 } });
    expect(unknown).toMatchObject({
      refused: expect.stringContaining('signed'),
      result: { statusCode: 400 },
    });
    expect(fine).not.toHaveProperty('refused');
    for (const secret of ['private-words', sampleSigningSecret, 'xoxb', 'v0=']) {
      expect(lines.join('')).not.toContain(secret);
    }
  });

  it('does not start without an app whose buttons can be pressed', async () => {
    vi.resetModules();
    process.env['WATCHDOG_CONFIG'] = JSON.stringify({ alerts: { slack: { webhook: 'ssm:/webhook' } } });
    await expect(import('../../functions/slack-actions.ts')).rejects.toThrow(
      /alerts\.slack\.signingSecret: missing/,
    );
  });
});
