import { readFileSync } from 'node:fs';
import { parse } from 'csv-parse/sync';
import { describe, expect, it } from 'vitest';
import { watchdog } from '../support/run.ts';

const file = 'test/fixtures/focus_sample.csv';

/** Whole billionths of a dollar, so that the sum doesn't depend on its order. */
const billionths = (amount: string): bigint => BigInt(Math.round(Number(amount) * 1e9));

/** The file's own sum by a column, without a line of the product, in dollars. */
function sumsOf(cost: string, keyOf: (row: Record<string, string>) => string): Record<string, number> {
  const rows: Record<string, string>[] = parse(readFileSync(file), { columns: true });
  const sums: Record<string, bigint> = {};
  for (const row of rows) sums[keyOf(row)] = (sums[keyOf(row)] ?? 0n) + billionths(row[cost] ?? '');
  return Object.fromEntries(Object.entries(sums).map(([key, sum]) => [key, Number(sum) / 1e9]));
}

type Total = { name: string; billed: number; effective: number };
type Watched = { total: Total & { credits: Total } } & Record<
  'services' | 'accounts' | 'regions' | 'categories',
  Total[]
>;

describe('watch --spend with a real bill', () => {
  it('adds up to what the file adds up to, to the cent, however it is grouped', async () => {
    const { code, stdout, stderr } = await watchdog(['watch', '--spend', file, '--format', 'json']);
    const watched: Watched = JSON.parse(stdout);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const groups = {
      services: (row: Record<string, string>) => row['ServiceName'],
      regions: (row: Record<string, string>) => (row['RegionId'] === 'NULL' ? 'none' : row['RegionId']),
      categories: (row: Record<string, string>) => row['ChargeCategory'],
    };
    for (const [group, keyOf] of Object.entries(groups)) {
      for (const [cost, column] of [
        ['billed', 'BilledCost'],
        ['effective', 'EffectiveCost'],
      ] as const) {
        const told = watched[group as keyof typeof groups].map((one) => [one.name, cents(one[cost])]);
        const expected = sumsOf(column, (row) => String(keyOf(row)));
        expect(Object.fromEntries(told)).toEqual(mapValues(expected, cents));
      }
    }
    expect(cents(watched.total.billed)).toBe(20.52);
    expect(cents(watched.total.effective)).toBe(14.98);
    expect(cents(watched.accounts.reduce((sum, { billed }) => sum + billed, 0))).toBe(20.52);
    expect(cents(watched.total.credits.billed)).toBe(-2.61);
  });

  it('shows people the sums, credits apart, and how little a month can be judged by', async () => {
    const { code, stdout, stderr } = await watchdog(['watch', '--spend', file]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/Credit +-\$3\.00 +-\$2\.61/);
    expect(stdout).toMatch(/total +\$14\.98 +\$20\.52/);
    expect(stdout).toMatch(/9 series of usage .*: 0 incidents/);
    expect(stdout).toMatch(/7 with not enough history to judge/);
  });

  it('names a file that is not there', async () => {
    expect(await watchdog(['watch', '--spend', 'bill.csv'])).toEqual({
      code: 2,
      stdout: '',
      stderr: 'bill.csv: no such file\n',
    });
  });
});

const cents = (amount: number): number => Math.round(amount * 100) / 100 + 0; // no -0

const mapValues = (sums: Record<string, number>, map: (sum: number) => number) =>
  Object.fromEntries(Object.entries(sums).map(([key, sum]) => [key, map(sum)]));
