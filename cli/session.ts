import { STSClient } from '@aws-sdk/client-sts';
import { createClient } from '../shared/aws/client.ts';
import { getCallerAccount } from '../shared/aws/sts.ts';
import { type Config, parseConfig } from '../shared/config.ts';
import { type IsoTime, toTime } from '../shared/period.ts';
import { openTable, type Table } from '../shared/store/table.ts';
import { type Home, homeOf, type Target, targetsOf } from '../shared/target.ts';
import { readConfigFile } from './config-file.ts';
import { InputError } from './input-error.ts';
import type { AccountOptions } from './options.ts';
import { openSampleAccount, readSampleConfig, type SampleAccount } from './sample/account.ts';

/** What a command works on: an account, its configuration, and what time it is there. */
export type Session = {
  config: Config;
  home: Home;
  targets: readonly Target[];
  now: IsoTime;
  /** The stack's table; absent where no stack is deployed, or its name isn't known here. */
  table?: Table;
  sample?: SampleAccount;
  close: () => Promise<void>;
};

/** When the embedded sample account is looked at unless `--now` says otherwise: a Monday evening, off hours. */
const sampleNow: IsoTime = '2026-11-16T18:25:00Z';

/** Opens the sample account, or the user's own with their profile. The caller closes it. */
export async function openSession(options: AccountOptions): Promise<Session> {
  if (options.sample && options.profile !== undefined) {
    throw new InputError('--sample and --profile exclude each other');
  }
  return options.sample ? openSample(options) : openOwn(options);
}

async function openSample({ config: file, now = sampleNow }: AccountOptions): Promise<Session> {
  const config = file === undefined ? parseConfig(readSampleConfig()) : await readConfigFile(file);
  const sample = await openSampleAccount({ now });
  process.env['WATCHDOG_CONFIG'] = JSON.stringify(config);
  const home = homeOf(process.env);
  return {
    config,
    home,
    targets: targetsOf(config, home),
    now,
    table: openTable(tableName()),
    sample,
    close: () => sample.close(),
  };
}

async function openOwn({ config: file, now, profile }: AccountOptions): Promise<Session> {
  const config = await readConfigFile(file);
  process.env['WATCHDOG_CONFIG'] = JSON.stringify(config);
  if (profile !== undefined) process.env['AWS_PROFILE'] = profile;
  const home = await ownHome();
  process.env['ACCOUNT_ID'] = home.account;
  process.env['AWS_REGION'] = home.region;
  return {
    config,
    home,
    targets: targetsOf(config, home),
    now: now ?? toTime(Date.now()),
    ...(process.env['TABLE_NAME'] && { table: openTable(tableName()) }),
    close: async () => {},
  };
}

const tableName = (): string => process.env['TABLE_NAME'] ?? '';

/** Whose credentials these are, and which region they work in, as the SDK resolves both. */
async function ownHome(): Promise<Home> {
  const client = createClient(STSClient);
  const region = await client.config.region().catch(() => {
    throw new InputError('no region: set AWS_REGION, or region in the profile (or try --sample)');
  });
  const account = await getCallerAccount(client).catch((cause: Error) => {
    throw new InputError(`no credentials that AWS accepts: ${cause.message} (or try --sample)`, { cause });
  });
  return { account, region };
}
