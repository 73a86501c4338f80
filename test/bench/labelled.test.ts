import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readLabelledSet } from '../../bench/detection/labelled.ts';
import { toHistory } from '../../bench/detection/readings.ts';

const files = {
  'series.csv': 'series,date,final,seen_d0,seen_d1\na,1970-01-11,10,7,9.5\na,1970-01-12,20,14,19\n',
  'labels.csv':
    'event,series,start,end,alarm_by,kind,extra_usd\ne1,a,1970-01-12,1970-01-12,1970-01-14,spike,10\n',
  'extra.csv': 'series,date,extra\na,1970-01-12,10\na,1970-01-13,99\n',
  'decoys.csv': 'series,start,end,kind\na,1970-01-11,1970-01-11,monthly_fee\n',
  'calendar.csv': 'start,end,name\n1970-01-20,1970-01-25,sale\n',
};

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'labelled-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('a labelled folder', () => {
  it('is read with days as numbers', () => {
    const { series, events, decoys, calendar } = readLabelledSet(folder);
    expect(series).toEqual([
      {
        name: 'a',
        start: 10,
        final: Float64Array.of(10, 20),
        seenFirst: Float64Array.of(7, 14),
        seenNext: Float64Array.of(9.5, 19),
      },
    ]);
    expect(events).toEqual([
      { id: 'e1', series: 'a', start: 11, end: 11, alarmBy: 13, kind: 'spike', extra: new Map([[11, 10]]) },
    ]);
    expect(decoys).toEqual([{ series: 'a', start: 10, end: 10, kind: 'monthly_fee' }]);
    expect(calendar).toEqual([{ start: 19, end: 24 }]);
  });

  it('becomes figures by when they were read: the first on the next morning', () => {
    const [history] = readLabelledSet(folder).series.map(toHistory);
    expect(history).toMatchObject({
      scope: { series: 'a' },
      days: Int32Array.of(10, 10, 10, 11, 11, 11),
      observed: Int32Array.of(11, 12, 13, 12, 13, 14),
      amounts: Float64Array.of(7, 9.5, 10, 14, 19, 20),
    });
  });

  it.each([
    ['a missing column', 'series,date,final,seen_d0\n', 'series.csv has no column seen_d1.'],
    [
      'a bad number',
      'series,date,final,seen_d0,seen_d1\na,1970-01-11,10,x,9\n',
      'series.csv, line 2: seen_d0 is "x".',
    ],
    [
      'a bad date',
      'series,date,final,seen_d0,seen_d1\na,11.1.1970,10,7,9\na,1970-13-01,1,1,1\n',
      'series.csv, line 3: date is "1970-13-01".',
    ],
    [
      'a gap',
      'series,date,final,seen_d0,seen_d1\na,1970-01-11,10,7,9\na,1970-01-13,1,1,1\n',
      'Series a has a gap or is out of order at 1970-01-13.',
    ],
  ])('with %s is refused', (_, text, message) => {
    writeFileSync(join(folder, 'series.csv'), text);
    expect(() => readLabelledSet(folder)).toThrow(message);
  });
});
