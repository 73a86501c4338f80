import { bellNoise, noise, seedOf } from '../../cli/sample/noise.ts';

/** A sequence of numbers that look random, and are the same for the same seed. */
export type Dice = {
  /** From `low` to below `high`. */
  between(low: number, high: number): number;
  /** A whole number, both ends included. */
  whole(low: number, high: number): number;
  chance(probability: number): boolean;
  pick<Item>(items: readonly [Item, ...Item[]]): Item;
  /** From `low` to `high`, each magnitude as likely: amounts of money are spread like that. */
  magnitude(low: number, high: number): number;
  /** Around 0 with a standard deviation of 1, never beyond 3. */
  bell(): number;
};

export function diceOf(seed: string): Dice {
  const start = seedOf(seed);
  let step = 0;
  const next = () => noise(start, step++);
  const between = (low: number, high: number) => low + (high - low) * next();
  const whole = (low: number, high: number) => Math.floor(between(low, high + 1));
  return {
    between,
    whole,
    chance: (probability) => next() < probability,
    pick: (items) => items[whole(0, items.length - 1)] ?? items[0],
    magnitude: (low, high) => Math.exp(between(Math.log(low), Math.log(high))),
    bell: () => bellNoise(start ^ 0x5bd1e995, step++),
  };
}
