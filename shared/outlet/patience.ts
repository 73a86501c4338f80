import { setTimeout as wait } from 'node:timers/promises';
import { DeliveryError } from './delivery-error.ts';

/** Longer than this the queue waits, not the function: ms. */
const longestPause = 3_000;
const maxPauses = 2;

/** Asks again after a short pause where the outlet asks for one (`Retry-After`); a longer one is left to the caller. */
export async function patiently<Result>(ask: () => Promise<Result>): Promise<Result> {
  for (let pauses = 0; ; pauses += 1) {
    try {
      return await ask();
    } catch (error) {
      const pauseMs = error instanceof DeliveryError ? error.pauseMs : undefined;
      if (pauseMs === undefined || pauseMs > longestPause || pauses === maxPauses) throw error;
      await wait(Math.max(pauseMs, 100));
    }
  }
}
