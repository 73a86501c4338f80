import type { Scope } from '../shared/spend/scope.ts';

/** What people call an account, by its id. */
export type AccountNames = Readonly<Record<string, string>>;

/** `Amazon Bedrock in ml-prod`, `Amazon S3 in 210987654321, team search`; `all spend` for the whole. */
export function seriesName({ account, service, ...others }: Scope, names: AccountNames = {}): string {
  const place = account === undefined ? undefined : (names[account] ?? account);
  const main = service === undefined ? place : place === undefined ? service : `${service} in ${place}`;
  const rest = Object.entries(others).map(
    ([dimension, value]) => `${dimension} ${value === '' ? '–' : value}`,
  );
  return [...(main === undefined ? [] : [main]), ...rest].join(', ') || 'all spend';
}
