import { type Course, valueAt } from '../course.ts';
import type { Run } from '../fleet.ts';
import { bellNoise } from '../noise.ts';

export const minute = 60_000;

export type Dimensions = readonly { Name: string; Value: string }[];

/** A metric that something publishes: one value a minute, while it runs. */
export type Series = {
  namespace: string;
  name: string;
  dimensions: Dimensions;
  /** The finest period in which CloudWatch keeps it, milliseconds. */
  resolution: number;
  /** The value of the minute that starts then; undefined where nothing was published in it. */
  sample: (at: number) => number | undefined;
  /** How many samples the minute's value is the sum of, where it isn't one. */
  samples?: (at: number) => number;
  /** When it was published. */
  runs: readonly Run[];
  /** From then on nothing more was. */
  until: number;
};

export const dimensionsOf = (dimensions: Readonly<Record<string, string>>): Dimensions =>
  Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value }));

/** A course with noise of a twentieth; what is at 0 stays there. */
export function noisy(course: Course, seed: number, max = Number.POSITIVE_INFINITY): (at: number) => number {
  return (at) => {
    const value = valueAt(course, at);
    return value === 0 ? 0 : Math.min(max, Math.max(0, value * (1 + 0.05 * bellNoise(seed, at / minute))));
  };
}

/** Things that are counted: whole ones, and nothing is published while there are none. */
export function counted(course: Course, seed: number): (at: number) => number | undefined {
  const value = noisy(course, seed);
  return (at) => Math.round(value(at)) || undefined;
}
