import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parse } from 'csv-parse/sync';
import { readSpendFile } from '../cli/spend-file.ts';
import { addDays } from '../shared/period.ts';
import { diceOf } from './detection/dice.ts';

/**
 * How long `backtest` takes to read a plain spend file in which each day was read three times, down to the typed arrays
 * of its series; beside it csv-parse in the same process, which only splits the same bytes into cells: no number, no
 * date, no series. The first reading includes loading the library, as the command has it.
 */
const { values: options } = parseArgs({
  options: { rows: { type: 'string', default: '360000' }, runs: { type: 'string', default: '5' } },
});
const rows = Number(options.rows);
const runs = Number(options.runs);

const [days, readings] = [400, 3];

function generateCsv(): string {
  const dice = diceOf('spend');
  const random = () => dice.between(0, 1);
  const lines = Array.from({ length: rows }, (_, index) => {
    const day = Math.floor(index / readings) % days;
    const series = `s${String(Math.floor(index / readings / days)).padStart(4, '0')}`;
    const observed = addDays('2025-01-01', day + 1 + (index % readings));
    return `${series},${addDays('2025-01-01', day)},${observed},${(random() * 1_000).toFixed(4)}`;
  });
  return ['series,date,observed,amount', ...lines, ''].join('\n');
}

async function millisecondsOf(run: () => unknown): Promise<number> {
  const start = performance.now();
  await run();
  return performance.now() - start;
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

const report = (name: string, milliseconds: number): void => {
  const perSecond = Math.round((rows / milliseconds) * 1000).toLocaleString('en');
  console.log(
    `  ${name.padEnd(34)}${milliseconds.toFixed(0).padStart(8)} ms${perSecond.padStart(14)} rows/s`,
  );
};

const folder = mkdtempSync(join(tmpdir(), 'parse-spend-'));
try {
  const file = join(folder, 'spend.csv');
  writeFileSync(file, generateCsv());
  const megabytes = (statSync(file).size / 1e6).toFixed(1);
  console.log(
    `Node ${process.version}, ${rows.toLocaleString('en')} rows, ${megabytes} MB, median of ${runs}\n`,
  );
  const first = await millisecondsOf(() => readSpendFile(file));
  const [ours, plain]: [number[], number[]] = [[], []];
  for (let run = 0; run < runs; run += 1) {
    ours.push(await millisecondsOf(() => readSpendFile(file)));
    plain.push(await millisecondsOf(() => parse(readFileSync(file))));
  }
  report('readSpendFile, the first time', first);
  report('readSpendFile', median(ours));
  report('csv-parse sync, cells only', median(plain));
  console.log(`\n  csv-parse takes ${(median(plain) / median(ours)).toFixed(1)}x as long`);
} finally {
  rmSync(folder, { recursive: true });
}
