import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, openSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Installs moto where it isn't yet, starts it on a free port of this machine, and ends it when the work is done. Throws
 * `Missing` where it can't be had.
 */
export async function withEmulator<Result>(work: (endpoint: string) => Promise<Result>): Promise<Result> {
  installEmulator();
  const port = await freePort();
  const emulator = startEmulator(port);
  try {
    const endpoint = `http://127.0.0.1:${port}`;
    await untilHealthy(emulator, endpoint);
    return await work(endpoint);
  } finally {
    emulator.kill();
  }
}

const venv = '.venv';
const requirements = 'test/emulator/requirements.txt';
const log = '.vitest/moto.log';

/** What keeps the emulator from running, in a line that says what to do. */
export class Missing extends Error {}

function installEmulator(): void {
  if (spawnSync('python3', ['--version']).status !== 0) {
    throw new Missing('The emulator is written in Python: install python3, with its venv module');
  }
  if (!existsSync(`${venv}/bin/pip`) && spawnSync('python3', ['-m', 'venv', '--clear', venv]).status !== 0) {
    throw new Missing(`python3 can't make a virtual environment: install its venv module (python3-venv)`);
  }
  const pip = spawnSync(`${venv}/bin/pip`, ['install', '--quiet', '--timeout', '30', '-r', requirements], {
    encoding: 'utf8',
  });
  if (pip.status !== 0) {
    throw new Missing(`pip can't install ${requirements}: ${pip.stderr.trim().split('\n').at(-1)}`);
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('No free port');
  return address.port;
}

function startEmulator(port: number): ChildProcess {
  mkdirSync('.vitest', { recursive: true });
  const output = openSync(log, 'w');
  const emulator = spawn(`${venv}/bin/moto_server`, ['-H', '127.0.0.1', '-p', String(port)], {
    stdio: ['ignore', output, output],
  });
  endWithUs(emulator);
  return emulator;
}

/** No process outlives this one, however it ends. */
export function endWithUs(child: ChildProcess): void {
  process.once('exit', () => child.kill());
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));
}

async function untilHealthy(emulator: ChildProcess, endpoint: string): Promise<void> {
  for (let tries = 0; tries < 120; tries++) {
    if (emulator.exitCode !== null) break;
    const isUp = await fetch(`${endpoint}/moto-api/data.json`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isUp) return;
    await sleep(250);
  }
  throw new Missing(`The emulator does not start: see ${log}`);
}
