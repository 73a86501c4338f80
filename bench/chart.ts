import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Resvg } from '@resvg/resvg-wasm';
import { build, type Plugin } from 'esbuild';
import { bundleOptions, filesBeside, zip } from '../build.ts';
import { type AlertChart, alertSchema } from '../shared/alert/alert.ts';
import { chartSvg, sparkLine } from '../shared/alert/chart.ts';
import { drawingFiles, toPng } from '../shared/outlet/png.ts';
import { addDays } from '../shared/period.ts';

/**
 * What charts cost: the time of the first one in a fresh process and of each one after it, the bytes of a PNG, and what
 * drawing adds to the zip of `notify`; beside it the naive way, which loads its renderer and its font with the function,
 * whatever there is to draw, and takes the PNG as the renderer writes it.
 */
const { values: options } = parseArgs({
  options: { runs: { type: 'string', default: '15' }, charts: { type: 'string', default: '100' } },
});
const [runs, charts] = [Number(options.runs), Number(options.charts)];

const { chart: sample, title } = alertSchema.parse(JSON.parse(readFileSync('events/alert.json', 'utf8')));
if (sample === undefined) throw new Error('events/alert.json has no chart');
const year: AlertChart = {
  ...sample,
  start: addDays(sample.start, -400 + sample.actual.length),
  actual: manyOf(sample.actual),
  expected: manyOf(sample.expected),
  limit: manyOf(sample.limit),
};

/** The same weeks again and again, 400 days long. */
function manyOf(amounts: readonly (number | null)[]): (number | null)[] {
  return Array.from(
    { length: 400 },
    (_, index) => amounts[(index + amounts.length * 10 - 400) % amounts.length] ?? null,
  );
}

const environment = {
  PATH: process.env['PATH'],
  AWS_REGION: 'eu-west-1',
  AWS_ACCESS_KEY_ID: 'bench',
  AWS_SECRET_ACCESS_KEY: 'bench',
  TABLE_NAME: 'watchdog',
};

const drawing =
  "export { toPng } from './shared/outlet/png.ts'; export { chartSvg } from './shared/alert/chart.ts';";
const ways = {
  /** As it would be if nothing were ever drawn. */
  none: { source: "export * from './functions/notify.ts';", plugins: [withoutDrawing()] },
  lazy: { source: `export * from './functions/notify.ts'; ${drawing}`, plugins: [] },
  eager: {
    source: `${drawing} import { toPng } from './shared/outlet/png.ts'; export const ready = toPng('<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'); export * from './functions/notify.ts';`,
    plugins: [],
  },
} satisfies Record<string, { source: string; plugins: Plugin[] }>;

type Way = keyof typeof ways;

function withoutDrawing(): Plugin {
  return {
    name: 'without-drawing',
    setup({ onLoad }) {
      onLoad({ filter: /\/shared\/(outlet\/png|alert\/chart)\.ts$/ }, () => ({
        contents:
          "export const toPng = () => {}; export const chartSvg = toPng; export const sparkLine = () => '';",
      }));
    },
  };
}

/** Bundles `notify` that way, as it is deployed; the size of its zip. */
async function bundle(way: Way, folder: string): Promise<number> {
  const { entryPoints: _, ...rest } = bundleOptions('notify');
  const { source, plugins } = ways[way];
  const outfile = join(folder, way, 'index.cjs');
  const { metafile } = await build({
    ...rest,
    plugins: [...plugins, ...rest.plugins],
    stdin: { contents: source, resolveDir: process.cwd() },
    outfile,
  });
  const beside = way === 'none' ? {} : filesBeside(metafile);
  for (const [name, file] of Object.entries(beside)) copyFileSync(file, join(folder, way, name));
  const target = join(folder, `${way}.zip`);
  await zip(target, { 'index.cjs': outfile, ...beside });
  return statSync(target).size;
}

const probe = `
  const [file, chart, title] = process.argv.slice(1);
  (async () => {
    const start = performance.now();
    const { ready, toPng, chartSvg } = require(file);
    await ready;
    const load = performance.now() - start;
    const idleMb = process.resourceUsage().maxRSS / 1024;
    if (chart === '') return console.log(JSON.stringify({ load, idleMb }));
    const times = [];
    for (let index = 0; index < 3; index++) {
      const before = performance.now();
      await toPng(chartSvg(JSON.parse(chart), { title }));
      times.push(performance.now() - before);
    }
    console.log(JSON.stringify({ load, idleMb, first: times[0], second: times[1], peakMb: process.resourceUsage().maxRSS / 1024 }));
  })();
`;

type Figures = Partial<Record<'load' | 'idleMb' | 'first' | 'second' | 'peakMb', number>>;

/** The medians of so many fresh processes. */
function fresh(file: string, draws: boolean): (key: keyof Figures) => number {
  const all = Array.from({ length: runs }, (): Figures => {
    const args = ['--eval', probe, file, draws ? JSON.stringify(sample) : '', title];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, {
      env: environment,
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`${file} does not run\n${stderr}`);
    return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
  });
  return (key) => median(all.map((one) => one[key] ?? Number.NaN));
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** The median time of a call, in ms. */
async function timeOf(work: () => unknown): Promise<number> {
  const times: number[] = [];
  for (let index = 0; index < charts; index++) {
    const start = performance.now();
    await work();
    times.push(performance.now() - start);
  }
  return median(times);
}

const row = (name: string, ...cells: string[]): void =>
  console.log(name.padEnd(38) + cells.map((cell) => cell.padStart(13)).join(''));
const ms = (time: number): string => `${time.toFixed(time < 10 ? 2 : 0)} ms`;
const mb = (size: number): string => `${size.toFixed(0)} MB`;
const kb = (bytes: number): string => `${(bytes / 1024).toFixed(0)} kB`;

const folder = mkdtempSync(join(tmpdir(), 'watchdog-chart-'));
try {
  console.log(`Node ${process.version}, medians of ${runs} fresh processes and ${charts} charts\n`);
  row('notify', 'zip', 'load', 'memory', 'first chart', 'second', 'peak');
  for (const way of ['none', 'lazy', 'eager'] as const) {
    const size = await bundle(way, folder);
    const file = join(folder, way, 'index.cjs');
    const idle = fresh(file, false);
    const drawn = way === 'none' ? undefined : fresh(file, true);
    const name = { none: 'that never draws', lazy: 'loads to draw', eager: 'loads at its start' }[way];
    row(
      name,
      kb(size),
      ms(idle('load')),
      mb(idle('idleMb')),
      ...(drawn ? [ms(drawn('first')), ms(drawn('second')), mb(drawn('peakMb'))] : ['-', '-', '-']),
    );
  }
} finally {
  rmSync(folder, { recursive: true });
}

const font = readFileSync(`node_modules/${drawingFiles[1]}`);
console.log('');
row('a chart, warm', 'SVG', 'bytes', 'PNG', 'bytes', "renderer's", 'bytes');
for (const [name, chart] of [
  [`of ${sample.actual.length} days`, sample],
  ['of 400 days', year],
] as const) {
  const svg = chartSvg(chart, { title });
  const png = await toPng(svg);
  const naive = () => new Resvg(svg, { font: { fontBuffers: [font] } }).render().asPng();
  row(
    name,
    ms(await timeOf(() => chartSvg(chart, { title }))),
    kb(svg.length),
    ms(await timeOf(() => toPng(svg))),
    kb(png.length),
    ms(await timeOf(naive)),
    kb(naive().length),
  );
}
row(
  'its line of text',
  ms(await timeOf(() => sparkLine(sample))),
  `${Buffer.byteLength(sparkLine(sample))} B`,
);
