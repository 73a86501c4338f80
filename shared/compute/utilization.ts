import type { IsoTime } from '../period.ts';

/**
 * Whether an instance does anything, over the window before a point in time. The one definition of idle in the
 * product: findings, stops and reports all read it.
 */
export type Utilization = {
  state: 'busy' | 'idle' | 'unknown';
  /** The evidence in a sentence, e.g. `8 of 8 GPUs at 0-2 % for 3 h, 100 % coverage`. */
  reason: string;
  windowStart: IsoTime;
  windowEnd: IsoTime;
  /** Share of the window's periods that the worst-covered device or metric reported, 0 to 1. */
  coverage: number;
  /** The newest data point above the threshold: before `lastBusy` plus the window nothing here can be idle. */
  lastBusy?: IsoTime;
};
