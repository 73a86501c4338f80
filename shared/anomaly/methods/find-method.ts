import { holtWinters } from './holt-winters.ts';
import type { Method } from './method.ts';
import { seasonalHybridEsd } from './s-h-esd.ts';
import { seedRule } from './seed-rule.ts';
import { stlMad } from './stl-mad.ts';
import { weekdayMedian } from './weekday-median.ts';
import { weekdayRegression } from './weekday-regression.ts';
import { zScore } from './z-score.ts';

/** The simplest first. */
export const methods: readonly Method[] = [
  seedRule,
  zScore,
  weekdayMedian,
  stlMad,
  seasonalHybridEsd,
  weekdayRegression,
  holtWinters,
];

export const methodNames: readonly string[] = methods.map(({ name }) => name);

export const findMethod = (name: string): Method | undefined =>
  methods.find((method) => method.name === name);
