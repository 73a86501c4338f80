import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parse } from 'csv-parse/sync';
import { describe, expect, it } from 'vitest';
import { readFocusFile } from '../../cli/focus-file.ts';
import { parseConfig } from '../../shared/config.ts';
import { datesOf } from '../../shared/period.ts';
import type { FocusRow, FocusTotal } from '../../shared/spend/focus.ts';
import { watchSpendFile } from '../../shared/watch/spend-file.ts';

const config = parseConfig({});
const sample = fileURLToPath(new URL('../fixtures/focus_sample.csv', import.meta.url));

/** Exact sums of a column, in units of 10^-11: no floating point has touched them. */
async function exactSums(column: string, by?: string): Promise<Map<string, bigint>> {
  const records = parse(await readFile(sample, 'utf8'), { columns: true }) as Record<string, string>[];
  const sums = new Map<string, bigint>();
  for (const record of records) {
    const [whole = '0', fraction = ''] = (record[column] ?? '').replace('-', '').split('.');
    const units = BigInt(whole + fraction.padEnd(11, '0').slice(0, 11));
    const key = by === undefined ? 'total' : (record[by] ?? '');
    sums.set(key, (sums.get(key) ?? 0n) + (record[column]?.startsWith('-') ? -units : units));
  }
  return sums;
}

const dollars = (units: bigint | undefined): number => Number(units ?? 0n) / 1e11;
const sumOf = (totals: readonly FocusTotal[], cost: 'billed' | 'effective') =>
  totals.reduce((sum, total) => sum + total[cost], 0);

describe('a real bill', () => {
  it('goes through whole: its total is the sum of its column, to the cent and beyond', async () => {
    const { total } = watchSpendFile(await readFocusFile(sample), config);
    expect(total.billed).toBeCloseTo(dollars((await exactSums('BilledCost')).get('total')), 10);
    expect(total.effective).toBeCloseTo(dollars((await exactSums('EffectiveCost')).get('total')), 10);
    expect(total.billed.toFixed(2)).toBe('20.52');
    expect(total.effective.toFixed(2)).toBe('14.98');
  });

  it.each([
    ['services', 'ServiceName'],
    ['accounts', 'SubAccountId'],
    ['regions', 'RegionId'],
    ['categories', 'ChargeCategory'],
  ] as const)('by %s adds up to its own sum', async (breakdown, column) => {
    const result = watchSpendFile(await readFocusFile(sample), config);
    const exact = await exactSums('BilledCost', column);
    for (const { name, billed } of result[breakdown]) {
      expect(billed).toBeCloseTo(dollars(exact.get(name) ?? exact.get('NULL') ?? exact.get('')), 9);
    }
    expect(sumOf(result[breakdown], 'billed')).toBeCloseTo(result.total.billed, 9);
    expect(sumOf(result[breakdown], 'effective')).toBeCloseTo(result.total.effective, 9);
  });

  it('has its credits apart', async () => {
    const result = watchSpendFile(await readFocusFile(sample), config);
    expect(result.total.credits).toEqual({ billed: -2.6137, effective: -3 });
    expect(result.categories.map(({ name }) => name)).toEqual(['Usage', 'Adjustment', 'Credit']);
  });

  it.each(['effective', 'billed'] as const)(
    'of one month says where it can say nothing (%s)',
    async (cost) => {
      const result = watchSpendFile(await readFocusFile(sample), config, cost);
      expect(result.period).toEqual({ start: '2024-09-01', end: '2024-10-01' });
      expect(result.incidents).toEqual([]);
      const unjudged = result.series.filter(({ state }) => state === 'not enough history');
      expect(unjudged.length).toBeGreaterThan(result.series.length / 2);
    },
  );

  it('can be printed as JSON', async () => {
    const result = watchSpendFile(await readFocusFile(sample), config);
    const printed = JSON.parse(JSON.stringify(result)) as typeof result;
    expect(printed.total).toEqual(result.total);
    expect(printed.series).toHaveLength(result.series.length);
  });
});

describe('a longer bill', () => {
  const rows = (amountOf: (date: string) => number, changed: Partial<FocusRow> = {}): FocusRow[] =>
    datesOf({ start: '2026-08-01', end: '2026-11-16' }).map((date) => ({
      date,
      account: '210987654321',
      accountName: 'ml-dev',
      service: 'Amazon Bedrock',
      category: 'Usage',
      currency: 'USD',
      billed: amountOf(date),
      effective: amountOf(date),
      ...changed,
    }));
  const leaking = rows((date) => (date >= '2026-11-13' ? 600 : 80));

  it('shows its leak as one incident and one alert', () => {
    const result = watchSpendFile(leaking, config);
    expect(result.incidents).toMatchObject([
      { accountName: 'ml-dev', scope: { service: 'Amazon Bedrock' }, start: '2026-11-13' },
    ]);
    expect(result.incidents[0]?.impact).toBeCloseTo(1560, 3);
    expect(result.alerts.map(({ title }) => title)).toEqual([
      'Amazon Bedrock in ml-dev: $520.00 a day above expected since 13 Nov',
    ]);
    expect(result.series).toMatchObject([{ state: 'incident' }]);
  });

  it('judges usage, whatever credits pay for it', () => {
    const credits = rows((date) => (date >= '2026-11-13' ? -600 : -80), { category: 'Credit' });
    const result = watchSpendFile([...leaking, ...credits], config);
    expect(result.total.billed).toBe(0);
    expect(result.incidents).toHaveLength(1);
  });

  it('gives the same answer in any order of its rows', () => {
    const forwards = watchSpendFile(leaking, config);
    expect(watchSpendFile(leaking.toReversed(), config)).toEqual(forwards);
  });

  it('takes its days as final', () => {
    expect(watchSpendFile(leaking, config).alerts[0]?.items[0]).toBe('2026-11-15: $600.00, expected $80.00');
  });

  it('of another currency is judged in it', () => {
    const yuan = leaking.map((row) => ({ ...row, currency: 'CNY' }));
    expect(watchSpendFile(yuan, config).alerts[0]?.title).toContain('CN¥520.00 a day above expected');
  });

  it('of two currencies is refused', () => {
    const [first, ...others] = leaking;
    if (first === undefined) throw new Error('no rows');
    expect(() => watchSpendFile([{ ...first, currency: 'EUR' }, ...others], config)).toThrow('EUR and USD');
  });
});
