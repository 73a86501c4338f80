import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InputError } from '../../cli/input-error.ts';
import { readSpendFile, type SpendFileOptions } from '../../cli/spend-file.ts';
import { addDays, daysBetween, type IsoDate } from '../../shared/period.ts';
import type { SpendRecord } from '../../shared/spend/history.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spend-file-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function read(content: string | Buffer, options?: SpendFileOptions, name = 'spend.csv') {
  const file = join(folder, name);
  await writeFile(file, content);
  return readSpendFile(file, options);
}

const toDate = (day: number): IsoDate => addDays('1970-01-01', day);

/** Every figure as a line: the values of its scope, its category, its day, when it was read, its amount. */
const linesOf = ({ histories }: SpendRecord) =>
  histories.flatMap(({ scope, category, days, observed, amounts }) =>
    [...days].map((day, index) =>
      [
        ...Object.values(scope),
        category,
        toDate(day),
        toDate(observed[index] ?? Number.NaN),
        amounts[index],
      ].join(' '),
    ),
  );

async function refusal(reading: Promise<unknown>): Promise<string> {
  const error = await reading.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(InputError);
  const { message } = error as InputError;
  expect(message).not.toContain('\n');
  return message.replaceAll(`${folder}/`, '');
}

const [header, line] = ['date,amount,service', '2025-01-31,1.5,Amazon Bedrock'];
const isRead = ['Amazon Bedrock Usage 2025-01-31 2025-02-01 1.5'];

describe('a plain spend file', () => {
  it.each([
    ['as it is written', `${header}\n${line}\n`],
    ['with a byte order mark', `\uFEFF${header}\n${line}\n`],
    ['with the line ends of Windows', `${header}\r\n${line}\r\n`],
    ['with the line ends of old Macs', `${header}\r${line}\r`],
    ['with line ends of two kinds', `${header}\r\n${line}\n`],
    ['with line ends of the other two', `\r\n${header}\r${line}\r`],
    ['after an empty line', `\n${header}\r\n${line}\r\n`],
    ['with semicolons', `${header}\n${line}\n`.replaceAll(',', ';')],
    ['with tabs', `${header}\n${line}\n`.replaceAll(',', '\t')],
    ['without a last line end', `${header}\n${line}`],
    ['with empty lines', `\n\r\n${header}\n\n${line}\n\n`],

    [
      'with white space around names and cells',
      `date , amount, service\n2025-01-31 , 1.5 , Amazon Bedrock \n`,
    ],
    ['with its columns in another order', 'service,amount,date\nAmazon Bedrock,1.5,2025-01-31\n'],
    ['with capitals in its header', `Date,Amount,service\n${line}\n`],
    ['with quotes', '"date","amount","service"\n"2025-01-31","1.5","Amazon Bedrock"\n'],
    ['with midnight as its dates', `${header}\n${line.replace('2025-01-31', '2025-01-31 00:00:00')}\n`],
    ['with a currency', `${header},currency\n${line},USD\n`],
  ])('is read %s', async (_, text) => {
    const record = await read(text);
    expect(record).toMatchObject({ currency: 'USD', dimensions: ['service'], bitemporal: false });
    expect(linesOf(record)).toEqual(isRead);
  });

  it.each([
    ['0.0000008', 0.0000008],
    ['1e-7', 1e-7],
    ['1.0123456789', 1.0123456789],
    ['-12.5', -12.5],
    ['+3', 3],
    ['.5', 0.5],
    ['0', 0],
    ['123456789012.34', 123456789012.34],
  ])('keeps the amount %s as it is', async (text, amount) => {
    const { histories } = await read(`date,amount\n2025-01-31,${text}\n`);
    expect(histories[0]?.amounts).toEqual(Float64Array.of(amount));
  });

  it('without dimensions is one series, of everything', async () => {
    const { dimensions, histories } = await read('date,amount\n2025-01-31,5\n2025-02-01,6\n');
    expect({ dimensions, scopes: histories.map(({ scope }) => scope) }).toEqual({
      dimensions: [],
      scopes: [{}],
    });
  });

  it('keeps names with commas, quotes and line ends, and tells capitals apart', async () => {
    const text = 'date,amount,team,Team\n2025-01-31,1,"a, ""b""\nc",x\n2025-01-31,2,"a, ""b""\nc",X\n';
    const { dimensions, histories } = await read(text);
    expect(dimensions).toEqual(['team', 'Team']);
    expect(histories.map(({ scope }) => scope)).toEqual([
      { team: 'a, "b"\nc', Team: 'X' },
      { team: 'a, "b"\nc', Team: 'x' },
    ]);
  });

  it('with semicolons may have commas in the names of its columns', async () => {
    const { dimensions } = await read('"date";"team, or none";amount\n2025-01-31;search;1\n');
    expect(dimensions).toEqual(['team, or none']);
  });

  it('says of a currency other than dollars which it is', async () => {
    expect(await read(`${header},currency\n${line},CNY\n`)).toMatchObject({ currency: 'CNY' });
  });

  it('holds ten years of days', async () => {
    const days = Array.from({ length: 3_653 }, (_, index) => addDays('2015-01-01', index));
    const { histories } = await read(`date,amount\n${days.map((date, n) => `${date},${n}`).join('\n')}\n`);
    expect(histories[0]?.days.at(-1)).toBe(daysBetween('1970-01-01', '2024-12-31'));
    expect(histories[0]?.amounts.at(-1)).toBe(3_652);
  });

  it('keeps what was read of a day when, in that order', async () => {
    const record = await read(
      'date,observed,amount\n2025-01-02,2025-01-03,1\n2025-01-01,2025-01-04,9\n2025-01-01,2025-01-02,7\n',
    );
    expect(record.bitemporal).toBe(true);
    expect(linesOf(record)).toEqual([
      'Usage 2025-01-01 2025-01-02 7',
      'Usage 2025-01-01 2025-01-04 9',
      'Usage 2025-01-02 2025-01-03 1',
    ]);
  });

  it('counts the last of several readings on one day, whatever the zone of their times', async () => {
    const text =
      'date,observed,amount\n2025-01-01,2025-01-02T20:00:00Z,3\n2025-01-01,2025-01-02T23:30:00+01:00,4\n2025-01-01,2025-01-02,1\n';
    expect(linesOf(await read(text))).toEqual(['Usage 2025-01-01 2025-01-02 4']);
  });

  const observed = 'date,amount,observed';
  it.each([
    ['is empty', '', 'spend.csv: is empty'],
    ['has nothing but white space', ' \n\n', 'spend.csv: is empty'],
    ['has a header only', `${header}\n`, 'spend.csv: has no rows'],
    ['has a header and empty lines only', `\n${header}\r\n\n`, 'spend.csv: has no rows'],
    [
      'has no amount',
      'date,cost\n2025-01-31,5\n',
      'spend.csv: line 1: no column amount, found date, cost: a plain file has',
    ],
    ['has neither', 'day;cost\n1;5\n', 'spend.csv: line 1: no column date, amount, found day, cost:'],
    ['has a column twice', 'date,amount,team,team\n', 'spend.csv: line 1: column team is there twice'],
    ...['abc', '', 'NaN', 'nan', 'Infinity', 'inf', '1e999', '1_000', '$5', '0x10', '--1', '1 2'].map(
      (bad) => [
        `has ${JSON.stringify(bad)} for an amount`,
        `${header}\n${line}\n2025-02-01,${bad},S3\n`,
        `spend.csv: line 3, column amount: ${JSON.stringify(bad)} is not a number`,
      ],
    ),
    [
      'has separators of thousands',
      `${header}\n2025-02-01,"1,234.56",S3\n`,
      'spend.csv: line 2, column amount: "1,234.56" is not a number',
    ],
    ...['2025-02-30', '2025-13-01', '31.01.2025', '2025-1-31', '', '2025-01-31T05:00Z', '0205-01-31'].map(
      (bad) => [
        `has ${JSON.stringify(bad)} for a date`,
        `${header}\n${line}\n${bad},1,S3\n`,
        `spend.csv: line 3, column date: ${JSON.stringify(bad)} is not a date such as 2025-01-31`,
      ],
    ),
    [
      'has a figure twice',
      `${header}\n${line}\n2025-02-01,1,S3\n${line.replace('1.5', '7')}\n`,
      'spend.csv: line 4: 2025-01-31 of "Amazon Bedrock" is there twice: line 2 has it too',
    ],
    [
      'has a reading twice',
      `${observed}\n2025-01-01,5,2025-01-02\n2025-01-01,6,2025-01-02T00:00:00Z\n`,
      'spend.csv: line 3: 2025-01-01, observed 2025-01-02T00:00:00Z, is there twice: line 2 has it too',
    ],
    [
      'was read before the day was over',
      `${observed}\n2025-01-01,5,2025-01-02\n2025-01-03,6,2025-01-03T23:59:00Z\n`,
      'spend.csv: line 3, column observed: 2025-01-03T23:59:00Z is before the end of 2025-01-03',
    ],
    [
      'was read on no date',
      `${observed}\n2025-01-01,5,\n`,
      'spend.csv: line 2, column observed: "" is not a date or a time such as',
    ],
    [
      'mixes currencies',
      'date,amount,currency\n2025-01-01,5,USD\n2025-01-02,5,EUR\n',
      'spend.csv: line 3, column currency: EUR after USD: give one currency at a time',
    ],
    [
      'has an amount in no currency',
      'date,amount,currency\n2025-01-01,5,\n',
      'spend.csv: line 2, column currency: "" is no currency such as USD',
    ],
    [
      'has a short line',
      `${header}\n${line}\n2025-02-01,2\n`,
      'spend.csv: line 3: has 2 cells, the header has 3',
    ],
    [
      'has a long line',
      `${header}\n2025-02-01,1,234,S3\n`,
      'spend.csv: line 2: has 4 cells, the header has 3',
    ],
    [
      'has an open quote',
      `${header}\n${line}\n2025-02-01,5,"S3\n`,
      'spend.csv: line 3: is no CSV: Quote Not Closed',
    ],
    [
      'ends a quote too early',
      `${header}\n2025-02-01,5,"5" disks\n`,
      'spend.csv: line 2: is no CSV: Invalid Closing',
    ],
    [
      'has a bad number after lines with line ends in them',
      `${header}\r\n2025-02-01,5,"a\r\nb"\r\n2025-02-02,x,"a\r\nb"\r\n`,
      'spend.csv: line 4, column amount: "x" is not a number',
    ],
  ] as [string, string, string][])('that %s is refused in one line', async (_, text, message) => {
    expect(await refusal(read(text))).toContain(message);
  });

  it.each([
    ['in Latin 1', Buffer.from(`${header}\n2025-01-31,5,Zürich\n`, 'latin1'), 'line 2: is no text in UTF-8'],
    [
      'in UTF-16',
      Buffer.from(`\uFEFF${header}\n${line}\n`, 'utf16le'),
      'is neither CSV in UTF-8 nor Parquet',
    ],
    ['in a zip archive', Buffer.from('PK\u0003\u0004...'), 'is a zip archive: unpack it first'],
  ])('that is %s is refused in one line', async (_, bytes, message) => {
    expect(await refusal(read(bytes))).toBe(`spend.csv: ${message}`);
  });

  it('compressed with gzip is read, and its faults are told by line', async () => {
    const name = 'spend.csv.gz';
    expect(linesOf(await read(gzipSync(`${header}\n${line}\n`), {}, name))).toEqual(isRead);
    expect(await refusal(read(gzipSync(`${header}\n${line}\nx,1,S3\n`), {}, name))).toContain(
      'spend.csv.gz: line 3, column date: "x" is not a date',
    );
  });

  it('compressed, but cut off, never passes for the whole', async () => {
    const rows = Array.from({ length: 5_000 }, (_, n) => `${addDays('2015-01-01', n)},${Math.sin(n)},S3`);
    const whole = gzipSync(`${header}\n${rows.join('\n')}\n`);
    const half = whole.subarray(0, whole.length / 2);
    expect(await refusal(read(half, {}, 'half.csv.gz'))).toContain('half.csv.gz: is cut off or corrupt');
    const faulty = gzipSync(`${header}\n${rows.join('\n')}\nx,1,S3\n`);
    const cut = faulty.subarray(0, faulty.length - 12);
    expect(await refusal(read(cut, {}, 'cut.csv.gz'))).toContain('cut.csv.gz: is cut off or corrupt');
  });

  it('may come in parts: a folder, or a pattern', async () => {
    await mkdir(join(folder, 'parts'));
    await writeFile(join(folder, 'parts/1.csv'), `${header}\n${line}\n`);
    await writeFile(join(folder, 'parts/2.csv'), 'amount;date;service\n7;2025-02-01;Amazon Bedrock\n');
    const both = [...isRead, 'Amazon Bedrock Usage 2025-02-01 2025-02-02 7'];
    expect(linesOf(await readSpendFile(join(folder, 'parts')))).toEqual(both);
    expect(linesOf(await readSpendFile(join(folder, 'parts/*.csv')))).toEqual(both);
    await writeFile(join(folder, 'parts/3.csv'), `${header}\n${line}\n`);
    expect(await refusal(readSpendFile(join(folder, 'parts')))).toMatch(
      /parts\/3\.csv: line 2: .* is there twice: line 2 of parts\/1\.csv has it too/,
    );
  });

  it('that is not there is named; so is a folder without one', async () => {
    expect(await refusal(readSpendFile('/nowhere/spend.csv'))).toBe('/nowhere/spend.csv: no such file');
    expect(await refusal(readSpendFile('/nowhere/*.parquet'))).toBe('/nowhere/*.parquet: no such file');
    await mkdir(join(folder, 'empty'));
    expect(await refusal(readSpendFile(join(folder, 'empty')))).toBe(
      'empty: holds no CSV and no Parquet file',
    );
  });

  it('may be named like a pattern', async () => {
    expect(linesOf(await read(`${header}\n${line}\n`, {}, "o'b[1]*.csv"))).toEqual(isRead);
  });

  it('tells what it is at', async () => {
    const told: string[] = [];
    await read(`${header}\n${line}\n`, { onProgress: (text) => told.push(text) });
    expect(told[0]).toBe(`reading ${join(folder, 'spend.csv')}`);
  });
});

const name = fc
  .string({ unit: 'binary', maxLength: 6 })
  .filter((text) => !/\0|\uFFFD|^[ \t\r\n]|[ \t\r\n]$/.test(text) && text.isWellFormed());
const amount = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
const figure = fc.record({
  team: name,
  service: fc.constantFrom('Amazon S3', 'Amazon EC2', 'a,"b"'),
  day: fc.integer({ min: 0, max: 80_000 }),
  delay: fc.integer({ min: 1, max: 40 }),
  amount,
});
const uniqueFigures = fc.uniqueArray(figure, {
  minLength: 1,
  maxLength: 30,
  selector: ({ team, service, day, delay }) => JSON.stringify([team, service, day, delay]),
});
type Figure = typeof figure extends fc.Arbitrary<infer One> ? One : never;

const cell = (text: string): string => `"${text.replaceAll('"', '""')}"`;
const toCsv = (figures: readonly Figure[]): string =>
  [
    'team,date,observed,amount,service',
    ...figures.map((one) =>
      [cell(one.team), toDate(one.day), toDate(one.day + one.delay), one.amount, cell(one.service)].join(),
    ),
  ].join('\n');

const figuresOf = ({ histories }: SpendRecord) =>
  histories.flatMap(({ scope, days, observed, amounts }) =>
    [...days].map((day, index) => ({
      ...scope,
      day,
      delay: (observed[index] ?? Number.NaN) - day,
      amount: amounts[index],
    })),
  );

const byKey = (figures: readonly object[]) =>
  figures.map((one) => JSON.stringify(Object.entries(one).toSorted())).toSorted();

describe('any plain spend file', () => {
  it('is read back exactly as it was written', () =>
    fc.assert(
      fc.asyncProperty(uniqueFigures, async (figures) => {
        expect(byKey(figuresOf(await read(toCsv(figures))))).toEqual(byKey(figures));
      }),
      { numRuns: 40 },
    ));

  it('says the same in whatever order its rows are', () =>
    fc.assert(
      fc.asyncProperty(
        uniqueFigures.chain((figures) =>
          fc.tuple(fc.constant(figures), fc.shuffledSubarray(figures, { minLength: figures.length })),
        ),
        async ([figures, shuffled]) => {
          expect(await read(toCsv(shuffled))).toEqual(await read(toCsv(figures)));
        },
      ),
      { numRuns: 30 },
    ));

  it('has ordered figures that are numbers, or is refused in one line that says where', () =>
    fc.assert(
      fc.asyncProperty(
        fc.constantFrom('2025-01-31', '2025-02-28', '2025-02-30', ''),
        fc.oneof(fc.constantFrom('1', '-1e-7', 'NaN', '', '1,5', '1e999'), fc.string({ maxLength: 4 })),
        fc.constantFrom('2025-02-01', '2025-03-01T00:00:00Z', '2025', ''),
        async (date, text, observed) => {
          const file = `date,observed,amount\n2025-01-01,2025-01-02,1\n${date},${observed},${cell(text)}\n`;
          const record = await read(file).catch((error: unknown) => error);
          if (record instanceof InputError) {
            expect(record.message).toMatch(/spend\.csv: line 3, column (date|observed|amount): [^\n]+$/);
          } else {
            const lines = figuresOf(record as SpendRecord);
            expect(lines.every(({ amount }) => Number.isFinite(amount))).toBe(true);
            expect(lines).toHaveLength(2);
          }
        },
      ),
      { numRuns: 60 },
    ));
});

const focusHeader =
  'BilledCost,EffectiveCost,BillingCurrency,BillingAccountId,SubAccountId,ChargeCategory,ChargePeriodStart,ServiceName,RegionId,Tags';
const focusLine =
  '1.5,1.25,USD,111,222,Usage,2024-09-18 22:00:00,Amazon Bedrock,eu-west-1,"{""team"": ""search""}"';
const focusFile = [
  focusHeader,
  focusLine,
  focusLine.replace('22:00:00', '23:00:00'),
  focusLine.replace('2024-09-18 22:00:00', '2024-09-19T01:00:00+02:00'),
  focusLine.replace('Usage', 'credit').replaceAll('1.', '-0.').replace('eu-west-1', 'NULL'),
  focusLine.replace('222', 'NULL').replace(/"\{.*/, 'NULL'),
].join('\n');

/** Writes a table to Parquet; the select is in DuckDB's SQL. */
async function writeParquet(path: string, select: string): Promise<string> {
  const file = join(folder, path);
  const connection = await (await DuckDBInstance.create()).connect();
  await connection.run(`SET TimeZone='UTC'; COPY (${select}) TO '${file}' (FORMAT parquet)`);
  connection.closeSync();
  return file;
}

describe('a FOCUS export', () => {
  it('becomes the days of each account, service and region; what is no usage stays apart', async () => {
    const record = await read(focusFile);
    expect(record).toMatchObject({
      currency: 'USD',
      dimensions: ['account', 'service', 'region'],
      bitemporal: false,
    });
    expect(linesOf(record)).toEqual([
      '111 Amazon Bedrock eu-west-1 Usage 2024-09-18 2024-09-19 1.25',
      '222 Amazon Bedrock  Credit 2024-09-18 2024-09-19 -0.25',
      '222 Amazon Bedrock eu-west-1 Usage 2024-09-18 2024-09-19 3.75',
    ]);
  });

  it('is read by what was billed, when asked for', async () => {
    const record = await read(`${focusHeader}\n${focusLine}\n`, { cost: 'billed' });
    expect(linesOf(record)).toEqual(['222 Amazon Bedrock eu-west-1 Usage 2024-09-18 2024-09-19 1.5']);
  });

  it('has the tags as dimensions that are asked for, and untagged spend once', async () => {
    const record = await read(focusFile, { tags: ['team', 'a"b'] });
    expect(record.dimensions).toEqual(['account', 'service', 'region', 'team', 'a"b']);
    expect(record.histories.map(({ scope }) => [scope['account'], scope['team'], scope['a"b']])).toEqual([
      ['111', '', ''],
      ['222', 'search', ''],
      ['222', 'search', ''],
    ]);
  });

  it('has a tag called as a column of the bill under a name of its own', async () => {
    const text = [focusHeader, focusLine.replace('team', 'service')].join('\n');
    const { histories } = await read(text, { tags: ['service', 'service'] });
    expect(histories[0]?.scope).toEqual({
      account: '222',
      service: 'Amazon Bedrock',
      region: 'eu-west-1',
      'tag:service': 'search',
    });
  });

  it('has the usage type where there is one', async () => {
    const record = await read(`${focusHeader},x_UsageType\n${focusLine},BoxUsage:g5.xlarge\n`);
    expect(record.histories[0]?.scope).toEqual({
      account: '222',
      service: 'Amazon Bedrock',
      region: 'eu-west-1',
      usageType: 'BoxUsage:g5.xlarge',
    });
  });

  it.each(['effective', 'billed'] as const)('adds up to the real bill, by %s cost', async (cost) => {
    const file = 'test/fixtures/focus_sample.csv';
    const column = cost === 'billed' ? 'BilledCost' : 'EffectiveCost';
    const rows: Record<string, string>[] = parse(await readFile(file), { columns: true });
    const expected = rows.reduce((sum, row) => sum + Number(row[column]), 0);
    const { histories } = await readSpendFile(file, { cost });
    const total = histories.reduce((sum, { amounts }) => sum + amounts.reduce((a, b) => a + b, 0), 0);
    expect(total).toBeCloseTo(expected, 9);
    expect(new Set(histories.map(({ category }) => category))).toEqual(
      new Set(rows.map((row) => row['ChargeCategory'])),
    );
  });

  it('has the same sums in whatever order its rows are', async () => {
    const amounts = ['0.1', '0.2', '0.3', '1e15', '-1e15', '0.0000008', '12345.678901234567'];
    const rows = amounts.map((text) => focusLine.replace('1.25', text));
    const [forth, back] = [rows, rows.toReversed()].map((all) => [focusHeader, ...all].join('\n'));
    const expected = ['222 Amazon Bedrock eu-west-1 Usage 2024-09-18 2024-09-19 12346.278902034566'];
    expect(linesOf(await read(forth ?? ''))).toEqual(expected);
    expect(linesOf(await read(back ?? ''))).toEqual(expected);
  });

  it('in many Parquet files, with types of its own, is read as one', async () => {
    await mkdir(join(folder, 'focus/period=2024-09'), { recursive: true });
    const select = (
      start: string,
    ) => `SELECT 1.5::DOUBLE AS BilledCost, 1.25::DECIMAL(20,10) AS EffectiveCost,
      'USD' AS BillingCurrency, '111' AS BillingAccountId, 222::BIGINT AS SubAccountId, 'Usage' AS ChargeCategory,
      ${start} AS ChargePeriodStart, 'Amazon S3' AS ServiceName, NULL::VARCHAR AS RegionId, MAP {'user:team': 'search'} AS Tags`;
    await writeParquet('focus/period=2024-09/1.parquet', select("TIMESTAMP '2024-09-18 22:00:00'"));
    await writeParquet('focus/period=2024-09/2.parquet', select("TIMESTAMPTZ '2024-09-19 01:00:00+02'"));
    await writeParquet('focus/period=2024-09/3.parquet', select("'2024-09-18T00:00:00Z'"));
    expect(linesOf(await readSpendFile(join(folder, 'focus'), { tags: ['team'] }))).toEqual([
      '222 Amazon S3  search Usage 2024-09-18 2024-09-19 3.75',
    ]);
  });

  it.each([
    ['misses a column', focusFile.replace(',ServiceName', ',X'), 'line 1: no column ServiceName: is it'],
    ['has a bad number', focusFile.replace('1.25', 'x'), 'line 2, column EffectiveCost: "x" is not a number'],
    [
      'has a bad date',
      focusFile.replace('09-18 22', '09-31 22'),
      'line 2, column ChargePeriodStart: "2024-09-31 22:',
    ],
    ['has no service', focusFile.replace('Amazon Bedrock', 'NULL'), 'line 2, column ServiceName: is empty'],
    [
      'has a new category',
      focusFile.replace('credit', 'Gift'),
      'line 5, column ChargeCategory: "Gift" is none of Usage',
    ],
    [
      'mixes currencies',
      `${focusFile}\n${focusLine.replace('USD', 'EUR')}`,
      'line 7, column currency: EUR after USD',
    ],
  ])('that %s is refused in one line', async (_, text, message) => {
    expect(await refusal(read(text))).toContain(`spend.csv: ${message}`);
  });

  it('in Parquet has its faults told by row', async () => {
    const select = `SELECT 1 AS BilledCost, if(i = 5000, 'NaN', '1')::DOUBLE AS EffectiveCost, 'USD' AS BillingCurrency,
      '1' AS BillingAccountId, 'Usage' AS ChargeCategory, '2024-09-18' AS ChargePeriodStart, 's' AS ServiceName
      FROM range(1, 9000) AS r(i)`;
    const file = await writeParquet('faulty.parquet', select);
    expect(await refusal(readSpendFile(file))).toBe(
      'faulty.parquet: row 5000, column EffectiveCost: "nan" is not a number',
    );
  });

  it('in Parquet that is corrupt is refused in one line', async () => {
    const file = await writeParquet(
      'whole.parquet',
      'SELECT i AS amount, i AS date FROM range(9000) AS r(i)',
    );
    const bytes = await readFile(file);
    const footless = Buffer.concat([bytes.subarray(0, 2_000), Buffer.from('PAR1')]);
    expect(await refusal(read(footless, {}, 'footless.parquet'))).toContain(
      "footless.parquet: can't be read: ",
    );
    bytes.fill(0xee, 20, 2_000);
    expect(await refusal(read(bytes, {}, 'corrupt.parquet'))).toContain("corrupt.parquet: can't be read: ");
  });

  it('and a plain file do not go together', async () => {
    await mkdir(join(folder, 'mixed'));
    await writeFile(join(folder, 'mixed/1.csv'), focusFile);
    await writeFile(join(folder, 'mixed/2.csv'), `${header}\n${line}\n`);
    expect(await refusal(readSpendFile(join(folder, 'mixed')))).toBe(
      'mixed: holds files of different kinds: FOCUS, plain',
    );
    await writeParquet('mixed/3.parquet', 'SELECT 1 AS amount');
    expect(await refusal(readSpendFile(join(folder, 'mixed')))).toBe(
      'mixed: holds both CSV and Parquet: give one of them',
    );
  });
});

/** The columns of a Cost and Usage Report as Athena names them, with what is empty in most line items. */
const item = {
  line_item_usage_start_date: '2025-03-01T05:00:00Z',
  line_item_usage_account_id: '123456789012',
  line_item_line_item_type: 'Usage',
  line_item_product_code: 'AmazonEC2',
  line_item_usage_type: 'BoxUsage:g5.xlarge',
  line_item_currency_code: 'USD',
  line_item_unblended_cost: '10',
  product_servicecode: '',
  product_region_code: 'us-east-1',
  savings_plan_savings_plan_effective_cost: '',
  savings_plan_total_commitment_to_date: '',
  savings_plan_used_commitment: '',
  reservation_effective_cost: '',
  reservation_unused_amortized_upfront_fee_for_billing_period: '',
  reservation_unused_recurring_fee: '',
  reservation_reservation_a_r_n: '',
};
type Item = Partial<
  Record<keyof typeof item | `line_item_net_${string}` | `resource_tags_${string}`, string>
>;

function toReport(items: readonly Item[], naming: (name: string) => string = (name) => name): string {
  const names = [...new Set([...Object.keys(item), ...items.flatMap((one) => Object.keys(one))])];
  const rows = items.map((one) =>
    names.map((name) => ({ ...item, ...one })[name as keyof typeof item] ?? ''),
  );
  return [names.map(naming), ...rows].map((row) => row.join()).join('\n');
}

const legacyNames: Record<string, string> = {
  line_item_usage_start_date: 'lineItem/UsageStartDate',
  line_item_usage_account_id: 'lineItem/UsageAccountId',
  line_item_line_item_type: 'lineItem/LineItemType',
  line_item_product_code: 'lineItem/ProductCode',
  line_item_usage_type: 'lineItem/UsageType',
  line_item_currency_code: 'lineItem/CurrencyCode',
  line_item_unblended_cost: 'lineItem/UnblendedCost',
  product_servicecode: 'product/servicecode',
  product_region_code: 'product/regionCode',
  savings_plan_savings_plan_effective_cost: 'savingsPlan/SavingsPlanEffectiveCost',
  savings_plan_total_commitment_to_date: 'savingsPlan/TotalCommitmentToDate',
  savings_plan_used_commitment: 'savingsPlan/UsedCommitment',
  reservation_effective_cost: 'reservation/EffectiveCost',
  reservation_unused_amortized_upfront_fee_for_billing_period:
    'reservation/UnusedAmortizedUpfrontFeeForBillingPeriod',
  reservation_unused_recurring_fee: 'reservation/UnusedRecurringFee',
  reservation_reservation_a_r_n: 'reservation/ReservationARN',
  resource_tags_user_team: 'resourceTags/user:team',
};
const legacy = (column: string): string => legacyNames[column] ?? column;

const type = (line_item_line_item_type: string, more: Item = {}): Item => ({
  line_item_line_item_type,
  ...more,
});
const items: Item[] = [
  {},
  { line_item_usage_start_date: '2025-03-01T06:00:00.000Z', product_servicecode: 'AmazonEC2' },
  type('SavingsPlanCoveredUsage', { savings_plan_savings_plan_effective_cost: '6' }),
  type('SavingsPlanNegation', { line_item_unblended_cost: '-10' }),
  type('SavingsPlanRecurringFee', {
    savings_plan_total_commitment_to_date: '8',
    savings_plan_used_commitment: '6',
  }),
  type('DiscountedUsage', { line_item_unblended_cost: '0', reservation_effective_cost: '3' }),
  type('RIFee', {
    reservation_unused_amortized_upfront_fee_for_billing_period: '0.25',
    reservation_unused_recurring_fee: '0.5',
  }),
  type('Fee', { reservation_reservation_a_r_n: 'arn:aws:ec2:us-east-1:1:reserved-instances/1' }),
  type('Tax', { line_item_unblended_cost: '2' }),
  type('Credit', { line_item_unblended_cost: '-4' }),
  type('EdpDiscount', { line_item_unblended_cost: '-1' }),
];
const place = '123456789012 AmazonEC2 us-east-1 BoxUsage:g5.xlarge';
const day = '2025-03-01 2025-03-02';
const effective = [
  `${place} Adjustment ${day} 0`,
  `${place} Credit ${day} -5`,
  `${place} Purchase ${day} 2.75`,
  `${place} Tax ${day} 2`,
  `${place} Usage ${day} 29`,
];

describe('a Cost and Usage Report', () => {
  it.each([
    ['with the names of a legacy report', toReport(items, legacy)],
    ['with the names of Athena and CUR 2.0', toReport(items)],
  ])('%s spreads what was paid in advance over what it covers', async (_, text) => {
    const record = await read(text);
    expect(record.dimensions).toEqual(['account', 'service', 'region', 'usageType']);
    expect(linesOf(record)).toEqual(effective);
  });

  it('compressed, as it is delivered, is read too', async () => {
    expect(linesOf(await read(gzipSync(toReport(items, legacy)), {}, 'report-00001.csv.gz'))).toEqual(
      effective,
    );
  });

  it('by what was billed has the fees, and what they covered for nothing', async () => {
    expect(linesOf(await read(toReport(items), { cost: 'billed' }))).toEqual([
      `${place} Adjustment ${day} -10`,
      `${place} Credit ${day} -5`,
      `${place} Purchase ${day} 30`,
      `${place} Tax ${day} 2`,
      `${place} Usage ${day} 30`,
    ]);
  });

  it('is net of discounts where it says so', async () => {
    const text = toReport([{ line_item_net_unblended_cost: '9' }, { line_item_net_unblended_cost: '' }]);
    expect(linesOf(await read(text))).toEqual([`${place} Usage ${day} 19`]);
  });

  it.each([
    ['legacy', legacy],
    ['of Athena', (column: string) => column],
  ])('%s has the tags as dimensions that are asked for', async (_, naming) => {
    const text = toReport([{ resource_tags_user_team: 'search' }], naming);
    const { histories } = await read(text, { tags: ['team'] });
    expect(histories[0]?.scope['team']).toBe('search');
  });

  it('2.0 in Parquet is read with its maps and its times', async () => {
    const file = await writeParquet(
      'cur2.parquet',
      `SELECT TIMESTAMP '2025-03-01 05:00:00' AS line_item_usage_start_date, '123456789012' AS line_item_usage_account_id,
       'Usage' AS line_item_line_item_type, 'AmazonEC2' AS line_item_product_code, 'AmazonEC2' AS product_servicecode,
       'us-east-1' AS product_region_code, 'BoxUsage:g5.xlarge' AS line_item_usage_type, 'USD' AS line_item_currency_code,
       i::DOUBLE AS line_item_unblended_cost, MAP {'user_team': 'search'} AS resource_tags FROM range(1, 5) AS r(i)`,
    );
    expect(linesOf(await readSpendFile(file, { tags: ['team'] }))).toEqual([
      '123456789012 AmazonEC2 us-east-1 BoxUsage:g5.xlarge search Usage 2025-03-01 2025-03-02 10',
    ]);
  });

  it.each([
    [
      'misses columns',
      toReport([{}]).replace('line_item_unblended_cost', 'x'),
      'line 1: no column line_item_unblended_cost: is it a Cost and Usage Report',
    ],
    [
      'has a bad number',
      toReport([{}, { line_item_unblended_cost: 'x' }], legacy),
      'line 3, column lineItem/UnblendedCost: "x" is not a number',
    ],
    [
      'has a bad date',
      toReport([{ line_item_usage_start_date: '2025-02-30T00:00:00Z' }], legacy),
      'line 2, column lineItem/UsageStartDate: "2025-02-30T00:00:00Z" is not a date and time',
    ],
    [
      'lacks the cost of what a Savings Plan covers',
      toReport([type('SavingsPlanCoveredUsage')]),
      'line 2, column savings_plan_savings_plan_effective_cost: is empty: try --cost billed',
    ],
    [
      'has no account',
      toReport([{}, { line_item_usage_account_id: '' }]),
      'line 3, column line_item_usage_account_id: is empty',
    ],
    [
      'mixes currencies',
      toReport([{}, { line_item_currency_code: 'CNY' }]),
      'line 3, column currency: CNY after USD: give one currency at a time',
    ],
  ])('that %s is refused in one line', async (_, text, message) => {
    expect(await refusal(read(text))).toContain(`spend.csv: ${message}`);
  });
});
