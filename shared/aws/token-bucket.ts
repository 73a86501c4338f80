/** How many tokens a bucket holds at most, and how many come back in a second. */
export type TokenRate = { burst: number; perSecond: number };

/**
 * AWS limits calls by buckets of tokens; the same bucket on our side keeps us from running into theirs. It holds no clock:
 * every question brings its time, in milliseconds of whichever clock.
 */
export type TokenBucket = {
  /** Milliseconds until so many tokens are there; of more than it can hold, until it is full. */
  delayMs: (now: number, tokens?: number) => number;
  /** Takes them, there or not: what is missing is waited for by whoever comes next. A negative number gives them back. */
  take: (now: number, tokens?: number) => void;
  /** AWS has just said that there are none. */
  drain: (now: number) => void;
};

/** A bucket that is full at first. */
export function createTokenBucket({ burst, perSecond }: TokenRate): TokenBucket {
  let tokens = burst;
  let countedAt: number | undefined;
  const count = (now: number): number => {
    const elapsed = Math.max(0, now - (countedAt ?? now));
    tokens = Math.min(burst, tokens + (elapsed / 1000) * perSecond);
    countedAt = now;
    return tokens;
  };
  return {
    delayMs: (now, wanted = 1) => {
      const missing = Math.min(wanted, burst) - count(now);
      return missing > rounding ? Math.ceil((missing / perSecond) * 1000) : 0;
    },
    take: (now, taken = 1) => {
      tokens = Math.min(burst, count(now) - taken);
    },
    drain: (now) => {
      tokens = Math.min(0, count(now));
    },
  };
}

/** What adding up fractions of a token may lack of a whole one. */
const rounding = 1e-6;

/** What AWS counts by: each API in each account and region has a bucket of its own. */
export type Counted = { account: string; region: string; api: string };

/** The bucket that everybody in this process shares who calls that API there at that rate. */
export function sharedBucket({ account, region, api }: Counted, rate: TokenRate): TokenBucket {
  const key = [account, region, api, rate.burst, rate.perSecond].join(' ');
  const bucket = buckets.get(key) ?? createTokenBucket(rate);
  buckets.set(key, bucket);
  return bucket;
}

const buckets = new Map<string, TokenBucket>();

/** Fills all of them, as in a new process: for a world whose time passes by itself. */
export const resetBuckets = (): void => buckets.clear();
