import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readFocusFile } from '../../cli/focus-file.ts';
import { InputError } from '../../cli/input-error.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'focus-'));
});
afterAll(() => rm(folder, { recursive: true }));

const header =
  'BilledCost,EffectiveCost,BillingCurrency,BillingAccountId,ChargeCategory,ChargePeriodStart,ServiceName';
const line = '1.5,1.5,USD,123,Usage,2024-09-18 22:00:00,Amazon Bedrock';

async function read(text: string) {
  const file = join(folder, 'bill.csv');
  await writeFile(file, text);
  return readFocusFile(file);
}

describe('a FOCUS file', () => {
  it.each([
    ['as it is exported', `${header}\n${line}\n`],
    ['with a byte order mark', `\uFEFF${header}\n${line}\n`],
    ['with the line ends of Windows', `${header}\r\n${line}\r\n`],
    ['with semicolons', `${header}\n${line}\n`.replaceAll(',', ';')],
    ['without a last line end', `${header}\n${line}`],
    ['with spaces in its header', `${header.replaceAll(',', ', ')}\n${line}\n`],
    ['with columns that nobody asked for', `Extra,${header}\n"a, b",${line}\n`],
  ])('is read %s', async (_, text) => {
    expect(await read(text)).toMatchObject([{ date: '2024-09-18', service: 'Amazon Bedrock', billed: 1.5 }]);
  });

  it.each([
    ['is empty', '', 'is empty'],
    ['has nothing but white space', ' \n\n', 'is empty'],
    ['has a header only', `${header}\n`, 'has no rows'],
    ['misses a column', `${header.replace(',ServiceName', '')}\n`, 'line 1: no column ServiceName'],
    ['misses two', 'date,amount\n2024-09-18,5\n', 'line 1: no column BilledCost, EffectiveCost'],
    [
      'has a bad number',
      `${header}\n${line}\n${line.replace('1.5', 'x')}\n`,
      'line 3: BilledCost "x" is not a number',
    ],
    [
      'has a bad date',
      `${header}\n${line.replace('09-18', '09-31')}\n`,
      'line 2: ChargePeriodStart "2024-09-31 22:00:00" is not',
    ],
    [
      'has a line end in a cell',
      `${header}\n${line.replace('1.5', '"1\n5"')}\n`,
      'line 3: BilledCost "1\\n5" is not a number',
    ],
    ['has a short line', `${header}\n${line}\n1,2\n`, 'line 3: is no CSV'],
    ['has an open quote', `${header}\n"${line}\n`, 'line 2: is no CSV'],
    [
      'mixes currencies',
      `${header}\n${line}\n${line.replace('USD', 'EUR')}\n`,
      'line 3: BillingCurrency EUR after USD',
    ],
  ])('that %s is refused in one line', async (_, text, message) => {
    const error = await read(text).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(InputError);
    expect((error as Error).message).toContain(`bill.csv: ${message}`);
    expect((error as Error).message).not.toContain('\n');
  });

  it('that is not there is named', async () => {
    await expect(readFocusFile('/nowhere/bill.csv')).rejects.toThrow('/nowhere/bill.csv: no such file');
  });
});
