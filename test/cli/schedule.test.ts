import { describe, expect, it } from 'vitest';
import { watchdog } from '../support/run.ts';

const explain = (...args: string[]) => watchdog(['schedule', 'explain', ...args]);

describe('schedule explain', () => {
  it('tells a program the changes in UTC, through the end of summer time', async () => {
    const { code, stdout, stderr } = await explain(
      'Sat,Sun 22:00-06:00 Europe/Berlin; start',
      ...['--from', '2026-10-24T20:00:00Z', '--to', '2026-10-26T05:00:00Z', '--format', 'json'],
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    // 22:00 is 20:00 UTC in summer and 21:00 in winter; a change at `from` is within, one at `to` isn't.
    expect(JSON.parse(stdout)).toEqual({
      valid: true,
      initial: 'down',
      transitions: [
        { at: '2026-10-24T20:00:00Z', state: 'up' },
        { at: '2026-10-25T05:00:00Z', state: 'down' },
        { at: '2026-10-25T21:00:00Z', state: 'up' },
      ],
    });
  });

  it('tells a program what is wrong with a value, and exits with 2', async () => {
    const { code, stdout } = await explain(
      'Mon-Fri 8-19 Europe/Berlin',
      ...['--from', '2026-11-16', '--to', '2026-11-23', '--format', 'json'],
    );
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toEqual({ valid: false, error: expect.stringMatching(/^column 9: /) });
  });

  it('answers many lines in their order, and says so where one can not be read', async () => {
    const span = { from: '2026-11-16', to: '2026-11-17T00:00:00+01:00' };
    const values = ['off', 'Mon-Fri 08:00-19:00 Europe/Berlin', 'next week', 'Mon 00:00-24:00 Europe/Berlin'];
    const stdin = values.map((value) => JSON.stringify({ value, ...span })).join('\n');
    const { code, stdout, stderr } = await watchdog(['schedule', 'explain', '--stdin'], { stdin });
    expect({ code, stderr }).toEqual({ code: 2, stderr: '' });
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([
      { valid: true, initial: 'up', transitions: [] },
      {
        valid: true,
        initial: 'down',
        transitions: [
          { at: '2026-11-16T07:00:00Z', state: 'up' },
          { at: '2026-11-16T18:00:00Z', state: 'down' },
        ],
      },
      { valid: false, error: expect.any(String) },
      { valid: true, initial: 'up', transitions: [] },
    ]);
  });

  it('names the line and the field of a question that is none', async () => {
    const question = JSON.stringify({ value: 'off', from: '2026-11-16', to: '2026-11-17' });
    const stdin = [question, '', question.replace('11-17', '02-30'), question].join('\n');
    const { code, stdout, stderr } = await watchdog(['schedule', 'explain', '--stdin'], { stdin });
    expect(code).toBe(2);
    expect(stdout.trimEnd().split('\n')).toHaveLength(1);
    expect(stderr).toMatch(/^standard input, line 3: to: expected an ISO 8601 date.*\n$/);
  });

  it('refuses a span that ends before it starts', async () => {
    const { code, stdout, stderr } = await explain('off', '--from', '2026-11-16', '--to', '2026-11-15');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^from .* to .*: the end comes before the start\n$/);
  });
});
