import { describe, expect, it } from 'vitest';
import { watchdog } from '../support/run.ts';

const run = (...words: string[]) => watchdog([...words, '--sample']);

describe('keep', () => {
  it('says until when, in the zone of its schedule, and which tag says so', async () => {
    expect(await run('keep', 'simulation-lab', '--until', 'tomorrow')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(
        /simulation-lab is kept until Tue 08:00 Europe\/Berlin \(auto-stop:keep-until = 2026-11-17T07:00:00Z\)/,
      ),
    });
  });

  it.each(['labeling-ui', 'notebooks', 'captions-dev', 'load-test', 'labels-dev'])(
    'keeps what is no instance, too: %s',
    async (name) => {
      const { code, stdout } = await run('keep', name, '--for', '2h');
      expect({ code, stdout }).toEqual({
        code: 0,
        stdout: expect.stringMatching(new RegExp(`${name} is kept until 21:25 Europe/Berlin`)),
      });
    },
  );

  it('leaves a longer protection as it is, and says so', async () => {
    const { stdout } = await run('keep', 'paper-repro', '--for', '2h');
    expect(stdout).toMatch(/^ {2}paper-repro is kept until Sat 00:00 Europe\/Berlin already\n$/);
    const { stdout: json } = await run('keep', 'paper-repro', '--for', '2h', '--format', 'json');
    expect(JSON.parse(json)).toMatchObject([{ name: 'paper-repro', until: '2026-11-20T23:00:00Z' }]);
  });

  it('says that what is stopped is not started by it', async () => {
    const { stdout } = await run('keep', 'nightly-eval', '--for', '2h');
    expect(stdout).toMatch(/nightly-eval is kept until .*; it is stopped now, and this does not start it\n$/);
  });

  it('tells a program what it has kept', async () => {
    const { stdout } = await run('keep', 'simulation-lab', '--for', '4h', '--format', 'json');
    expect(JSON.parse(stdout)).toEqual([
      {
        account: '210987654321',
        region: 'eu-west-1',
        kind: 'ec2-instance',
        id: expect.stringMatching(/^i-/),
        name: 'simulation-lab',
        until: '2026-11-16T22:25:00Z',
      },
    ]);
  });

  it.each([
    [['keep', 'i-nope', '--for', '4h'], /^no "i-nope" with the tag "auto-stop" in 6 targets: .*\n$/],
    [['keep', 'simulation-lab'], /^keep: expected --for or --until, e\.g\. --for 4h.*\n$/],
    [['keep', 'simulation-lab', '--for', '4h', '--until', 'tomorrow'], /^keep: expected --for or --until/],
    [['keep', 'simulation-lab', '--for', '90d'], /^--for "90d": expected minutes, hours or days.*\n$/],
    [['keep', 'simulation-lab', '--until', '2026-11-10'], /^--until "2026-11-10": expected "tomorrow".*\n$/],
    [
      ['keep', 'simulation-lab', 'diffusion-lab', '--for', '4h'],
      /^diffusion-lab is kept by its tag .* already, which is no date or date-time: "next friday"; correct or remove it first\n$/,
    ],
    [['stop-now', 'simulation-lab'], /^simulation-lab: no stop of it is announced that could come sooner\n$/],
  ])('%j ends with 2 and one line', async (words, line) => {
    const { code, stdout, stderr } = await run(...words);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(line);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });
});
