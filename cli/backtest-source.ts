import { basename } from 'node:path';
import { CostExplorerClient } from '@aws-sdk/client-cost-explorer';
import { createClient } from '../shared/aws/client.ts';
import type { Config } from '../shared/config.ts';
import { dateOf, daysBefore, daysBetween, type IsoTime } from '../shared/period.ts';
import type { FocusCost } from '../shared/spend/focus.ts';
import type { SpendHistory, SpendRecord } from '../shared/spend/history.ts';
import { readConfigFile } from './config-file.ts';
import { InputError } from './input-error.ts';
import type { AccountOptions } from './options.ts';
import { progress } from './progress.ts';
import { openSession } from './session.ts';
import { readSpendFile } from './spend-file.ts';
import { fetchSpend } from './spend-source.ts';

export type SourceOptions = AccountOptions & { spend?: string; cost?: FocusCost; days?: number };

/** A spend history, and what is known about it. */
export type SpendSource = {
  record: SpendRecord;
  config: Config;
  /** What people call it. */
  name: string;
  /** What people call the accounts, by their id. */
  accountNames: Readonly<Record<string, string>>;
};

/** Reads the file, or asks Cost Explorer of the account, whichever was given. */
export async function openSource(options: SourceOptions): Promise<SpendSource> {
  const given = [options.spend, options.profile, options.sample].filter((one) => one !== undefined);
  if (given.length !== 1)
    throw new InputError('backtest what? One of --spend FILE, --profile NAME, --sample');
  const source = await (options.spend === undefined ? askAccount(options) : readFile(options.spend, options));
  if (source.record.histories.some(({ category }) => category === 'Usage')) return source;
  throw new InputError(`${source.name}: holds no usage to judge`);
}

async function readFile(
  file: string,
  { cost, days, now, config: configFile }: SourceOptions,
): Promise<SpendSource> {
  if (days !== undefined) throw new InputError('--days goes with --profile or --sample: a file has its own');
  const config = await readConfigFile(configFile);
  const record = await readSpendFile(file, {
    ...(cost && { cost }),
    tags: config.spend.tags,
    onProgress: progress,
  });
  return {
    record: now === undefined ? record : knownAt(record, now),
    config,
    name: basename(file),
    accountNames: namesOf(config),
  };
}

/** As far back as Cost Explorer has days, at any time of the month. */
const availableDays = 396;

async function askAccount(options: SourceOptions): Promise<SpendSource> {
  if (options.cost !== undefined)
    throw new InputError('--cost goes with --spend: Cost Explorer is asked for what is judged');
  const { days = availableDays } = options;
  const { config, now, close } = await openSession(options);
  try {
    const record = await fetchSpend(createClient(CostExplorerClient), daysBefore(now, days), progress);
    const name = options.sample ? 'the sample account' : `profile ${options.profile}`;
    return { record, config, name, accountNames: namesOf(config) };
  } finally {
    await close();
  }
}

const namesOf = ({ targets }: Config): Record<string, string> =>
  Object.fromEntries(targets.accounts.flatMap(({ id, name }) => (name === undefined ? [] : [[id, name]])));

/** What of a record was known on the day of a time. Throws where that is nothing. */
function knownAt(record: SpendRecord, now: IsoTime): SpendRecord {
  const today = daysBetween('1970-01-01', dateOf(now));
  const histories = record.histories
    .map((history) => readUntil(history, today))
    .filter(({ days }) => days.length > 0);
  if (histories.length === 0) throw new InputError(`--now ${dateOf(now)}: nothing was known by then`);
  return { ...record, histories };
}

function readUntil({ days, observed, amounts, ...series }: SpendHistory, today: number): SpendHistory {
  const isKnown = (_: number, index: number) => (observed[index] ?? 0) <= today;
  return {
    ...series,
    days: days.filter(isKnown),
    observed: observed.filter(isKnown),
    amounts: amounts.filter(isKnown),
  };
}
