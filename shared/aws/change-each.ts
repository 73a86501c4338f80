import { inBatches } from '../batches.ts';
import { errorCode } from './error.ts';
import type { PowerOptions, PowerOutcome } from './power.ts';

/** How resources of a kind are changed that AWS takes one at a time. */
export type EachChange<Item> = {
  send: (item: Item) => Promise<unknown>;
  /** Error codes that speak of the resource; every other speaks of the call. */
  ofOne: ReadonlySet<string>;
  /** What a fresh describe says after an error, where that settles it: it is there already, is on its way, is gone. */
  outcomeOf?: (item: Item) => Promise<Omit<PowerOutcome, 'id'> | undefined>;
};

const concurrentCalls = 4;

const enoughMs = 10_000;

/** Codes of the caller, which meet every call alike. */
const denied = new Set([
  'AccessDenied',
  'AccessDeniedException',
  'ExpiredToken',
  'ExpiredTokenException',
  'UnauthorizedOperation',
  'UnrecognizedClientException',
]);

/**
 * Stops or starts resources one call each, a few at a time, and tells of every one what became of it, in their order. None
 * spoils another. After one that isn't allowed the rest is left, and so is what there is no time for.
 */
export async function changeEach<Item extends { id: string }>(
  items: readonly Item[],
  change: EachChange<Item>,
  { remainingMs = () => Number.POSITIVE_INFINITY }: Pick<PowerOptions, 'remainingMs'> = {},
): Promise<PowerOutcome[]> {
  const outcomes: PowerOutcome[] = [];
  for (const batch of inBatches(items, concurrentCalls)) {
    const isOver =
      remainingMs() < enoughMs ||
      outcomes.some(({ outcome, code = '' }) => outcome === 'failed' && denied.has(code));
    const made = batch.map((item) =>
      isOver ? { id: item.id, outcome: 'left' as const } : changeOne(item, change),
    );
    outcomes.push(...(await Promise.all(made)));
  }
  return outcomes;
}

async function changeOne<Item extends { id: string }>(
  item: Item,
  { send, ofOne, outcomeOf }: EachChange<Item>,
): Promise<PowerOutcome> {
  try {
    await send(item);
    return { id: item.id, outcome: 'done' };
  } catch (error) {
    const code = errorCode(error);
    const message = error instanceof Error ? error.message : String(error);
    const told = await outcomeOf?.(item).catch(() => undefined);
    return { id: item.id, ...(told ?? { outcome: ofOne.has(code) ? 'refused' : 'failed', code, message }) };
  }
}
