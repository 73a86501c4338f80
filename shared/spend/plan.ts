import {
  addDays,
  dateOf,
  datesOf,
  daysBefore,
  daysBetween,
  type IsoDate,
  type IsoTime,
  type Period,
} from '../period.ts';
import { byAccount, byUsageType, type Grouping, tagDimension } from './grouping.ts';
import { isClosed, type Ledger, lastRead, readingsBy } from './ledger.ts';

/** What the days of a period cost, by the dimensions of a grouping: asked of Cost Explorer once. */
export type Question = { grouping: Grouping; period: Period };

/** What a run asks Cost Explorer. */
export type Plan = {
  /** The days of which it reads the bill: record type by service, then account by service. */
  bill: Period;
  /** What it asks besides, most wanted first. */
  details: Question[];
  /** What it would ask too if the day's requests allowed it. */
  leftOut: LeftOut[];
};

export type LeftOut = Question & { reason: string };

/** What the configuration says of reading the spend. */
export type Wanted = {
  historyDays: number;
  dailyRequestCap: number;
  /** Cost allocation tags by which spend is followed too, most wanted first. */
  tags: readonly string[];
  usageTypes: boolean;
};

/** Days of history that are looked at: eight weeks of rhythm, three months of fees, and room for an incident. */
export const lookbackDays = 120;

/** The newest days, which every run reads: they still fill, and are all that it judges when nothing is open. */
export const newestDays = 16;

/**
 * What to ask, given what was read before. The bill is always asked; each grouping beyond it only as far as half of
 * the day's requests suffice, by what its last answer took: the other half is for explaining incidents, for what
 * instances really cost, and for a second run. The most detailed is left out first.
 */
export function planQuestions(wanted: Wanted, ledger: Ledger, time: IsoTime): Plan {
  const target = daysBefore(time, Math.min(lookbackDays, wanted.historyDays));
  const bill = billPeriod(ledger, time, wanted.historyDays);
  const groupings = [
    ...[...new Set(wanted.tags)].map((key): Grouping => [tagDimension(key)]),
    ...(wanted.usageTypes ? [byUsageType] : []),
  ];
  const plan: Plan = { bill, details: [], leftOut: [] };
  let left = Math.floor(wanted.dailyRequestCap / 2) - requestsFor(ledger, byAccount, bill);
  const ask = (question: Question): void => {
    const requests = requestsFor(ledger, question.grouping, question.period);
    if (requests <= left) {
      plan.details.push(question);
      left -= requests;
    } else {
      const reason = `takes about ${requests} requests, and ${Math.max(0, left)} of the ${wanted.dailyRequestCap} a day are left for it`;
      plan.leftOut.push({ ...question, reason });
    }
  };
  for (const grouping of groupings) ask({ grouping, period: detailPeriod(ledger, grouping, time) });
  // What has never been read of the past comes after what is new, and over several days where it is much.
  for (const grouping of [byAccount, ...groupings]) {
    const period = pastPeriod(ledger, grouping, target, left);
    if (period) ask({ grouping, period });
  }
  return plan;
}

/** The first time all of the history, later what is new and what is due. */
function billPeriod(ledger: Ledger, time: IsoTime, historyDays: number): Period {
  return duePeriod(ledger, byAccount, time) ?? daysBefore(time, historyDays);
}

/** The first time the newest days alone: what their answer takes says how much of the past to ask for. */
const detailPeriod = (ledger: Ledger, grouping: Grouping, time: IsoTime): Period =>
  duePeriod(ledger, grouping, time) ?? daysBefore(time, newestDays);

/** From the oldest day on that was left out or is due; undefined where nothing was ever read. */
function duePeriod(ledger: Ledger, grouping: Grouping, time: IsoTime): Period | undefined {
  const read = lastRead(ledger, undefined, grouping);
  const oldest = oldestOf(read);
  if (oldest === undefined) return undefined;
  const today = dateOf(time);
  const days = datesOf({ start: oldest, end: today });
  const start = days.find((date) => isDue(date, read.get(date), today));
  return { start: start ?? addDays(today, -1), end: today };
}

/**
 * Whether a day is to be read again. The newest ones, and what was never read as complete, by every run; older ones back to the first of the previous month
 * once a week, because a bill is restated until its invoice, and every third day while that is being made out.
 */
function isDue(date: IsoDate, readAt: IsoTime | undefined, today: IsoDate): boolean {
  if (readAt === undefined || !isClosed(date, readAt) || daysBetween(date, today) <= newestDays) return true;
  if (date < firstOfPreviousMonth(today)) return false;
  const dayOfMonth = Number(today.slice(8));
  const isInvoiced = date < `${today.slice(0, 7)}-01` && dayOfMonth >= 3 && dayOfMonth <= 10;
  return daysBetween(dateOf(readAt), today) >= (isInvoiced ? 3 : 7);
}

const firstOfPreviousMonth = (today: IsoDate): IsoDate =>
  `${addDays(`${today.slice(0, 7)}-01`, -1).slice(0, 7)}-01`;

/** As much of the past before the first day that was read as so many requests suffice for; undefined for none. */
function pastPeriod(
  ledger: Ledger,
  grouping: Grouping,
  target: Period,
  requests: number,
): Period | undefined {
  const end = oldestOf(lastRead(ledger, undefined, grouping));
  const perDay = requestsPerDay(ledger, grouping);
  if (end === undefined || end <= target.start || perDay === undefined) return undefined;
  const days = Math.max(1, Math.min(daysBetween(target.start, end), Math.floor(requests / perDay)));
  return { start: addDays(end, -days), end };
}

const oldestOf = (read: ReadonlyMap<IsoDate, IsoTime>): IsoDate | undefined => [...read.keys()].toSorted()[0];

/** The bill is two questions, each of a page at least; what an unknown grouping takes shows when it is asked. */
function requestsFor(ledger: Ledger, grouping: Grouping, { start, end }: Period): number {
  const least = grouping === byAccount ? 2 : 1;
  const requests = (requestsPerDay(ledger, grouping) ?? 0) * daysBetween(start, end);
  return Math.max(least, Math.ceil(requests - 1e-9)); // a share of a request a day, times the days, is not exact
}

/**
 * What the longest of the last answers took. A request is a page, of which a few days fill but a part: the longest one
 * says most.
 */
function requestsPerDay(ledger: Ledger, grouping: Grouping): number | undefined {
  const answers = Map.groupBy(
    readingsBy(ledger, grouping).filter(({ requests }) => requests !== undefined),
    ({ observed }) => observed,
  );
  const sums = [...answers.values()].slice(-7).map((parts) => ({
    days: sum(parts.map(({ period }) => daysBetween(period.start, period.end))),
    requests: sum(parts.map(({ requests = 0 }) => requests)),
  }));
  const longest = sums.toSorted((a, b) => b.days - a.days)[0];
  return longest === undefined || longest.days === 0 ? undefined : longest.requests / longest.days;
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
