import type { IsoTime } from '../period.ts';

/** What is to be done with an instance now, and why. */
export type Decision = {
  action: 'stop' | 'start' | 'warn' | 'keep';
  /** A stable code to group by, e.g. `busy`, `in-hours`, `auto-scaling`, `idle-off-hours`. */
  code: string;
  /** A sentence a person understands. */
  reason: string;
  /** When this may change at the earliest, where that is known: a window's start, the end of a grace period. */
  until?: IsoTime;
};

/** What is remembered of an instance between runs. */
export type InstanceRecord = {
  /** The warning that is out: a stop follows after the grace period, if it was delivered. */
  warning?: { alertId: string; at: IsoTime; observed?: boolean | undefined } | undefined;
  /** A run has claimed its stop then, and has not recorded the outcome yet. */
  stopRequestedAt?: IsoTime | undefined;
  /** We stopped it then. */
  stoppedAt?: IsoTime | undefined;
  /** We started it then. */
  startedAt?: IsoTime | undefined;
  /** AWS refused to stop or start it then, with that error code. */
  refused?: { code: string; at: IsoTime } | undefined;
  /** Last seen at work then: no need to look again before the idle window has passed since. */
  lastBusy?: IsoTime | undefined;
};
