import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

export type Outcome = { code: number; stdout: string; stderr: string };

/** Runs the command line as its user does, in a process of its own, ended after `timeoutMs` at the latest. */
export const watchdog = (
  args: readonly string[],
  { stdin = '', env = {}, timeoutMs = 60_000, cwd = root } = {},
) =>
  new Promise<Outcome>((resolve) => {
    const child = execFile(
      process.execPath,
      [`${root}/cli/watchdog.ts`, ...args],
      {
        cwd,
        timeout: timeoutMs,
        maxBuffer: 64 * 1024 * 1024,
        env: { PATH: process.env['PATH'], HOME: process.env['HOME'], NO_COLOR: '1', ...env },
      },
      (error, stdout, stderr) => resolve({ code: error ? Number(error.code ?? 255) : 0, stdout, stderr }),
    );
    child.stdin?.end(stdin);
  });
