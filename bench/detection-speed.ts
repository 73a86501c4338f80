import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { AutoETS, initSync as initEts } from '@bsull/augurs/ets';
import { initSync as initMstl, MSTL } from '@bsull/augurs/mstl';
import { generateLabelledSet } from './detection/generate.ts';
import type { LabelledSeries } from './detection/labelled.ts';
import { alarmsOfOurs, continueOurs, rememberOurs } from './detection/ours.ts';

/**
 * What judging takes: a day of one series, a walk over its 400 days with each judged as it was known then, and one run
 * over many series that takes each up where the last run left it. Beside it, on the same series in the same run, what
 * augurs (Rust, as WebAssembly) takes to fit a model of the 400 days once, and to fit it anew every day.
 */
const { values: options } = parseArgs({
  options: {
    /** Series of the walk, and of the one large run. */
    walks: { type: 'string', default: '100' },
    series: { type: 'string', default: '100000' },
  },
});
const days = 400;
/** Days that the large run judges of each series. */
const missedDays = 3;

const made = generateLabelledSet({ seed: 'speed', series: 3 * Number(options.walks) });
// The models of augurs fit no series that rests.
const walked = made.series
  .filter(({ final }) => final.length === days && final.every((amount) => amount > 0))
  .slice(0, Number(options.walks));
if (walked.length === 0) throw new Error('No series: --walks 1 at least.');

const wasmOf = (name: string) => ({
  module: readFileSync(new URL(`${name}_bg.wasm`, import.meta.resolve(`@bsull/augurs/${name}`))),
});
initMstl(wasmOf('mstl'));
initEts(wasmOf('ets'));

/** Milliseconds of one call, at the mean over all series. The first few are run before, to warm up. */
function timeOf<Item>(items: readonly Item[], work: (item: Item) => unknown): number {
  for (const item of items.slice(0, 5)) work(item);
  const start = performance.now();
  for (const item of items) work(item);
  return (performance.now() - start) / items.length;
}

type Fit = (amounts: Float64Array) => void;

/** A decomposition with a weekly season and exponential smoothing, and forecasts the next day with its interval. */
const mstl: Fit = (amounts) => {
  using model = MSTL.ets([7]);
  model.fit(amounts);
  model.predict(1, 0.99);
};

/** Without a season: the best of its exponential smoothings. */
const ets: Fit = (amounts) => {
  using model = new AutoETS(1, 'ZZN');
  model.fit(amounts);
  model.predict(1, 0.99);
};

/** Fitting it anew on each day from the fifth week on; measured on every tenth, the others take as long. */
const refitDaily =
  (model: Fit) =>
  ({ final }: LabelledSeries): void => {
    for (let day = 35; day <= days; day += 10) model(final.subarray(0, day));
  };

const row = (cells: readonly string[]): void => console.log(`| ${cells.join(' | ')} |`);
const ms = (value: number): string =>
  value < 10 ? value.toFixed(2) : Math.round(value).toLocaleString('en');
const times = (value: number, of: number): string => {
  const ratio = value / of;
  return `${ratio < 10 ? ratio.toFixed(1) : Math.round(ratio).toLocaleString('en')}x`;
};

console.log(`Node ${process.version}, ${walked.length} series of ${days} days\n`);

const walk = timeOf(walked, (series) => alarmsOfOurs(series, made.calendar));
const few = walked.slice(0, 10);
const fits = Object.entries({ 'MSTL + ETS': mstl, ETS: ets }).map(([name, model]) => ({
  name,
  once: timeOf(walked, ({ final }) => model(final)),
  daily: 10 * timeOf(few, refitDaily(model)),
}));

row(['', 'µs a day of a series', 'ms a series of 400 days', 'of ours']);
row(['---', '---:', '---:', '---:']);
row(['ours, every day judged as it was known then', ((walk * 1000) / days).toFixed(1), ms(walk), '1x']);
for (const { name, once, daily } of fits) {
  row([`augurs ${name}, one fit and forecast`, '', ms(once), times(once, walk)]);
  row([
    `augurs ${name}, fitted every day`,
    ((daily * 1000) / (days - 35)).toFixed(0),
    ms(daily),
    times(daily, walk),
  ]);
}

/** Each with bytes of its own, as a store would hand them over. */
const count = Number(options.series);
const kept = walked.map((series) => ({ series, memory: rememberOurs(series, days - missedDays) }));
const stored = Array.from({ length: count }, (_, index) => {
  const { series, memory } = kept[index % kept.length] ?? { series: walked[0], memory: Buffer.of() };
  return { series, memory: Buffer.from(memory) };
});
const bytes = stored.reduce((sum, { memory }) => sum + memory.length, 0);
const start = performance.now();
let alarms = 0;
for (const { series, memory } of stored) if (series) alarms += continueOurs(memory, series).length;
const seconds = (performance.now() - start) / 1000;
const megabytes = process.resourceUsage().maxRSS / 1024;

console.log(`\n${count.toLocaleString('en')} series in one run, ${missedDays} days each\n`);
row(['seconds', 'µs a series', 'bytes of state a series', 'peak memory', 'alarms']);
row(['---:', '---:', '---:', '---:', '---:']);
row([
  seconds.toFixed(1),
  ((seconds * 1e6) / count).toFixed(0),
  Math.round(bytes / count).toLocaleString('en'),
  `${Math.round(megabytes)} MB`,
  alarms.toLocaleString('en'),
]);
