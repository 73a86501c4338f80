import type { Usd } from '../money.ts';
import type { IsoTime } from '../period.ts';
import type { StartRefusals } from './start-backoff.ts';

/** What is remembered of something between runs. */
export type ScheduleRecord = {
  /** The warning that is out: a stop follows after the grace period, if it was delivered. */
  warning?: { alertId: string; at: IsoTime; observed?: boolean | undefined } | undefined;
  /** Somebody who was warned asked then not to wait for the grace period. */
  stopNow?: { at: IsoTime; by: string } | undefined;
  /** A run has claimed its stop then, and has not recorded the outcome yet. */
  stopRequestedAt?: IsoTime | undefined;
  /** We stopped it then. */
  stoppedAt?: IsoTime | undefined;
  /** A run has claimed its start then, and has not recorded the outcome yet. */
  startRequestedAt?: IsoTime | undefined;
  /** We started it then. */
  startedAt?: IsoTime | undefined;
  /** A run first saw it up again then, after it had been down: where AWS doesn't say since when it is up. */
  seenUpAt?: IsoTime | undefined;
  /** A run first saw it down then, and not by us: where AWS doesn't say since when it is down. */
  seenDownAt?: IsoTime | undefined;
  /** AWS refused to stop or start it then, with that error code. */
  refused?: { code: string; at: IsoTime } | undefined;
  /** Starts that AWS refused one after the other in one window. */
  startRefused?: StartRefusals | undefined;
  /** What it was kept for when it was measured last, though not at work: no need to look again for a while. */
  measured?:
    | { at: IsoTime; code: 'utilization-unknown' | 'held-back' | 'delete-not-allowed'; reason: string }
    | undefined;
  /** Dollars an hour that it cost before the stop: what has members has none to price once they are gone. */
  hourlyRate?: Usd | undefined;
  /** What a start has to give back, kept from before the stop. */
  restore?: Readonly<Record<string, string | number>> | undefined;
};
