import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { watchdog } from '../support/run.ts';

const explain = (...args: string[]) => watchdog(['schedule', 'explain', ...args]);

async function configOf(text: string): Promise<string> {
  const file = join(await mkdtemp(join(tmpdir(), 'watchdog-')), 'watchdog.yml');
  await writeFile(file, text);
  return file;
}

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

  it('shows the next week as it is on the local clock, a line a day', async () => {
    const { code, stdout } = await explain(
      'Mon-Fri 08:15-19:00, Sat 22:00-02:30 Europe/Berlin; start',
      ...['--now', '2026-03-26T09:00:00Z'],
    );
    expect(code).toBe(0);
    expect(stdout.split('\n').slice(2, 13)).toEqual([
      '              00    03    06    09    12    15    18    21    24',
      '  Thu 26 Mar  ················▌█████████████████████··········  08:15-19:00',
      '  Fri 27 Mar  ················▌█████████████████████··········  08:15-19:00',
      '  Sat 28 Mar  ············································████  22:00-24:00',
      '  Sun 29 Mar  ████  ··········································  00:00-03:00  a day of 23 h',
      '  Mon 30 Mar  ················▌█████████████████████··········  08:15-19:00',
      '  Tue 31 Mar  ················▌█████████████████████··········  08:15-19:00',
      '  Wed  1 Apr  ················▌█████████████████████··········  08:15-19:00',
      '',
      '  Mon-Fri 08:15-19:00, Sat 22:00-02:30 Europe/Berlin',
      '  outside its hours it is stopped when idle; started when they begin',
    ]);
  });

  it('quotes the value, and says what each of its options does', async () => {
    const options = 'start; grace=30m; idle=2h; delete';
    const { stdout } = await explain(`Mon-Fri 08:00-19:00 UTC; ${options}`, '--now', '2026-03-26T09:00:00Z');
    expect(stdout).toMatch(/^"Mon-Fri 08:00-19:00 UTC; start; grace=30m; idle=2h; delete" from 2026-/);
    expect(stdout).toContain(
      '  outside its hours it is stopped (deleted, where nothing else stops it) when idle for 2 h, 30 min after the warning; started when they begin\n',
    );
  });

  it('tells a program of the next week too', async () => {
    const { stdout } = await explain(
      'Fri 08:00-19:00 UTC',
      '--now',
      '2026-11-20T09:00:00Z',
      '--format',
      'json',
    );
    expect(JSON.parse(stdout)).toEqual({
      valid: true,
      initial: 'up',
      transitions: [
        { at: '2026-11-20T19:00:00Z', state: 'down' },
        { at: '2026-11-27T08:00:00Z', state: 'up' },
      ],
    });
  });

  it('names the holidays, and lists the changes of a span that was asked for', async () => {
    const config = await configOf(`
holidays:
  germany: { dates: [12-25..12-26] }
schedules:
  lab: Mon-Fri 08:00-19:00 Europe/Berlin; holidays=germany
`);
    const { stdout } = await explain(
      'lab',
      ...['--config', config, '--from', '2026-12-24', '--to', '2026-12-26'],
    );
    expect(stdout).toContain(
      '  Fri 25 Dec  ················································  off  germany\n',
    );
    expect(stdout).toContain('  lab (Mon-Fri 08:00-19:00 Europe/Berlin, but for the holidays of germany)\n');
    expect(stdout).toContain('  2026-12-24T18:00:00Z  off hours\n');
  });

  it('reads a value of Custodian, with its defaults, and says it in ours', async () => {
    const { code, stdout } = await explain(
      'off=[(M-F,21),(U,18)];on=[(M-F,6),(U,10)];tz=pt',
      ...['--grammar', 'custodian', '--now', '2026-11-20T09:00:00Z'],
    );
    expect(code).toBe(0);
    expect(stdout).toContain('  Sun 22 Nov  ····················████████████████············  10:00-18:00\n');
    expect(stdout).toContain(
      '  as a tag of ours: Mon-Fri 06:00-21:00, Sun 10:00-18:00 America/Los_Angeles; start\n',
    );
  });

  it('reads a name of Instance Scheduler, and says what is not carried out', async () => {
    const config = await configOf(`
compatibility:
  instanceScheduler:
    definitions:
      schedules: { uk: { periods: [office], timezone: Europe/London, enforced: true } }
      periods: { office: { begintime: "09:00", endtime: "17:00", weekdays: [mon-fri] } }
`);
    const { stdout } = await explain(
      'uk',
      ...['--grammar', 'instance-scheduler', '--config', config, '--now', '2026-11-20T09:00:00Z'],
    );
    expect(stdout).toContain('  as a tag of ours: Mon-Fri 09:00-17:00 Europe/London; start\n');
    expect(stdout).toContain('  not carried out: schedule "uk": enforced: ');
    const line = { value: 'uk', from: '2026-11-20', to: '2026-11-21', grammar: 'instance-scheduler' };
    const many = await watchdog(['schedule', 'explain', '--stdin', '--config', config], {
      stdin: `${JSON.stringify(line)}\n${JSON.stringify({ ...line, value: 'us' })}\n`,
    });
    expect(many.code).toBe(2);
    expect(many.stdout.split('\n').map((each) => each && JSON.parse(each).valid)).toEqual([true, false, '']);
  });

  it('says where Instance Scheduler has not been configured', async () => {
    const { code, stderr } = await explain('uk', '--grammar', 'instance-scheduler');
    expect(code).toBe(2);
    expect(stderr).toMatch(/^"uk": Instance Scheduler's tags are not read: .*\n$/);
  });
});
