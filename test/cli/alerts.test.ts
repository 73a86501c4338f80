import { describe, expect, it } from 'vitest';
import { watchdog } from '../support/run.ts';

const sample = ['--sample', '--now', '2026-11-16T18:25:00Z'];
type Listed = { handle: string; severity: string; isOpen: boolean; title: string; subject: string };

const list = async (): Promise<Listed[]> => {
  const { code, stdout, stderr } = await watchdog(['alerts', ...sample, '--format', 'json']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
};

describe('alerts', () => {
  it('lists what people were told, the worst first, each by a handle of its own', async () => {
    const listed = await list();
    expect(listed.slice(0, 3).map(({ severity }) => severity)).toEqual(['critical', 'critical', 'critical']);
    expect(new Set(listed.map(({ handle }) => handle)).size).toBe(listed.length);
    expect(listed.map(({ title }) => title)).toContainEqual(
      expect.stringMatching(/^Amazon Bedrock in ml-prod: \$\d+\.\d\d a day above expected since 14 Nov$/),
    );
  });

  it('shows one as it was told, and what became of it in each destination', async () => {
    const [bedrock] = (await list()).filter(({ title }) => title.startsWith('Amazon Bedrock'));
    const { code, stdout } = await watchdog(['alerts', 'show', bedrock?.handle ?? '', ...sample]);
    expect(code).toBe(0);
    expect(stdout).toContain('[CRITICAL] Amazon Bedrock in ml-prod');
    expect(stdout).toMatch(/email +sent +2026-11-16 06:00 UTC/);
    expect(stdout).toMatch(/slack +sent +2026-11-16 06:00 UTC/);
  });

  it.each([
    [['ack'], /^Acknowledged: Amazon Bedrock in ml-prod/],
    [
      ['snooze', '--for', '1d'],
      /^Snoozed for 1 day: Amazon Bedrock in ml-prod[\s\S]*It is told again on 2026-11-17/,
    ],
    [['replay'], /^Amazon Bedrock in ml-prod[\s\S]*is in the queue again\.$/m],
    [['replay', '--again'], /is in the queue again, to be told anew\.$/m],
  ])('%j says what came of it', async ([verb = '', ...more], text) => {
    const subject = 'spend/345678901234/Amazon Bedrock/2026-11-14';
    const by = verb === 'replay' ? [] : ['--by', 'mei'];
    const { code, stdout, stderr } = await watchdog(['alerts', verb, subject, ...more, ...by, ...sample]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(text);
  });

  it.each([
    [['show', 'nope'], 'no problem and no alert "nope": watchdog alerts lists them\n'],
    [['snooze', 'nope', '--for', '3d'], 'for how long? --for 1d or --for 7d\n'],
    [['snooze', 'nope'], 'for how long? --for 1d or --for 7d\n'],
  ])('refuses %j in a line', async (args, stderr) => {
    expect(await watchdog(['alerts', ...args, ...sample])).toEqual({ code: 2, stdout: '', stderr });
  });
});

describe('redrive', () => {
  it('finds no dead letters where everything was delivered', async () => {
    expect(await watchdog(['redrive', ...sample])).toEqual({
      code: 0,
      stdout: 'No dead letters: every alert was delivered.\n',
      stderr: '',
    });
  });
});
