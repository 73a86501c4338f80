import {
  type Changed,
  type ChangeOutcome,
  createPatience,
  leftAfter,
  type Patience,
  problemOf,
} from './change-outcome.ts';
import { type Pace, pacedCall } from './paced-call.ts';
import { sharedBucket, type TokenRate } from './token-bucket.ts';

/** How resources of a kind are changed that AWS takes one at a time. */
export type EachChange<Item> = {
  /** Once is as good as twice: it is asked for again after it was throttled. Send commands through `untilThrottled`. */
  send: (item: Item) => Promise<unknown>;
  /** Error codes that speak of the resource; every other speaks of the call. */
  ofOne: ReadonlySet<string>;
  /** Error codes that say that it is busy with another change: the next run asks again. */
  later?: ReadonlySet<string>;
  /** Error codes that say that there is no such resource any more. */
  gone?: ReadonlySet<string>;
  /** What a fresh describe says after an error, where that settles it: it is there already, is on its way, is gone. */
  outcomeOf?: (item: Item) => Promise<ChangeOutcome | undefined>;
};

export type EachOptions = Pace & { /** Calls at the same time; 4. */ concurrency?: number };

/** Where no service publishes a limit, so few calls never met one. */
const usualRate: TokenRate = { burst: 10, perSecond: 2 };

/** The pace of one call to a service for resources of one account and region, with what this run has left. */
export const paceOf = (
  api: string,
  { account, region }: { account: string; region: string },
  { remainingMs, clock }: Pick<EachOptions, 'remainingMs' | 'clock'>,
  rate = usualRate,
): EachOptions => ({ calls: sharedBucket({ account, region, api }, rate), remainingMs, clock });

/**
 * Stops or starts resources one call each, a few at a time, and tells of every one what became of it, in their order. None
 * spoils another. Where three calls in a row fail for a reason that is not of the resource (no permission, network), or
 * one for the caller's own, the rest is left; as it is when the time runs out.
 */
export async function changeEach<Item extends { id: string }>(
  items: readonly Item[],
  change: EachChange<Item>,
  { concurrency = 4, ...pace }: EachOptions,
): Promise<Changed[]> {
  const patience = createPatience();
  const outcomes = new Map<Item, ChangeOutcome>();
  const waiting = items.values();
  const work = async (): Promise<void> => {
    for (const item of waiting) {
      outcomes.set(item, patience.verdict() ?? (await changeOne(item, change, pace, patience)));
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  return items.map((item) => ({ id: item.id, ...(outcomes.get(item) ?? { outcome: 'left' }) }));
}

async function changeOne<Item>(
  item: Item,
  { send, ofOne, later, gone, outcomeOf }: EachChange<Item>,
  pace: Pace,
  patience: Patience,
): Promise<ChangeOutcome> {
  const called = await pacedCall(() => send(item), pace);
  if ('late' in called) return leftAfter(called.error);
  if ('answer' in called) {
    patience.renew();
    return { outcome: 'done' };
  }
  const problem = problemOf(called.error);
  const isOfOne = [ofOne, later, gone].some((codes) => codes?.has(problem.code));
  if (isOfOne) patience.renew();
  else patience.fail(called.error);
  if (gone?.has(problem.code)) return { outcome: 'gone', ...problem };
  const told = await outcomeOf?.(item).catch(() => undefined);
  if (!told && later?.has(problem.code)) return { outcome: 'left', ...problem };
  return told ?? { outcome: isOfOne ? 'refused' : 'failed', ...problem };
}
