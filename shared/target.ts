import { type Config, ConfigError, type ConfigFault } from './config.ts';

/** One account in one region: what a sweep visits, and what a queue message names. */
export type Target = {
  account: string;
  region: string;
  /** What people call the account. */
  accountName?: string | undefined;
  /** The role to assume there; absent for the account the watchdog runs in. */
  roleArn?: string | undefined;
};

/** Where the watchdog itself runs. */
export type Home = { account: string; region: string };

/** Reads where the watchdog runs from the function's environment; throws where it can't be told. */
export function homeOf(env: NodeJS.ProcessEnv): Home {
  const { ACCOUNT_ID: account, AWS_REGION: region } = env;
  if (!account || !region) throw new Error('ACCOUNT_ID and AWS_REGION are not set: where does this run?');
  return { account, region };
}

/**
 * Every account in every region to watch: those of the configuration, else the watchdog's own. Throws where another
 * account has no role: its name would stand over what the watchdog's own account has.
 */
export function targetsOf({ targets: { accounts, regions } }: Config, home: Home): Target[] {
  const watchedAccounts = accounts.length > 0 ? accounts : [{ id: home.account }];
  const faults = accounts.flatMap(({ id, role }, index) =>
    role || id === home.account ? [] : [rolelessFault(id, index, home)],
  );
  if (faults.length > 0) throw new ConfigError(faults);
  const watchedRegions = regions.length > 0 ? regions : [home.region];
  return watchedAccounts.flatMap(({ id, name, role }) =>
    watchedRegions.map((region) => ({
      account: id,
      region,
      ...(name && { accountName: name }),
      ...(role && id !== home.account && { roleArn: toRoleArn(role, id, region) }),
    })),
  );
}

const rolelessFault = (id: string, index: number, home: Home): ConfigFault => ({
  path: ['targets', 'accounts', index, 'role'],
  message: `missing, though ${id} is not ${home.account}, where the watchdog runs`,
});

/** The target an event speaks of; absent where nobody asked to watch it. */
export const findTarget = (targets: readonly Target[], account: string, region: string): Target | undefined =>
  targets.find((target) => target.account === account && target.region === region);

/** How a person reads it: `ml-dev (210987654321), eu-west-1`. */
export const targetName = ({ account, accountName, region }: Target): string =>
  `${accountName ? `${accountName} (${account})` : account}, ${region}`;

/** A role's ARN from its ARN or its bare name; the partition follows from the region. */
function toRoleArn(role: string, account: string, region: string): string {
  if (role.startsWith('arn:')) return role;
  const partition = region.startsWith('cn-') ? 'aws-cn' : region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
  return `arn:${partition}:iam::${account}:role/${role}`;
}
