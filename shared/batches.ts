/** The items in their order, at most `size` together: what an API takes in one call. */
export const inBatches = <Item>(items: readonly Item[], size: number): Item[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );

/** The items in their order, in batches that together weigh at most `size`; what weighs more is a batch of its own. */
export function inBatchesByWeight<Item>(
  items: readonly Item[],
  size: number,
  weightOf: (item: Item) => number,
): Item[][] {
  const batches: Item[][] = [];
  let room = 0;
  for (const item of items) {
    const weight = weightOf(item);
    if (batches.length === 0 || weight > room) {
      batches.push([]);
      room = size;
    }
    batches.at(-1)?.push(item);
    room -= weight;
  }
  return batches;
}
