import type { Usd } from '../money.ts';
import type { IsoDate } from '../period.ts';
import { median } from './statistics.ts';

type Dated = { date: IsoDate; amount: Usd };

/** A credit that ran out: the same usage, and more to pay. */
export type EndedCredit = {
  /** The first day without it. */
  endedOn: IsoDate;
  /** What it took off a day, positive. */
  perDay: Usd;
  /** The usage it was set against, on a usual day before and since. */
  usage: { before: Usd; after: Usd };
};

/** Days of credit that make a habit, and days without it that end one: a credit may be booked a day or two late. */
const habitDays = 7;
const endedDays = 3;
/** Of the usual credit, what may be left; and of the usual usage, what it may differ by and still count as flat. */
const left = 0.2;
const flat = 0.25;

/**
 * The credit that has ended within the days given, all of them complete and in order, while what it was set against
 * goes on; credits are negative, as on the bill, and a day without one has none. Undefined where it goes on, hardly
 * was one, or its usage ended with it.
 */
export function creditEnded(usage: readonly Dated[], credits: readonly Dated[]): EndedCredit | undefined {
  const credited = new Map(credits.map(({ date, amount }) => [date, -amount]));
  const creditOn = ({ date }: Dated) => credited.get(date) ?? 0;
  const first = usage.findIndex((day) => creditOn(day) > 0);
  const last = usage.findLastIndex((day) => creditOn(day) > left * usualOf(usage.slice(first), creditOn));
  const before = first < 0 ? [] : usage.slice(Math.max(first, last + 1 - 2 * habitDays), last + 1);
  const since = usage.slice(last + 1);
  const [ended] = since;
  if (before.length < habitDays || since.length < endedDays || ended === undefined) return undefined;
  const perDay = median(before.map(creditOn));
  const spent = { before: median(before.map(amountOf)), after: median(since.map(amountOf)) };
  const isFlat = Math.abs(spent.after - spent.before) <= flat * spent.before;
  return perDay > 0 && isFlat ? { endedOn: ended.date, perDay, usage: spent } : undefined;
}

const amountOf = ({ amount }: Dated): Usd => amount;

/** Of the days that had one. */
function usualOf(days: readonly Dated[], creditOn: (day: Dated) => Usd): Usd {
  const some = days.map(creditOn).filter((credit) => credit > 0);
  return some.length === 0 ? 0 : median(some);
}
