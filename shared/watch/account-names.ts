import type { Config } from '../config.ts';
import type { Ledger } from '../spend/ledger.ts';

/** What people call the accounts: as the configuration says, else as the organisation does. */
export const namesOf = (
  { targets }: Pick<Config, 'targets'>,
  { accountNames }: Pick<Ledger, 'accountNames'>,
): Readonly<Record<string, string>> => ({
  ...accountNames,
  ...Object.fromEntries(targets.accounts.flatMap(({ id, name }) => (name ? [[id, name]] : []))),
});
