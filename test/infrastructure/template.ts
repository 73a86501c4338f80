import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

type Properties = Record<string, unknown>;
export type Resource = { Type: string; Properties: Properties; DeletionPolicy?: string; Condition?: string };
export type Template = {
  Resources: Record<string, Resource>;
  Parameters: Record<string, Properties>;
  Conditions: Record<string, unknown>;
  Outputs: Record<string, unknown>;
};

/** Environment variables that would let a command reach AWS, or nothing at all of the kind. */
const offline = {
  PATH: process.env['PATH'],
  HOME: process.env['HOME'],
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_SHARED_CREDENTIALS_FILE: '/nowhere',
  AWS_CONFIG_FILE: '/nowhere',
};

/** Builds with a configuration of the tests' own. */
export const buildCommand = ['build.ts', '--config', 'test/infrastructure/watchdog.yml'];

/** What `npm run package` makes: bundles the functions, and returns the CloudFormation, without credentials. */
export async function packageStack(): Promise<Template> {
  const out = await mkdtemp(join(tmpdir(), 'watchdog-package-'));
  try {
    await run(process.execPath, buildCommand, { env: offline });
    const serverless = 'node_modules/serverless/bin/serverless.js';
    await run(process.execPath, [serverless, 'package', '--package', out], { env: offline });
    return JSON.parse(await readFile(join(out, 'cloudformation-template-update-stack.json'), 'utf8'));
  } finally {
    await rm(out, { recursive: true });
  }
}
