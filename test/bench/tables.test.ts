import { expect, it } from 'vitest';
import type { Score } from '../../bench/detection/score.ts';
import { decoyTable, kindTable, qualityTable } from '../../bench/detection/tables.ts';

const score: Score = {
  precision: 0.9,
  recall: 0.75,
  f1: 0.8181,
  falsePerYear: 0.104,
  medianDelay: 0,
  usdRecall: 0.5,
  usdSaved: 0.25,
  repeats: 3,
  found: 3,
  falseAlarms: [
    { series: 'a', day: 1000, kind: 'plain' },
    { series: 'b', day: 1000, kind: 'monthly_fee' },
    { series: 'b', day: 1030, kind: 'monthly_fee' },
  ],
  missed: [],
  kinds: new Map([
    ['level_shift', { found: 2, events: 2, delays: [0, 1] }],
    ['ramp', { found: 0, events: 2, delays: [] }],
  ]),
};
const silent: Score = { ...score, falseAlarms: [], medianDelay: undefined };
const contenders = [
  { name: 'ours', score },
  { name: 'silence', score: silent },
];

it('prints a row of figures for each contender', () =>
  expect(qualityTable(contenders)).toBe(
    [
      '| method | precision | recall | F1 | false a series-year | median delay | dollars recalled | saved | repeats |',
      '|---|---:|---:|---:|---:|---:|---:|---:|---:|',
      '| ours | 0.900 | 0.750 | 0.818 | 0.10 | 0 | 0.500 | 0.250 | 3 |',
      '| silence | 0.900 | 0.750 | 0.818 | 0.10 | - | 0.500 | 0.250 | 3 |',
    ].join('\n'),
  ));

it('prints what was found of each kind, and how late', () =>
  expect(kindTable(contenders.slice(0, 1))).toBe(
    '| method | level shift | ramp |\n|---|---:|---:|\n| ours | 2/2, 0.5 d | 0/2, - |',
  ));

it('prints which decoys were fallen for', () =>
  expect(decoyTable(contenders)).toBe(
    ['| method | monthly fee | plain |', '|---|---:|---:|', '| ours | 2 | 1 |', '| silence | 0 | 0 |'].join(
      '\n',
    ),
  ));
