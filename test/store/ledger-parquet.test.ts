import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addDays } from '../../shared/period.ts';
import { chargeCategories } from '../../shared/spend/charge.ts';
import { byAccount, byService, byUsageType, tagDimension } from '../../shared/spend/grouping.ts';
import { emptyLedger, type Ledger, observe } from '../../shared/spend/ledger.ts';
import { fromParquet, toParquet } from '../../shared/store/ledger-parquet.ts';
import { chargeOn } from '../support/spend.ts';

const period = { start: '2026-11-13', end: '2026-11-16' };
const monday = '2026-11-16T06:00:00Z';
const tuesday = '2026-11-17T06:00:00.250Z';
const groupings = [byAccount, byService, byUsageType, ['team'], [tagDimension('account')]];

const ledger: Ledger = observe(
  observe(
    emptyLedger,
    monday,
    [
      chargeOn({ account: '210987654321', service: 'Amazon EC2' }, 0.0000008, { accountName: 'ml-dev' }),
      chargeOn({ service: 'Amazon EC2' }, -30, { category: 'Credit' }),
      chargeOn({ service: 'Amazon EC2', usageType: 'BoxUsage:p4d.24xlarge' }, 12),
      chargeOn({ team: '' }, 5),
      chargeOn({ team: 'a$b' }, 7),
      chargeOn({ 'tag:account': 'süß, "quoted"\n😀' }, 3),
    ],
    period,
    { groupings, usageTypes: ['Usage'], requests: 3 },
  ),
  tuesday,
  [chargeOn({ team: '' }, 6)],
  period,
  { groupings: [['team']] },
);

describe('a month of the ledger as Parquet', () => {
  it('comes back the same, readings and figures that were replaced included', async () => {
    expect(await fromParquet(toParquet(ledger))).toEqual(ledger);
  });

  it.each([
    ['nothing was ever read', emptyLedger],
    ['what was read cost nothing', observe(emptyLedger, monday, [], period)],
  ])('comes back the same where %s', async (_, empty) => {
    expect(await fromParquet(toParquet(empty))).toEqual(empty);
  });

  it('comes back the same whatever was read', async () => {
    const charge = fc.record({
      day: fc.nat({ max: 2 }),
      account: fc.string(),
      service: fc.string(),
      category: fc.constantFrom(...chargeCategories),
      amount: fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 }).map((n) => n + 0),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(charge, { maxLength: 9 }), { maxLength: 3 }), async (readings) => {
        const read = readings.reduce(
          (known, charges, index) =>
            observe(
              known,
              `2026-11-${17 + index}T06:00:00Z`,
              charges.map(({ day, account, service, ...charge }) =>
                chargeOn({ account, service }, charge.amount, {
                  ...charge,
                  date: addDays(period.start, day),
                }),
              ),
              period,
            ),
          emptyLedger,
        );
        expect(await fromParquet(toParquet(read))).toEqual(read);
      }),
    );
  });

  it('has no room for a dimension that no column is for', () => {
    const byRegion = observe(emptyLedger, monday, [chargeOn({ region: 'eu-west-1' }, 1)], period);
    expect(() => toParquet(byRegion)).toThrow('no columns for region');
  });

  it('is what another reader of Parquet finds in it', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'ledger-'));
    const file = join(directory, 'charges.parquet');
    writeFileSync(file, toParquet(ledger));
    const connection = await (await DuckDBInstance.create()).connect();
    const reader = await connection.runAndReadAll(
      `SELECT date::VARCHAR date, observed::VARCHAR observed, account, service, usage_type, tag_key, tag_value,
        category, amount, currency FROM read_parquet('${file}') ORDER BY ALL`,
    );
    await rm(directory, { recursive: true });
    const common = {
      date: '2026-11-14',
      observed: '2026-11-16 06:00:00',
      category: 'Usage',
      currency: 'USD',
    };
    const none = { account: null, service: null, usage_type: null, tag_key: null, tag_value: null };
    const ec2 = 'Amazon EC2';
    expect(reader.getRowObjectsJson()).toEqual([
      { ...none, ...common, account: '210987654321', service: ec2, amount: 0.0000008 },
      { ...none, ...common, service: ec2, usage_type: 'BoxUsage:p4d.24xlarge', amount: 12 },
      { ...none, ...common, service: ec2, category: 'Credit', amount: -30 },
      { ...none, ...common, tag_key: 'account', tag_value: 'süß, "quoted"\n😀', amount: 3 },
      { ...none, ...common, tag_key: 'team', tag_value: '', amount: 5 },
      { ...none, ...common, tag_key: 'team', tag_value: 'a$b', amount: 7 },
      { ...none, ...common, observed: '2026-11-17 06:00:00.25', tag_key: 'team', tag_value: '', amount: 6 },
      {
        ...none,
        ...common,
        observed: '2026-11-17 06:00:00.25',
        tag_key: 'team',
        tag_value: 'a$b',
        amount: 0,
      },
    ]);
  });
});
