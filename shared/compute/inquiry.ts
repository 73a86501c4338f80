import type { Window } from './metric.ts';
import { type IdlePolicy, type Measured, type Reading, toReadings } from './signals.ts';

/**
 * What is to be found out: whether it is `idle`, which any sign of work answers; how much of it is at `work`, which
 * takes every device; or only whether its `devices` compute again.
 */
export type Purpose = 'idle' | 'work' | 'devices';

/** An instance in a window, and what has been read of it. */
export type Inquiry = {
  measured: Measured;
  readings: readonly Reading[];
  window: Window;
  policy: IdlePolicy;
  purpose: Purpose;
};

export const inquiryOf = (
  measured: Measured,
  window: Window,
  policy: IdlePolicy,
  purpose: Purpose,
): Inquiry => ({
  measured,
  readings: toReadings(measured, window, policy),
  window,
  policy,
  purpose,
});

/** What the devices did, without what they hold and draw. */
export const ofDevices = (readings: readonly Reading[]): Reading[] =>
  readings.filter(({ signal }) => signal === 'utilization');

/**
 * How much of a silence has to be seen. A stop can't be taken back: for it every period of every signal counts, since
 * work may be what is missing. To tell of it what the policy asks for is enough.
 */
export const requiredCoverage = ({ purpose, policy }: Inquiry): number =>
  purpose === 'idle' ? 1 : policy.coverage;
