/**
 * Which part of the spend something is about, by dimension and value: `{ account: '210987654321', service: 'Amazon EC2' }`.
 * `{}` is all of it.
 */
export type Scope = Readonly<Record<string, string>>;

/** The same for the same scope, whatever the order of its dimensions. */
export const scopeKey = (scope: Scope): string => JSON.stringify(Object.entries(scope).toSorted(byName));

const byName = ([a]: [string, string], [b]: [string, string]): number => (a < b ? -1 : a > b ? 1 : 0);

/** Whether `inner` is `outer` or a part of it. */
export const isWithin = (inner: Scope, outer: Scope): boolean =>
  Object.entries(outer).every(([dimension, value]) => inner[dimension] === value);

/** Whether two scopes can have spend in common: no dimension on which they differ. */
export const areCompatible = (a: Scope, b: Scope): boolean =>
  Object.entries(a).every(([dimension, value]) => b[dimension] === undefined || b[dimension] === value);
