import { parseArgs } from 'node:util';
import { addMilliseconds } from '../shared/period.ts';
import { withRunner } from './utilization/fork.ts';
import type { Pass } from './utilization/pass.ts';
import { dayTable, passTable, whole } from './utilization/tables.ts';

/**
 * What a pass over many accelerator instances takes: seconds, memory, calls and dollars; beside it the plain way, every
 * metric of every device in full batches. Then two days of hourly passes over a smaller fleet of the same mix: metrics by
 * what an instance does, and what they cost a month. Each runs in a process of its own, bundled as a function is
 * deployed, and CloudWatch's answers are made in it from a formula.
 */
const { values: options } = parseArgs({
  options: {
    instances: { type: 'string', default: '10000' },
    devices: { type: 'string', default: '8' },
    /** Instances of the two days. */
    daily: { type: 'string', default: '200' },
  },
});
const count = (name: keyof typeof options): number => {
  const value = Number(options[name]);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} is a whole number above 0.`);
  return value;
};
const [instances, devices, daily] = [count('instances'), count('devices'), count('daily')];

const start = '2026-11-16T18:05:00Z';
const hours = Array.from({ length: 48 }, (_, hour) => addMilliseconds(start, hour * 3_600_000));

const heaps = [
  { name: 'in a heap of 180 MB', options: ['--max-old-space-size=180', '--max-semi-space-size=8'] },
  { name: 'in a heap of 460 MB', options: ['--max-old-space-size=460'] },
];

const table = 'watchdog';
const plain = { way: 'plain', devices, times: [start] } as const;

await withRunner(async (run) => {
  const [all] = await run({ ...plain, instances }, ['--max-old-space-size=4096']);
  const [few] = await run({ ...plain, instances: daily });
  if (!all || !few) throw new Error('No pass of the plain way.');

  const ours: { name: string; pass: Pass }[] = [];
  for (const { name, options } of heaps) {
    const passes = await run({ way: 'watch', instances, devices, times: [start], table }, options);
    ours.push(...passes.map((pass) => ({ name, pass })));
  }
  console.log(
    `Node ${process.version}, ${whole(instances)} instances of ${devices} devices, the first pass\n`,
  );
  console.log(passTable(ours, all, instances));

  const hourly = await run({ way: 'watch', instances: daily, devices, times: hours, table });
  console.log(`\nHourly passes over ${whole(daily)} instances, metrics an instance\n`);
  console.log(dayTable(hourly, daily, few));
});
