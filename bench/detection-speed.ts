import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { AutoETS, initSync as initEts } from '@bsull/augurs/ets';
import { initSync as initMstl, MSTL } from '@bsull/augurs/mstl';
import { generateLabelledSet } from './detection/generate.ts';
import { type LabelledSeries, readLabelledSet } from './detection/labelled.ts';
import { backtestOurs, toCalendar, toRecord } from './detection/ours.ts';
import { toHistory } from './detection/readings.ts';
import { medianOf } from './detection/score.ts';
import { runOverStored } from './detection/stored-states.ts';
import { morningsOf, replay, stream } from './detection/stream.ts';

/**
 * What judging takes: a day of one series, a walk over its 400 days with each judged as it was known then, one run over
 * many series that takes each up where the last run left it, and a backtest. Beside it, on the same series in the same
 * run, what augurs (Rust, as WebAssembly) takes to fit a model of the 400 days once, and to fit it anew every day.
 */
const { values: options } = parseArgs({
  options: {
    /** Series that everybody walks over. */
    walks: { type: 'string', default: '40' },
    /** Everything is measured so often, one after the other; the median counts. */
    rounds: { type: 'string', default: '5' },
    /** Series of the one large run. */
    series: { type: 'string', default: '100000' },
    /** A labelled folder for the backtest; without it series made up from a seed. */
    data: { type: 'string' },
  },
});
const days = 400;
/** Days that the large run judges of each series. */
const missedDays = 3;
const rounds = Number(options.rounds);

const made = generateLabelledSet({ seed: 'watchdog', series: 300 });
const whole = made.series.filter(({ final }) => final.length === days);
// The models of augurs fit no series that rests.
const walked = whole
  .filter(({ final }) => final.every((amount) => amount > 0))
  .slice(0, Number(options.walks));
if (walked.length === 0) throw new Error('No series: --walks 1 at least.');

/** Milliseconds of one call, at the mean over all items. */
function timeOf<Item>(items: readonly Item[], work: (item: Item) => unknown): number {
  const start = performance.now();
  for (const item of items) work(item);
  return (performance.now() - start) / items.length;
}

type Contest = { name: string; measure: () => number };

/** The median time of each: others may be at work on the machine, so they take turns. The first turn warms up. */
function compete(contests: readonly Contest[]): Map<string, number> {
  for (const { measure } of contests) measure();
  const times = Array.from({ length: rounds }, () => contests.map(({ measure }) => measure()));
  return new Map(
    contests.map(({ name }, index) => [
      name,
      medianOf(times.map((round) => round[index] ?? Number.NaN)) ?? 0,
    ]),
  );
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

const models = { 'MSTL + ETS': mstl, ETS: ets };

const wasmOf = (name: string) => ({
  module: readFileSync(new URL(`${name}_bg.wasm`, import.meta.resolve(`@bsull/augurs/${name}`))),
});

/** Fitting it anew on each day from the fifth week on; measured on every twentieth, the others take as long. */
const firstFit = 35;
const refitDaily =
  (model: Fit) =>
  ({ final }: LabelledSeries): void => {
    for (let day = firstFit; day <= days; day += 20) model(final.subarray(0, day));
  };

const row = (cells: readonly string[]): void => console.log(`| ${cells.join(' | ')} |`);
const figure = (value: number): string =>
  value < 10 ? value.toFixed(value < 1 ? 2 : 1) : Math.round(value).toLocaleString('en');

/** The large run goes first: what it needs of memory is then its own. */
function printStoredRun(): void {
  const count = Number(options.series);
  const run = runOverStored(whole, count, missedDays);
  console.log(`${count.toLocaleString('en')} series in one run, ${missedDays} days each\n`);
  row(['seconds', 'of them disk', 'µs a series', 'bytes of state a series', 'peak RSS', 'series too high']);
  row(['---:', '---:', '---:', '---:', '---:', '---:']);
  row([
    run.seconds.toFixed(1),
    run.secondsOfDisk.toFixed(1),
    ((run.seconds * 1e6) / count).toFixed(0),
    run.bytesOfState.toLocaleString('en'),
    `${Math.round(run.megabytes)} MB`,
    run.high.toLocaleString('en'),
  ]);
}

function printBacktest(): void {
  const set = options.data === undefined ? made : readLabelledSet(options.data);
  const [record, calendar] = [toRecord(set), toCalendar(set)];
  const seriesDays = set.series.reduce((sum, { final }) => sum + final.length, 0);
  const once = () => timeOf([record], (one) => backtestOurs(one, calendar, 'balanced'));
  const first = once();
  const again = medianOf(Array.from({ length: rounds }, once)) ?? 0;
  console.log(`\nA backtest of ${set.series.length} series, ${seriesDays.toLocaleString('en')} days\n`);
  row(['', 'seconds', 'µs a day of a series']);
  row(['---', '---:', '---:']);
  row(['the first', (first / 1000).toFixed(2), figure((first * 1000) / seriesDays)]);
  row([`median of ${rounds} more`, (again / 1000).toFixed(2), figure((again * 1000) / seriesDays)]);
}

function printWalks(): void {
  initMstl(wasmOf('mstl'));
  initEts(wasmOf('ets'));
  const mornings = walked.map(morningsOf);
  const histories = walked.map(toHistory);
  const few = walked.slice(0, 4);
  const fits = Object.entries(models);
  const times = compete([
    { name: 'stream', measure: () => timeOf(mornings, stream) },
    { name: 'walk', measure: () => timeOf(histories, replay) },
    ...fits.map(([name, model]) => ({
      name,
      measure: () => timeOf(walked, ({ final }) => model(final)),
    })),
    ...fits.map(([name, model]) => ({
      name: `${name} daily`,
      measure: () => 20 * timeOf(few, refitDaily(model)),
    })),
  ]);
  const time = (name: string) => times.get(name) ?? 0;
  const walk = time('walk');
  const of = (ms: number) => `${figure(ms / walk)}x`;
  const dayOf = (ms: number, judged: number) => figure((ms * 1000) / judged);

  console.log(`\n${walked.length} series of ${days} days, median of ${rounds} rounds\n`);
  row(['', 'µs a day of a series', 'ms a series', 'of our walk']);
  row(['---', '---:', '---:', '---:']);
  const streamed = time('stream');
  row(['ours, as the days come in', dayOf(streamed, days), figure(streamed), of(streamed)]);
  row(['ours, every run replayed as it was known then', dayOf(walk, days), figure(walk), '1x']);
  for (const [name] of fits) {
    const [once, daily] = [time(name), time(`${name} daily`)];
    row([`augurs ${name}, one fit and forecast`, '', figure(once), of(once)]);
    row([`augurs ${name}, fitted every day`, dayOf(daily, days - firstFit), figure(daily), of(daily)]);
  }
}

console.log(`Node ${process.version}\n`);
printStoredRun();
printBacktest();
printWalks();
