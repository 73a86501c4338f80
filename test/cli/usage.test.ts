import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { watchdog } from '../support/run.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'usage-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('a command that can not be understood', () => {
  it.each([
    ['an unknown command', ['stop-everything'], "unknown command 'stop-everything'"],
    ['an unknown option', ['plan', '--force'], "unknown option '--force' (Did you mean --for?)"],
    ['a missing argument', ['invoke'], "missing required argument 'function'"],
    ['a format that nobody writes', ['plan', '--sample', '--format', 'xml'], 'expected text or json'],
    ['a time that is none', ['plan', '--sample', '--now', 'nonsense'], 'expected an ISO 8601 date'],
    [
      'two accounts at once',
      ['plan', '--sample', '--profile', 'dev'],
      '--sample and --profile exclude each other',
    ],
  ])('is told in a line: %s', async (_, args, expected) => {
    const { code, stdout, stderr } = await watchdog(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(expected);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });
});

describe('the command line', () => {
  it('explains itself', async () => {
    const { code, stdout, stderr } = await watchdog(['--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const command of ['demo', 'invoke', 'plan', 'doctor', 'watch', 'backtest', 'schedule']) {
      expect(stdout).toMatch(new RegExp(`^  ${command} `, 'm'));
    }
  });

  it('names every fault of a configuration, with its line', async () => {
    const file = join(folder, 'watchdog.yml');
    await writeFile(file, 'enforce: maybe\nstop:\n  graze: 5\n');
    const { code, stdout, stderr } = await watchdog(['plan', '--sample', '--config', file]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr.trimEnd().split('\n').toSorted()).toEqual([
      `${file}:1: enforce: Invalid input: expected boolean, received string`,
      `${file}:3: stop.graze: unknown key, did you mean "grace"?`,
    ]);
  });

  it('ends quietly when its reader has seen enough', async () => {
    const child = spawn(process.execPath, ['cli/watchdog.ts', 'schedule', 'explain', '--stdin']);
    child.stdin.on('error', () => {}); // it ends before it has read everything
    child.stdin.end('{"value":"off","from":"2026-11-16","to":"2026-11-17"}\n'.repeat(20_000));
    child.stdout.once('data', () => child.stdout.destroy());
    const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });
});
