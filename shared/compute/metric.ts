import type { IsoTime } from '../period.ts';

/** One series of CloudWatch under exactly the dimensions it is stored with. */
export type Metric = {
  namespace: string;
  name: string;
  dimensions: readonly { name: string; value: string }[];
  /** What turns its values into the unit that is asked for, bytes into MiB for example; absent: they are in it. */
  scale?: number | undefined;
};

export type Statistic = 'Maximum' | 'Minimum' | 'Average' | 'Sum' | 'SampleCount';

/** The statistic says what a period's one value is: its largest sample, so that a burst isn't averaged away, or a sum. */
export type MetricQuery = { metric: Metric; statistic: Statistic };

/** `end` is exclusive. Both lie on a boundary of a period. */
export type Window = { start: IsoTime; end: IsoTime };

/** The value of one period; `at` is the period's start in milliseconds since the epoch. */
export type Point = { at: number; value: number };

/** One metric over the window, in any order. */
export type Series = {
  points: readonly Point[];
  /** Why CloudWatch didn't tell all of it; what it did tell is true all the same. */
  failure?: string | undefined;
};

/** The metrics of one device (a GPU, a NeuronCore); several of a kind where the agent's dimensions changed. */
export type DeviceMetrics = {
  /** As the device counts itself on its instance: `0`. */
  index: string;
  /** Percent. */
  utilization: readonly Metric[];
  /** MiB held. */
  memoryUsed: readonly Metric[];
  /** Watts. */
  power: readonly Metric[];
  /** It is cut into slices (MIG), of which nobody knows whether all report: they show work, and never silence. */
  isSliced?: boolean | undefined;
};

/** Seconds a data point stands for: what EC2 reports without detailed monitoring. */
export const periodSeconds = 300;
