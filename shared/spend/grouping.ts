import type { Scope } from './scope.ts';

/**
 * By which dimensions spend was read, as a scope names them: `['account', 'service']`, `['team']`. Each grouping adds
 * up to the whole by itself: figures of two are never added.
 */
export type Grouping = readonly string[];

/** The grouping in which every dollar of usage is known. */
export const byAccount: Grouping = ['account', 'service'];

/** What is no usage (credits, tax, fees) is known for the whole organisation, by service. */
export const byService: Grouping = ['service'];

export const byUsageType: Grouping = ['service', 'usageType'];

/** The dimensions of the bill itself; any other is a cost allocation tag. */
const ofTheBill = new Set(['account', 'service', 'region', 'usageType']);

const prefix = 'tag:';

/** The dimension under which a cost allocation tag is followed: its key, `team`, unless the bill has that name itself. */
export const tagDimension = (key: string): string =>
  ofTheBill.has(key) || key.startsWith(prefix) ? prefix + key : key;

/** The key of the tag that a dimension follows; undefined for one of the bill itself. */
export function tagKeyOf(dimension: string): string | undefined {
  if (ofTheBill.has(dimension)) return undefined;
  return dimension.startsWith(prefix) ? dimension.slice(prefix.length) : dimension;
}

/** The same for the same dimensions, in whatever order. */
export const groupingKey = (grouping: Grouping): string => JSON.stringify(grouping.toSorted());

/** The key of the grouping that a scope is of. */
export const groupingKeyOf = (scope: Scope): string => groupingKey(Object.keys(scope));
