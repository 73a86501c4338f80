import { readdirSync } from 'node:fs';

/** `npm run bench -- <name> [options]` runs bench/<name>.ts with the options. */
const [name, ...options] = process.argv.slice(2);
const benches = readdirSync('bench')
  .filter((file) => file.endsWith('.ts') && file !== 'run.ts')
  .map((file) => file.replace(/\.ts$/, ''))
  .toSorted();

if (name !== undefined && benches.includes(name)) {
  process.env['POWERTOOLS_LOG_LEVEL'] ??= 'SILENT'; // before the logger is made: each run's log line is no figure
  process.argv = [process.execPath, `bench/${name}.ts`, ...options];
  await import(`./${name}.ts`);
} else {
  console.error(`npm run bench -- <name>, one of: ${benches.join(', ')}`);
  process.exitCode = 2;
}
