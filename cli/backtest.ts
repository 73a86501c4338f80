import { writeFile } from 'node:fs/promises';
import { calendarOf } from '../shared/anomaly/calendar.ts';
import { floorOf } from '../shared/anomaly/floors.ts';
import { findMethod, methodNames } from '../shared/anomaly/methods/find-method.ts';
import type { Method } from '../shared/anomaly/methods/method.ts';
import type { Sensitivity } from '../shared/anomaly/policy.ts';
import type { Usd } from '../shared/money.ts';
import { addDays, type Period } from '../shared/period.ts';
import type { SpendRecord } from '../shared/spend/history.ts';
import { type BacktestResult, backtest } from '../shared/watch/backtest.ts';
import { compareMethods, type MethodComparison } from '../shared/watch/compare-methods.ts';
import { type Tuning, tune, tuneSettings } from '../shared/watch/tune.ts';
import { usageByDay } from './backtest-figures.ts';
import { backtestPage } from './backtest-page.ts';
import { openSource, type SourceOptions, type SpendSource } from './backtest-source.ts';
import { type BacktestAnswer, backtestText } from './backtest-text.ts';
import { InputError } from './input-error.ts';
import { printJson } from './options.ts';
import { progress, progressBar } from './progress.ts';
import { print } from './terminal.ts';

export type BacktestOptions = SourceOptions & {
  sensitivity?: Sensitivity;
  floor?: Usd;
  flat?: boolean;
  /** Where to write the page. */
  html?: string;
  /** Names of the methods to compare with. */
  compare?: readonly string[];
  /** Alerts a month that are wanted; `true` is as many as suit most teams. */
  tune?: number | true;
};

/** One a week. */
const usualAlertsPerMonth = 4;

/** `backtest`: what would have been told of a spend history, each day by what was known on it. */
export async function backtestCommand(options: BacktestOptions): Promise<void> {
  const methods = toMethods(options.compare ?? []);
  const source = await openSource(options);
  const result = walk(source, options, 'judging');
  const answer: BacktestAnswer = {
    result,
    source: source.name,
    accountNames: source.accountNames,
    ...(methods.length > 0 && { comparison: compareWith(methods, source, result) }),
    ...(options.tune !== undefined && { tuning: tuneFor(options.tune, source, options) }),
  };
  progress();
  const { html, format } = options;
  if (html !== undefined) {
    const usage = usageByDay(source.record, result.period);
    await writePage(html, backtestPage({ ...answer, usage }));
  }
  if (format === 'json') printJson(toJson(answer));
  else print(backtestText({ ...answer, ...(html !== undefined && { page: html }) }));
}

type Setting = { sensitivity?: Sensitivity; floor?: Usd; flat?: boolean };

/** One walk over the whole history; what isn't set is as the configuration has it. */
function walk(
  { record, config, accountNames }: SpendSource,
  setting: Setting,
  label: string,
): BacktestResult {
  const { sensitivity = config.spend.sensitivity, floor = config.spend.floor, flat = false } = setting;
  const calendar = calendarOf(config.spend, [], periodOf(record));
  const floors = { floor, floors: config.spend.floors };
  return backtest(
    record,
    { sensitivity, floor, floorOf: (scope) => floorOf(floors, scope), flat, calendar, accountNames },
    progressBar(label),
  );
}

/** From the first day of a record to its last. */
function periodOf({ histories }: SpendRecord): Period {
  let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { days } of histories) {
    first = Math.min(first, days[0] ?? first);
    last = Math.max(last, days.at(-1) ?? last);
  }
  return { start: addDays('1970-01-01', first), end: addDays('1970-01-01', last + 1) };
}

/** The walks once for every setting. */
function tuneFor(wanted: number | true, source: SpendSource, { floor, flat }: Setting): Tuning {
  const settings = tuneSettings(floor ?? source.config.spend.floor);
  const trials = settings.map((setting, index) => {
    const label = `tuning ${index + 1} of ${settings.length}`;
    const { summary } = walk(source, { ...setting, ...(flat && { flat }) }, label);
    const { alerts, alertsPerMonth, incidents, impact, impactAfterAlert } = summary;
    return { ...setting, alerts, alertsPerMonth, incidents, impact, impactAfterAlert };
  });
  return tune(trials, wanted === true ? usualAlertsPerMonth : wanted);
}

const compareWith = (
  methods: readonly Method[],
  { record }: SpendSource,
  result: BacktestResult,
): MethodComparison[] => compareMethods(record, result, methods, result.floor, progressBar('comparing'));

const toMethods = (names: readonly string[]): Method[] =>
  (names.includes('all') ? methodNames : names).map(toMethod);

function toMethod(name: string): Method {
  const method = findMethod(name);
  if (method) return method;
  throw new InputError(`--compare: no method ${name}: expected all, or some of ${methodNames.join(',')}`);
}

async function writePage(file: string, page: string): Promise<void> {
  await writeFile(file, page).catch((cause: NodeJS.ErrnoException) => {
    throw new InputError(`${file}: ${cause.code === 'ENOENT' ? 'no such folder' : cause.message}`, { cause });
  });
}

/** What programs read: the result without the series day by day, and what else was asked for. */
function toJson({ result, source, comparison, tuning }: BacktestAnswer) {
  const { walks: _, ...told } = result;
  return { source, ...told, ...(comparison && { comparison }), ...(tuning && { tuning }) };
}
