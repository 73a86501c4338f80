import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { Pass } from '../../bench/utilization/pass.ts';
import { dayTable, passTable } from '../../bench/utilization/tables.ts';
import { instancesOf, kinds } from '../../bench/utilization/world.ts';

const pass: Pass = {
  seconds: 2.04,
  cpuSeconds: 3,
  tableSeconds: 0.5,
  listings: 50,
  calls: 100,
  leastCalls: 80,
  metrics: 20_000,
  metricsByKind: { idle: 4000, 'busy on all devices': 8000 },
  datapoints: 900_000,
  states: {},
  peakRss: 250.4,
  peakHeap: 100,
};

/** The cells of a printed row, without its name. */
const cellsOf = (table: string, name: string): string[] | undefined =>
  table
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .find(([, first]) => first === name)
    ?.slice(2, -1);

const numbersOf = (table: string, name: string): number[] =>
  (cellsOf(table, name) ?? []).map((cell) => Number(cell.replace(',', '')));

describe('a pass is printed', () => {
  const plain = { ...pass, metrics: 50_000, peakRss: 1000 };
  const table = passTable([{ name: 'ours', pass }], plain, 1000);

  it.each([
    ['seconds', ['2.0', '2.0', '1.0x']],
    ['peak memory, MB', ['250', '1,000', '4.0x']],
    ['least calls, 500 metrics each', ['40', '100', '2.5x']],
    ['metrics an instance', ['20.0', '50.0', '2.5x']],
    ['dollars', ['0.200', '0.500', '2.5x']],
    ['points', ['10.0', '10.0', '1.0x']],
  ])('with its %s', (name, cells) => expect(cellsOf(table, name)).toEqual(cells));
});

it('two days of hourly passes are told by what an instance does, and cost a month what the second day does', () => {
  const later = { ...pass, metrics: 1000, metricsByKind: { idle: 40 } };
  const table = dayTable([pass, ...Array(47).fill(later)], 100, { ...pass, metrics: 2500 });
  expect(cellsOf(table, 'idle')).toEqual(['20', '200.0', '246.0', '48.0', '0.015']);
  expect(cellsOf(table, 'the mix')).toEqual(['100', '200.0', '430.0', '240.0', '0.073']);
  expect(cellsOf(table, 'plain way, every hour')).toEqual(['100', '25.0', '600.0', '600.0', '0.182']);
});

it('every instance of the world is of one kind', () =>
  expect(kinds.reduce((sum, kind) => sum + instancesOf(kind, 137), 0)).toBe(137));

describe('the bench', () => {
  const run = promisify(execFile);
  const bench = (...options: string[]) => run(process.execPath, ['bench/run.ts', 'utilization', ...options]);

  it('prints what the first pass takes and what two days ask for', { timeout: 60_000 }, async () => {
    const { stdout } = await bench('--instances', '40', '--devices', '2', '--daily', '20');
    const [ours, again, plain] = numbersOf(stdout, 'metrics asked for');
    expect(plain).toBe(38 * 2 * 3 + 40 * 3); // two of the forty have no agent
    expect(ours).toBeLessThan(plain ?? 0);
    expect(again).toBe(ours);
    expect(numbersOf(stdout, 'the mix').at(-1)).toBeLessThan(0.1);
    expect(cellsOf(stdout, 'no agent')).toEqual(['1', '0.0', '0.0', '0.0', '0.000']);
  });

  it('says which number it does not take', async () => {
    await expect(bench('--devices', 'eight')).rejects.toThrow('--devices is a whole number above 0.');
  });
});
