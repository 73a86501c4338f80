import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Metafile } from 'esbuild';
import { functionNames } from '../build.ts';

/**
 * What a cold start of each function costs: the size of its zip, how long Node takes to load its bundle in a fresh
 * process, and the memory that takes at its peak; beside it the same for the sources as they are, with the SDK from
 * node_modules. `--why` tells which packages make up each bundle. Run `npm run build` first.
 */
const { values: options } = parseArgs({
  options: { why: { type: 'boolean' }, runs: { type: 'string', default: '15' } },
});
const runs = Number(options.runs);

const environment = {
  PATH: process.env['PATH'],
  AWS_LAMBDA_FUNCTION_NAME: 'bench',
  AWS_REGION: 'eu-west-1',
  AWS_ACCESS_KEY_ID: 'bench',
  AWS_SECRET_ACCESS_KEY: 'bench',
  ACCOUNT_ID: '123456789012',
  TABLE_NAME: 'watchdog',
  LEDGER_BUCKET: 'watchdog-ledger',
  ALERT_QUEUE_URL: 'https://sqs.eu-west-1.amazonaws.com/123456789012/watchdog-alerts',
  SWEEP_QUEUE_URL: 'https://sqs.eu-west-1.amazonaws.com/123456789012/watchdog-sweep',
  ALERT_TOPIC_ARN: 'arn:aws:sns:eu-west-1:123456789012:watchdog-alerts',
  PRESSES_FUNCTION: 'watchdog-carry-out-presses',
  // What takes presses loads only where there is an app whose buttons can be pressed.
  WATCHDOG_CONFIG: JSON.stringify({
    alerts: { slack: { token: 'ssm:/token', channel: '#ml-cost', signingSecret: 'ssm:/signing-secret' } },
  }),
};

type ColdStart = { importMs: number; peakMb: number };

const probe = `
  const start = performance.now();
  await import(process.argv[1]);
  const importMs = performance.now() - start;
  console.log(JSON.stringify({ importMs, peakMb: process.resourceUsage().maxRSS / 1024 }));
  process.exit();
`;

/** The median of so many fresh processes that each load one file. */
function coldStart(file: string): ColdStart {
  const starts = Array.from({ length: runs }, () => load(file));
  return {
    importMs: median(starts.map(({ importMs }) => importMs)),
    peakMb: median(starts.map(({ peakMb }) => peakMb)),
  };
}

function load(file: string): ColdStart {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--input-type=module', '--eval', probe, resolve(file)],
    { env: environment, encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`${file} does not load\n${stderr}`);
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** The packages that weigh most in a bundle, `@smithy/core 118 kB`. */
function heaviest(metafile: Metafile): string[] {
  const [output] = Object.values(metafile.outputs);
  const inputs = Object.entries(output?.inputs ?? {}).map(([path, { bytesInOutput }]) => ({
    name: packageOf(path),
    bytes: bytesInOutput,
  }));
  return [...Map.groupBy(inputs, ({ name }) => name)]
    .map(([name, parts]) => ({ name, bytes: parts.reduce((sum, { bytes }) => sum + bytes, 0) }))
    .toSorted((a, b) => b.bytes - a.bytes)
    .slice(0, 5)
    .map(({ name, bytes }) => `${name} ${(bytes / 1024).toFixed(0)} kB`);
}

const packageOf = (path: string): string =>
  path.match(/.*node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1] ?? 'our own';

const row = (name: string, ...cells: string[]): void =>
  console.log(name.padEnd(20) + cells.map((cell) => cell.padStart(12)).join(''));

const names = functionNames();
const unbuilt = names.filter((name) => !existsSync(`.build/${name}.zip`));
if (unbuilt.length > 0) throw new Error(`Not built: ${unbuilt.join(', ')}. Run npm run build first`);

console.log(`Node ${process.version}, median of ${runs} fresh processes\n`);
row('function', 'zip', 'import', 'peak RSS', 'unbundled', 'peak RSS', 'faster by');
for (const name of names) {
  const bundle = coldStart(`.build/${name}/index.cjs`);
  const sources = coldStart(`functions/${name}.ts`);
  row(
    name,
    `${(statSync(`.build/${name}.zip`).size / 1024).toFixed(0)} kB`,
    `${bundle.importMs.toFixed(0)} ms`,
    `${bundle.peakMb.toFixed(0)} MB`,
    `${sources.importMs.toFixed(0)} ms`,
    `${sources.peakMb.toFixed(0)} MB`,
    `${(sources.importMs / bundle.importMs).toFixed(1)}x`,
  );
  if (options.why) {
    const metafile: Metafile = JSON.parse(readFileSync(`.build/${name}.meta.json`, 'utf8'));
    console.log(`  ${heaviest(metafile).join(', ')}\n`);
  }
}
