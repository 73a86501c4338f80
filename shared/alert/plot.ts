import { addDays, daysBetween, type IsoDate, type Period } from '../period.ts';

/** The amount at the top of a chart, and the round amounts worth a line. */
export type Scale = { top: number; ticks: readonly number[] };

/** A scale from zero that holds all amounts, with two to five round ticks. */
export function scaleOf(...amounts: readonly ArrayLike<number>[]): Scale {
  let highest = 0;
  for (const list of amounts) {
    for (let index = 0; index < list.length; index++) {
      const amount = list[index] ?? 0;
      if (amount > highest) highest = amount; // NaN is never greater
    }
  }
  if (highest === 0) return { top: 1, ticks: [0] };
  const step = roundStep(highest / 3);
  const ticks = Array.from({ length: Math.floor(highest / step) + 1 }, (_, index) => index * step);
  return { top: highest * 1.06, ticks };
}

/** The nearest of 1, 2, 2.5 and 5 times a power of ten. */
function roundStep(about: number): number {
  const power = 10 ** Math.floor(Math.log10(about));
  const share = about / power;
  const factor = share < 1.4 ? 1 : share < 2.2 ? 2 : share < 3.5 ? 2.5 : share < 7 ? 5 : 10;
  return factor * power;
}

/** What room a drawing has: its height, and the width of a day, to two decimals. */
export type Room = { height: number; dayWidth: number };

/** What is below zero is drawn at zero, money that came back is no spend; what is above the top at the top. */
export const toY = (amount: number, { top }: Scale, height: number): number =>
  Math.round(height - (Math.min(top, Math.max(0, amount)) / top) * height);

/** The middle of a day, counted from the first one. */
export const toX = (index: number, dayWidth: number): number => Number(((index + 0.5) * dayWidth).toFixed(2));

/** The amounts as a line through the middle of each day, broken where nothing is known. */
export function linePath(amounts: ArrayLike<number>, scale: Scale, { height, dayWidth }: Room): string {
  let path = '';
  let last: number | undefined;
  for (let index = 0; index < amounts.length; index++) {
    const amount = amounts[index] ?? Number.NaN;
    if (Number.isNaN(amount)) {
      last = undefined;
      continue;
    }
    const y = toY(amount, scale, height);
    path += last === undefined ? `M${toX(index, dayWidth)} ${y}l` : step(dayWidth, y - last);
    last = y;
  }
  return path.replaceAll(/l(?=M|$)/g, 'h0'); // a day by itself is a dot
}

/** A day on, so much down: `1-3`, `1 4`. */
const step = (on: number, down: number): string => (down < 0 ? `${on}${down} ` : `${on} ${down} `);

/** The area between two lines, in a piece for each run of days on which both are known. */
export function areaPath(
  lower: ArrayLike<number>,
  upper: ArrayLike<number>,
  scale: Scale,
  room: Room,
): string {
  return runsOf(lower, upper)
    .map((run) => {
      const top = corners(upper, run, scale, room);
      const bottom = corners(lower, run, scale, room).toReversed();
      return `M${[...top, ...bottom].join(' ')}z`;
    })
    .join('');
}

type Run = { from: number; to: number };

/** The runs of days, `to` exclusive, on which both have an amount. */
function runsOf(one: ArrayLike<number>, other: ArrayLike<number>): Run[] {
  const runs: Run[] = [];
  for (let index = 0; index < one.length; index++) {
    if (Number.isNaN(one[index]) || Number.isNaN(other[index] ?? Number.NaN)) continue;
    const last = runs.at(-1);
    if (last?.to === index) last.to = index + 1;
    else runs.push({ from: index, to: index + 1 });
  }
  return runs;
}

/** Points of a line from the first day's middle to the last one's, without those on a straight way. */
function corners(
  amounts: ArrayLike<number>,
  { from, to }: Run,
  scale: Scale,
  { height, dayWidth }: Room,
): string[] {
  const heights = Array.from({ length: to - from }, (_, index) =>
    toY(amounts[from + index] ?? 0, scale, height),
  );
  return heights.flatMap((y, index) =>
    y === heights[index - 1] && y === heights[index + 1] ? [] : [`${toX(from + index, dayWidth)},${y}`],
  );
}

/** By what was spent: a band without a bound, or a wild expectation, must not press the spend to the ground. */
export function spendScale(actual: Float64Array, expected: Float64Array): Scale {
  const most = 2 * scaleOf(actual).top;
  const { top, ticks } = scaleOf(
    actual,
    expected.filter((amount) => amount <= most),
  );
  return { top: 1.15 * top, ticks };
}

/** A date worth a word under a chart. */
export type Tick = { date: IsoDate; text: string };

/** The names of the months under a chart, or its weeks where it is short. */
export const dateTicks = (period: Period): Tick[] =>
  daysBetween(period.start, period.end) > 150 ? monthsOf(period) : weeksOf(period);

/** The first of each month; beyond a year and a half only of each quarter, beyond five years of each year. */
function monthsOf({ start, end }: Period): Tick[] {
  const days = daysBetween(start, end);
  const apart = days > 1830 ? 12 : days > 550 ? 3 : 1;
  const ticks: Tick[] = [];
  for (let date = nextMonth(start); date < addDays(end, -6); date = nextMonth(addDays(date, 1))) {
    const month = Number(date.slice(5, 7)) - 1;
    if (month % apart !== 0) continue;
    const text = month === 0 ? date.slice(0, 4) : monthName(date);
    ticks.push({ date, text });
  }
  return ticks;
}

/** `date` itself where it is a first of a month. */
function nextMonth(date: IsoDate): IsoDate {
  if (date.endsWith('-01')) return date;
  return `${addDays(`${date.slice(0, 7)}-28`, 4).slice(0, 7)}-01`;
}

/** A Monday each week, or every second one. */
function weeksOf({ start, end }: Period): Tick[] {
  const days = daysBetween(start, end);
  const first = (8 - new Date(start).getUTCDay()) % 7;
  const apart = days > 60 ? 14 : 7;
  const count = Math.max(0, Math.ceil((days - 3 - first) / apart));
  return Array.from({ length: count }, (_, index) => addDays(start, first + index * apart)).map((date) => ({
    date,
    text: `${Number(date.slice(8))} ${monthName(date)}`,
  }));
}

const monthName = (date: IsoDate): string =>
  new Date(date).toLocaleDateString('en-GB', { month: 'short', timeZone: 'UTC' });

/** `$1.2K`: a round amount beside a line; without a sign of its currency where that isn't one by ISO 4217. */
export const compactMoney = (amount: number, currency: string): string =>
  amount.toLocaleString('en-US', {
    ...(/^[A-Z]{3}$/i.test(currency) && { style: 'currency', currency }),
    notation: 'compact',
    maximumSignificantDigits: 3,
  });
