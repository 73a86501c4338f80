import type { CostExplorerClient } from '@aws-sdk/client-cost-explorer';
import { type CountRequest, getCharges, getUsage } from '../aws/cost-explorer.ts';
import type { Config } from '../config.ts';
import { logger } from '../observability.ts';
import { addDays, datesOf, daysBefore, type IsoDate, type IsoTime, type Period } from '../period.ts';
import { byAccount, byService, groupingKey } from '../spend/grouping.ts';
import { isClosed, type Ledger, lastRead, usageTypesOf } from '../spend/ledger.ts';
import { type LeftOut, lookbackDays, newestDays, planQuestions, type Question } from '../spend/plan.ts';
import { type Answer, type LedgerStore, ledgerOf, loadMonths, recordAnswers } from '../store/spend-ledger.ts';

type Clients = { costExplorer: CostExplorerClient; ledger: LedgerStore };

/** What is known of the spend after a run has read it. */
export type SpendRead = {
  ledger: Ledger;
  /** What the configuration asks for and wasn't read, with the reason: its days stay as they were. */
  leftOut: LeftOut[];
};

/**
 * The days that a run looks at: whole months back, which are read as such anyway. What is said of a day depends on
 * where the walk begins, so the runs of a month begin on the same day.
 */
export function spendWindow(time: IsoTime): Period {
  const { start, end } = daysBefore(time, lookbackDays);
  return { start: `${start.slice(0, 7)}-01`, end };
}

/** The ledger with what Cost Explorer says now; where an event comes again, as it was then. */
export async function readSpend(
  { costExplorer, ledger: store }: Clients,
  { spend }: Pick<Config, 'spend'>,
  time: IsoTime,
  count: CountRequest,
): Promise<SpendRead> {
  const window = spendWindow(time);
  const months = await loadMonths(store, window);
  const before = ledgerOf(months);
  // What is read now is not what was known then: an older event is answered from what was read until then. A run that
  // crashed before it had written the newest day has read nothing.
  if ((lastRead(before).get(addDays(window.end, -1)) ?? '') >= time) return { ledger: before, leftOut: [] };
  const plan = planQuestions(spend, before, time);
  const run: Run = { costExplorer, time, count, cap: spend.dailyRequestCap };
  const bill = await readBill(run, plan.bill);
  const usageTypes = [...new Set([...usageTypesOf(before), ...(bill.reading.usageTypes ?? [])])];
  const details = await readDetails(run, plan.details, usageTypes);
  const leftOut = [...plan.leftOut, ...details.leftOut];
  if (leftOut.length > 0) logger.warn('spend left out', { leftOut });
  // Of one time the newest days go in last: where they are there, all is.
  const recorded = await recordAnswers(store, [...details.answers, bill], months);
  return { ledger: ledgerOf(recorded), leftOut };
}

type Run = { costExplorer: CostExplorerClient; time: IsoTime; count: CountRequest; cap: number };

/** The bill of a period; of the newest days alone where half of a day's requests don't suffice, and more by and by. */
async function readBill(run: Run, period: Period): Promise<Answer> {
  const newest = daysBefore(run.time, newestDays);
  if (period.start >= newest.start) return askBill(run, period);
  try {
    return await askBill({ ...run, count: upTo(Math.max(2, Math.floor(run.cap / 2)), run.count) }, period);
  } catch (error) {
    if (!(error instanceof TooManyPagesError)) throw error;
    logger.warn('history not read at once', { period, error });
    return askBill(run, newest);
  }
}

/** An answer has more pages than a question may take. */
class TooManyPagesError extends Error {
  override name = 'TooManyPagesError';
}

function upTo(limit: number, count: CountRequest): CountRequest {
  let requests = 0;
  return async () => {
    requests += 1;
    if (requests > limit) throw new TooManyPagesError(`more than ${limit} pages`);
    await count();
  };
}

async function askBill({ costExplorer, time, count }: Run, period: Period): Promise<Answer> {
  const requests = counting(count);
  const { charges, usageTypes } = await getCharges(costExplorer, period, requests.count);
  const groupings = [byAccount, byService];
  return {
    reading: { observed: time, period, groupings, usageTypes, requests: requests.made() },
    charges,
  };
}

function counting(count: CountRequest) {
  let requests = 0;
  return {
    count: async () => {
      await count();
      requests += 1;
    },
    made: () => requests,
  };
}

/** What can't be read is left out, and tried again by the next run: the bill itself is there. */
async function readDetails(
  run: Run,
  questions: readonly Question[],
  usageTypes: readonly string[],
): Promise<{ answers: Answer[]; leftOut: LeftOut[] }> {
  const answers: Answer[] = [];
  const leftOut: LeftOut[] = [];
  for (const question of questions) {
    try {
      answers.push(await askDetail(run, question, usageTypes));
    } catch (error) {
      leftOut.push({ ...question, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  return { answers, leftOut };
}

async function askDetail(
  run: Run,
  { grouping, period }: Question,
  usageTypes: readonly string[],
): Promise<Answer> {
  if (groupingKey(grouping) === groupingKey(byAccount)) return askBill(run, period);
  const requests = counting(upTo(Math.max(1, Math.floor(run.cap / 2)), run.count));
  const question = { grouping, period };
  const charges = await getUsage(run.costExplorer, question, usageTypes, requests.count);
  const reading = { observed: run.time, period, groupings: [grouping], requests: requests.made() };
  return { reading, charges };
}

/** The newest day of a window that is complete, as far as it was read by then. */
export function lastClosedDay(ledger: Ledger, window: Period, time: IsoTime): IsoDate | undefined {
  const read = lastRead(ledger, time);
  return datesOf(window).findLast((date) => {
    const readAt = read.get(date);
    return readAt !== undefined && isClosed(date, readAt);
  });
}

/** What is known by now was judged by the run that read it; an older event judges nothing again. */
export const isLate = ({ readings }: Ledger, time: IsoTime): boolean =>
  readings.some(({ observed }) => observed > time);
