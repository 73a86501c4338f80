import type { IsoTime } from '../period.ts';
import { toTime } from '../period.ts';
import type { Check } from './check.ts';
import type { Instance } from './instance.ts';
import { periodSeconds, type Window } from './metric.ts';

/** From this coverage on nothing that matters was missed. */
export const wholeCoverage = 0.98;

/** How much there is behind a verdict, see docs/checks/README.md. */
export type Confidence = 'high' | 'medium' | 'low';

/**
 * Whether something does what it is paid for, over a window before a point in time. The one definition of idle in the
 * product: findings, stops and reports all read it.
 */
export type Utilization = {
  /** `ended`: it is over, and what it cost is spent. */
  state: 'busy' | 'idle' | 'underused' | 'unknown' | 'ended';
  /** What is wrong with it; absent where nothing is, or nobody can tell. */
  check?: Check | undefined;
  /** The evidence in a sentence, e.g. `8 of 8 GPUs at 0-2 % for 3 h, 100 % coverage`. */
  reason: string;
  windowStart: IsoTime;
  windowEnd: IsoTime;
  /** Share of the window's periods that the worst-covered device or metric reported, 0 to 1. */
  coverage: number;
  confidence: Confidence;
  /** The newest data point above the threshold: before `lastBusy` plus the window nothing here can be idle. */
  lastBusy?: IsoTime | undefined;
  /** The oldest one that was read: until then what was idle before was idle still. */
  firstBusy?: IsoTime | undefined;
  /** Share of its price that buys nothing, 0 to 1; absent where nothing is wasted, or nobody can tell. */
  wastedShare?: number | undefined;
};

const periodMs = periodSeconds * 1000;

/**
 * The window to judge at `now`. It ends one period before the last complete one: the newest period is often not in
 * CloudWatch yet, and would read as an agent that died.
 */
export function windowBefore(now: IsoTime, minutes: number): Window {
  const end = Math.floor(Date.parse(now) / periodMs) * periodMs - periodMs;
  const periods = Math.ceil((minutes * 60) / periodSeconds);
  return { start: toTime(end - periods * periodMs), end: toTime(end) };
}

/** An instance that started within the window can't have been silent through it. */
export const startedWithin = ({ launchTime }: Instance, { start }: Window): boolean =>
  Date.parse(launchTime) > Date.parse(start);
