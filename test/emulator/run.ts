import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { endWithUs, Missing, withEmulator } from './moto.ts';

/** Runs test/emulator/ against an emulator of its own. */
async function runTests(endpoint: string): Promise<number> {
  const options = ['run', '--config', 'vitest.emulator.config.ts', ...process.argv.slice(2)];
  const tests = spawn(process.execPath, ['node_modules/vitest/vitest.mjs', ...options], {
    stdio: 'inherit',
    env: { ...process.env, AWS_ENDPOINT_URL: endpoint },
  });
  endWithUs(tests);
  const [code] = await once(tests, 'exit');
  return code ?? 1;
}

try {
  process.exitCode = await withEmulator(runTests);
} catch (error) {
  if (!(error instanceof Missing)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
