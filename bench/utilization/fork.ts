import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { bundleOptions } from '../../build.ts';
import { startDynamoDb } from '../../cli/sample/dynamodb.ts';
import type { Order, Pass } from './pass.ts';

/** What a function of Lambda's starts with: nothing of this process, but where Node is and a region. */
const environment = (endpoint?: string) => ({
  PATH: process.env['PATH'],
  AWS_REGION: 'eu-west-1',
  AWS_ACCESS_KEY_ID: 'bench',
  AWS_SECRET_ACCESS_KEY: 'bench',
  POWERTOOLS_LOG_LEVEL: 'SILENT',
  ...(endpoint && { AWS_ENDPOINT_URL_DYNAMODB: endpoint }),
});

/** Passes in processes of their own, with these options of Node's; throws where one dies before it has told. */
type Runner = (order: Order, nodeOptions?: readonly string[]) => Promise<Pass[]>;

/** Bundles the passes as a function is deployed, for as long as `work` takes: its memory is that of Lambda. */
export async function withRunner<Result>(work: (run: Runner) => Promise<Result>): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  const outfile = join(folder, 'pass.cjs');
  try {
    const entryPoints = ['bench/utilization/pass.ts'];
    await build({ ...bundleOptions('watch-utilization'), entryPoints, outfile });
    return await work((order, nodeOptions = []) =>
      order.table === undefined
        ? runApart(outfile, order, nodeOptions)
        : runWithTable(outfile, order, nodeOptions),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** This process holds the table: its memory isn't the pass's. */
async function runWithTable(file: string, order: Order, nodeOptions: readonly string[]): Promise<Pass[]> {
  const { endpoint, close } = await startDynamoDb(order.table ?? '');
  try {
    return await runApart(file, order, nodeOptions, endpoint);
  } finally {
    await close();
  }
}

async function runApart(
  file: string,
  order: Order,
  nodeOptions: readonly string[],
  endpoint?: string,
): Promise<Pass[]> {
  const child = fork(file, [JSON.stringify(order)], {
    execArgv: [...nodeOptions],
    env: environment(endpoint),
  });
  let passes: Pass[] | undefined;
  child.on('message', (told) => {
    passes = told as Pass[];
  });
  const [code, signal] = await once(child, 'exit');
  if (!passes) throw new Error(`The passes ended with ${signal ?? code} before they were done.`);
  return passes;
}
