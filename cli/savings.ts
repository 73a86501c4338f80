import { countedDays } from '../shared/schedule/off-period.ts';
import {
  type CountedPeriod,
  type Month,
  monthOf,
  monthSpan,
  type Savings,
  type SavingsGroup,
  savingsBy,
  savingsIn,
} from '../shared/schedule/savings.ts';
import { readSavings } from '../shared/watch/savings.ts';
import { stackTable } from './incidents.ts';
import { type AccountOptions, printJson } from './options.ts';
import { openPricedSession } from './priced-session.ts';
import { playNights, sampleMorning } from './sample-nights.ts';
import { savingsText } from './savings-text.ts';
import { print } from './terminal.ts';

export type SavingsOptions = AccountOptions & { month?: Month; by: SavingsGroup; table?: string };

/** What the stops of a month saved, and how. */
export type SavingsReport = { month: Month; by: SavingsGroup; rows: Savings[]; total: Savings };

/** `savings`: what the stops of a month saved, by whom; changes nothing. */
export async function savingsCommand({ month: asked, by, table, ...options }: SavingsOptions): Promise<void> {
  const now = options.now ?? (options.sample ? sampleMorning : undefined);
  const session = await openPricedSession({ ...options, ...(now !== undefined && { now }) });
  try {
    if (session.sample) await playNights(session.sample, session.now);
    const month = asked ?? monthOf(session.now);
    const periods = await readSavings(stackTable(session, table), session.targets, month);
    const report = toReport(periods, month, by);
    if (options.format === 'json') printJson(toJson(report));
    else print(savingsText(report));
  } finally {
    await session.close();
  }
}

export function toReport(periods: readonly CountedPeriod[], month: Month, by: SavingsGroup): SavingsReport {
  const span = monthSpan(month);
  return { month, by, rows: savingsBy(periods, by, span), total: savingsIn(periods, span) };
}

const toJson = ({ month, by, rows, total }: SavingsReport) => ({
  month,
  ...monthSpan(month),
  by,
  currency: 'USD',
  countedDays,
  // What is tagged for nobody is a group, too.
  rows: rows.map(({ group, ...row }) => ({ group: group ?? null, ...row })),
  total,
});
