import { noise, seedOf } from '../../../cli/sample/noise.ts';

/** Draws that depend on nothing but the seed, and on how many were made before. */
export type Luck = {
  /** Whether something that happens once in so many times happens now. */
  oneIn: (times: number) => boolean;
  /** A whole number from `least` to `most`, both inclusive. */
  between: (least: number, most: number) => number;
  /** One of them; throws where there is none. */
  pick: <Item>(items: readonly Item[]) => Item;
};

export function luckOf(seed: number | string): Luck {
  const mixed = seedOf(`luck ${seed}`);
  let step = 0;
  const draw = () => noise(mixed, step++);
  const between = (least: number, most: number) => least + Math.floor(draw() * (most - least + 1));
  return {
    oneIn: (times) => draw() * times < 1,
    between,
    pick: <Item>(items: readonly Item[]) => {
      const item = items[between(0, items.length - 1)];
      if (item === undefined) throw new Error('nothing to pick from');
      return item;
    },
  };
}
