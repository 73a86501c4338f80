import { inBatches } from '../batches.ts';
import { errorCode } from './error.ts';
import type { PowerOptions, PowerOutcome } from './power.ts';

/** How resources of a kind are changed that AWS takes one at a time. */
export type EachChange<Item> = {
  send: (item: Item) => Promise<unknown>;
  /** Error codes that speak of the resource; every other speaks of the call. */
  ofOne: ReadonlySet<string>;
  /** What a fresh describe says after an error, where that settles it: it goes there, or is there already. */
  outcomeOf?: (item: Item) => Promise<Pick<PowerOutcome, 'outcome'> | undefined>;
};

const enoughMs = 10_000;
const concurrentCalls = 4;

/** Errors in a row that speak of the call, after which those to come would fail as well. */
const mostFailures = 3;

/**
 * Stops or starts resources one call each, a few at a time, and tells of every one what became of it, in their order. None
 * spoils another. What comes after three errors that speak of the call (no permission, throttling, network) is left to
 * the next run, as is what comes when the time has run out.
 */
export async function changeEach<Item extends { id: string }>(
  items: readonly Item[],
  change: EachChange<Item>,
  { remainingMs = () => Number.POSITIVE_INFINITY }: Pick<PowerOptions, 'remainingMs'> = {},
): Promise<PowerOutcome[]> {
  const outcomes: PowerOutcome[] = [];
  for (const some of inBatches(items, concurrentCalls)) {
    const last = outcomes.slice(-mostFailures);
    const isHopeless = last.length === mostFailures && last.every(({ outcome }) => outcome === 'failed');
    if (isHopeless || remainingMs() < enoughMs) {
      outcomes.push(...items.slice(outcomes.length).map(({ id }) => ({ id, outcome: 'left' as const })));
      break;
    }
    outcomes.push(...(await Promise.all(some.map((item) => changeOne(item, change)))));
  }
  return outcomes;
}

async function changeOne<Item extends { id: string }>(
  item: Item,
  { send, ofOne, outcomeOf }: EachChange<Item>,
): Promise<PowerOutcome> {
  const { id } = item;
  try {
    await send(item);
    return { id, outcome: 'done' };
  } catch (error) {
    const told = await outcomeOf?.(item).catch(() => undefined);
    if (told) return { id, ...told };
    const code = errorCode(error);
    const message = error instanceof Error ? error.message : String(error);
    return { id, outcome: ofOne.has(code) ? 'refused' : 'failed', code, message };
  }
}
