import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { findMethod, methodNames } from '../shared/anomaly/methods/find-method.ts';
import type { Method } from '../shared/anomaly/methods/method.ts';
import { alarmedRuns, type Guards, isFeeDay, judgeRuns, unguarded } from '../shared/anomaly/methods/runs.ts';
import { generateLabelledSet } from './detection/generate.ts';
import { isoOf, type LabelledSet, readLabelledSet } from './detection/labelled.ts';
import { alarmsOfOurs } from './detection/ours.ts';
import { toHistory } from './detection/readings.ts';
import { type Alarms, type Score, score } from './detection/score.ts';
import { type Contender, decoyTable, kindTable, qualityTable } from './detection/tables.ts';

/**
 * What each method finds of labelled leaks, and what it cries wolf at, on the same series in the same run: a folder of
 * labelled series (`--data`), or series made up from a seed. The simple methods run at their textbook settings, and
 * tuned: with a floor of 5 dollars, and silent on the first four days of a month and in seasons that are known.
 */
const { values: options } = parseArgs({
  options: {
    data: { type: 'string' },
    seed: { type: 'string', default: 'watchdog' },
    series: { type: 'string', default: '300' },
    /** Names, comma-separated; `ours` is one. */
    methods: { type: 'string', default: [...methodNames, 'ours'].join(',') },
    /** Ours on so many parts of the series besides. */
    folds: { type: 'string' },
    /** Lists what ours missed, and where it was wrong. */
    misses: { type: 'boolean', default: false },
    /** A folder for the alarms of each, as `series,run_date`. */
    alarms: { type: 'string' },
  },
});

const set =
  options.data === undefined
    ? generateLabelledSet({ seed: options.seed, series: Number(options.series) })
    : readLabelledSet(options.data);

type Entrant = { name: string; alarms: Alarms };

const histories = set.series.map((one) => ({ name: one.name, history: toHistory(one) }));
const isSeason = (day: number) => set.calendar.some(({ start, end }) => start <= day && day <= end);
const guards: Guards = { floor: 5, isMuted: (day) => isFeeDay(day) || isSeason(day) };

/** A method at both of its settings; where they look equally far back it judges once. */
function enter(method: Method): Entrant[] {
  const { textbook, tuned } = method;
  const judged = histories.map(({ name, history }) => {
    const first = judgeRuns(method, textbook, history);
    const second = tuned.window === textbook.window ? first : judgeRuns(method, tuned, history);
    return { name, plain: alarmedRuns(first, textbook, unguarded), best: alarmedRuns(second, tuned, guards) };
  });
  return [
    { name: `${method.name}, textbook`, alarms: new Map(judged.map(({ name, plain }) => [name, plain])) },
    { name: `${method.name}, tuned`, alarms: new Map(judged.map(({ name, best }) => [name, best])) },
  ];
}

/** Ours at each of its sensitivities; balanced is what everybody has who sets nothing. */
const ours = (): Entrant[] => [
  { name: 'ours', alarms: alarmsOfOurs(set, 'balanced') },
  { name: 'ours (quiet)', alarms: alarmsOfOurs(set, 'quiet') },
  { name: 'ours (eager)', alarms: alarmsOfOurs(set, 'eager') },
];

function entrantsOf(name: string): Entrant[] {
  if (name === 'ours') return ours();
  const method = findMethod(name);
  if (method !== undefined) return enter(method);
  throw new Error(`No method "${name}": one of ${[...methodNames, 'ours'].join(', ')}.`);
}

/** The part of the series that is left out in turn when settings are chosen on the others. */
function foldOf(whole: LabelledSet, fold: number, folds: number): LabelledSet {
  const series = whole.series.filter((_, index) => index % folds === fold);
  const names = new Set(series.map(({ name }) => name));
  return { ...whole, series, events: whole.events.filter((event) => names.has(event.series)) };
}

function writeAlarms(folder: string, { name, alarms }: Entrant): void {
  const lines = [...alarms].flatMap(([series, days]) => days.map((day) => `${series},${isoOf(day)}`));
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, `${name.replaceAll(/\W+/g, '-').replace(/-$/, '')}.csv`),
    `${['series,run_date', ...lines].join('\n')}\n`,
  );
}

function printMisses({ missed, falseAlarms }: Score): void {
  console.log('\nMissed:');
  for (const { series, kind, start, alarmBy } of missed)
    console.log(`  ${series} ${kind} from ${isoOf(start)}, by ${isoOf(alarmBy)}`);
  console.log('\nFalse:');
  for (const { series, day, kind } of falseAlarms) console.log(`  ${series} ${isoOf(day)} ${kind}`);
}

const days = set.series.reduce((sum, { final }) => sum + final.length, 0);
const source = options.data ?? `seed "${options.seed}"`;
console.log(
  `${set.series.length} series, ${days.toLocaleString('en')} days, ${set.events.length} events; ${source}\n`,
);

const start = performance.now();
const entrants = options.methods.split(',').flatMap(entrantsOf);
const contenders = entrants.map(({ name, alarms }): Contender => ({ name, score: score(alarms, set) }));
console.log(`${qualityTable(contenders)}\n`);
console.log(`Found of each kind, and the median delay:\n\n${kindTable(contenders)}\n`);
console.log(`False alarms, by what they fell for:\n\n${decoyTable(contenders)}\n`);

const own = entrants.find(({ name }) => name === 'ours');
if (options.folds !== undefined && own !== undefined) {
  const folds = Number(options.folds);
  const parts = Array.from({ length: folds }, (_, fold) => ({
    name: `ours, part ${fold + 1} of ${folds}`,
    score: score(own.alarms, foldOf(set, fold, folds)),
  }));
  console.log(`${qualityTable(parts)}\n`);
}
for (const { name, score } of contenders) if (options.misses && name === 'ours') printMisses(score);
if (options.alarms !== undefined) for (const entrant of entrants) writeAlarms(options.alarms, entrant);
console.log(`${((performance.now() - start) / 1000).toFixed(1)} s`);
