import { setTimeout } from 'node:timers/promises';
import { isThrottling } from './throttling.ts';
import type { TokenBucket } from './token-bucket.ts';

/** Milliseconds that pass, how to let them pass, and a number from 0 to 1 by chance. */
export type Clock = { now: () => number; sleep: (ms: number) => Promise<unknown>; random: () => number };

const systemClock: Clock = { now: () => performance.now(), sleep: setTimeout, random: Math.random };

/** How calls that change something are spaced out. */
export type Pace = {
  /** A token for each call. */
  calls: TokenBucket;
  /** A token for each resource that a call is about, where AWS counts these too. */
  resources?: TokenBucket;
  /** Milliseconds this run has left: below the reserve nothing is begun, and no wait ends there. */
  remainingMs?: (() => number) | undefined;
  /** Ten seconds, to end and record what was begun. */
  reserveMs?: number;
  clock?: Clock | undefined;
};

/** What came of it. `late`: there was no time left for it, or for trying it again after the error. */
export type Called<Answer> = { answer: Answer } | { error: unknown } | { late: true; error?: unknown };

const attempts = 6;
const firstBackOffMs = 1_000;
const longestBackOffMs = 20_000;

/**
 * Calls AWS once there is a token for it. A throttled call empties the bucket for everybody and is made again after a
 * back-off with full jitter (a random part of 2, 4, 8, 16 and 20 seconds, as AWS advises), six times at most; every other
 * error is returned as it is.
 */
export async function pacedCall<Answer>(
  call: () => Promise<Answer>,
  pace: Pace,
  resources = 0,
): Promise<Called<Answer>> {
  const { calls, clock = systemClock } = pace;
  let throttled: { error?: unknown } = {};
  for (let attempt = 1; ; attempt++) {
    if (!(await tokensTaken(pace, clock, resources))) return { late: true, ...throttled };
    try {
      return { answer: await call() };
    } catch (error) {
      // What a refused call has changed is none of them, as far as anybody can tell.
      pace.resources?.take(clock.now(), -resources);
      if (!isThrottling(error)) return { error };
      calls.drain(clock.now());
      if (attempt === attempts) return { error };
      throttled = { error };
    }
    const backOffMs = clock.random() * Math.min(longestBackOffMs, firstBackOffMs * 2 ** attempt);
    if (!(await waited(pace, clock, backOffMs))) return { late: true, ...throttled };
  }
}

/** Waits for the tokens and takes them; false where the time doesn't suffice. */
async function tokensTaken(pace: Pace, clock: Clock, resources: number): Promise<boolean> {
  for (;;) {
    const now = clock.now();
    const delayMs = Math.max(pace.calls.delayMs(now), pace.resources?.delayMs(now, resources) ?? 0);
    if (!(await waited(pace, clock, delayMs))) return false;
    // Others may have waited for the same token.
    if (delayMs > 0) continue;
    pace.calls.take(now);
    pace.resources?.take(now, resources);
    return true;
  }
}

/** False, and at once, where less than the reserve would be left after it. */
async function waited(pace: Pace, { sleep }: Clock, ms: number): Promise<boolean> {
  const { remainingMs, reserveMs = 10_000 } = pace;
  if (remainingMs && remainingMs() - ms < reserveMs) return false;
  if (ms > 0) await sleep(ms);
  return true;
}
