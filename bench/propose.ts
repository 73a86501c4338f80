import { parseArgs } from 'node:util';
import { methods, type Score, scoreOf, sumOf } from './propose/methods.ts';
import { decoys, type Kind, kinds, type Noise, pastOf, type TruePast } from './propose/pasts.ts';

/**
 * How well proposed hours fit what comes after: random people with habits, disturbed by missed days, runs at odd hours and
 * lost data points. Each method sees the first weeks and is judged by the true hours of the following ones; beside ours
 * the plain ways. Then how long it takes.
 */
const { values: options } = parseArgs({
  options: {
    instances: { type: 'string', default: '100' },
    weeks: { type: 'string', default: '4' },
  },
});
const count = (name: keyof typeof options): number => {
  const value = Number(options[name]);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} is a whole number above 0.`);
  return value;
};
const [instances, weeks] = [count('instances'), count('weeks')];

const noises: { name: string; noise: Noise }[] = [
  { name: 'calm: nothing missed, nothing odd', noise: { missed: 0, runsPerWeek: 0, lost: 0 } },
  {
    name: 'usual: 5 % of days missed, a run at an odd hour every second week, 1 % of points lost',
    noise: { missed: 0.05, runsPerWeek: 0.5, lost: 0.01 },
  },
  {
    name: 'restless: 15 % of days missed, a run at an odd hour each week, 4 % of points lost',
    noise: { missed: 0.15, runsPerWeek: 1, lost: 0.04 },
  },
];

const hoursSeen = weeks * 168;
const start = Date.parse('2026-09-28T00:00:00Z'); // summer time ends in the second half, or begins, by the zone

function pastsOf(kind: Kind, noise: Noise): TruePast[] {
  return Array.from({ length: instances }, (_, index) =>
    pastOf(kind, noise, { seed: `${kind.name} ${index}`, start, weeks: 2 * weeks }),
  );
}

const percent = (part: number, whole: number): string =>
  whole === 0 ? '-' : `${((100 * part) / whole).toFixed(1)}`;
const cell = ({ busy, covered, idle, captured }: Score): string =>
  `${percent(covered, busy)} / ${percent(captured, idle)}`;

console.log(
  `${instances} instances of each kind, ${weeks} weeks seen, ${weeks} weeks judged; percent of the busy hours covered / of the idle hours captured\n`,
);
let asked = 0;
let took = 0;
for (const { name, noise } of noises) {
  console.log(`${name}\n`);
  console.log(`| works | ${methods.map((method) => method.name).join(' | ')} |`);
  console.log(`|---|${methods.map(() => '---:').join('|')}|`);
  const totals = methods.map(() => [] as Score[]);
  for (const kind of kinds) {
    const pasts = pastsOf(kind, noise);
    const sums = methods.map(({ propose }, index) => {
      const began = performance.now();
      const values = pasts.map(({ seen, timeZone }) => propose(seen.slice(0, hoursSeen), timeZone));
      if (index === 0) {
        took += performance.now() - began;
        asked += pasts.length;
      }
      const scores = pasts.map(({ hours }, place) => scoreOf(values[place], hours.slice(hoursSeen)));
      totals[index]?.push(...scores);
      return sumOf(scores);
    });
    console.log(`| ${kind.name} | ${sums.map(cell).join(' | ')} |`);
  }
  console.log(`| all | ${totals.map((scores) => cell(sumOf(scores))).join(' | ')} |\n`);
}
console.log('what has no hours to propose: instances for which some were proposed all the same\n');
console.log(`| does | proposed for, of ${instances} |`);
console.log('|---|---:|');
for (const decoy of decoys) {
  const proposed = pastsOf(decoy, decoy.noise).filter(
    ({ seen, timeZone }) => methods[0]?.propose(seen.slice(0, hoursSeen), timeZone) !== undefined,
  );
  console.log(`| ${decoy.name} | ${proposed.length} |`);
}
console.log(`\n${(took / asked).toFixed(1)} ms an instance (Node ${process.version})`);
