import { type Html, html, raw } from '../shared/alert/html.ts';
import { addDays, daysBetween, type IsoDate, type Period } from '../shared/period.ts';

/** Amounts by day from `start` on; NaN where there is nothing to say. */
export type Daily = { start: IsoDate; amounts: ArrayLike<number> };

/** A day is one unit wide, and so many units high is the chart: it is stretched to what room there is. */
const height = 200;

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

/** The part of it that lies in the period; NaN for days it doesn't know. */
export function within({ start, amounts }: Daily, period: Period): Float64Array {
  const offset = daysBetween(start, period.start);
  return Float64Array.from(
    { length: daysBetween(period.start, period.end) },
    (_, index) => amounts[offset + index] ?? Number.NaN,
  );
}

/** What is below zero is drawn at zero, money that came back is no spend; what is above the top at the top. */
const toY = (amount: number, { top }: Scale, size: number): number =>
  Math.round(size - (Math.min(top, Math.max(0, amount)) / top) * size);

/** The amounts as a line through the middle of each day, broken where nothing is known. */
export function linePath(amounts: ArrayLike<number>, scale: Scale, size = height): string {
  let path = '';
  let last: number | undefined;
  for (let index = 0; index < amounts.length; index++) {
    const amount = amounts[index] ?? Number.NaN;
    if (Number.isNaN(amount)) {
      last = undefined;
      continue;
    }
    const y = toY(amount, scale, size);
    path += last === undefined ? `M${index}.5 ${y}l` : step(y - last);
    last = y;
  }
  return path.replaceAll(/l(?=M|$)/g, 'h0'); // a day by itself is a dot
}

/** A day on, so much down: `1-3`, `1 4`. */
const step = (down: number): string => (down < 0 ? `1${down} ` : `1 ${down} `);

/** The area between two lines, in a piece for each run of days on which both are known. */
export function areaPath(
  lower: ArrayLike<number>,
  upper: ArrayLike<number>,
  scale: Scale,
  size = height,
): string {
  return runsOf(lower, upper)
    .map(({ from, to }) => {
      const top = corners(upper, from, to, scale, size);
      const bottom = corners(lower, from, to, scale, size).toReversed();
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
function corners(amounts: ArrayLike<number>, from: number, to: number, scale: Scale, size: number): string[] {
  const heights = Array.from({ length: to - from }, (_, index) =>
    toY(amounts[from + index] ?? 0, scale, size),
  );
  return heights.flatMap((y, index) =>
    y === heights[index - 1] && y === heights[index + 1] ? [] : [`${from + index + 0.5},${y}`],
  );
}

/** Something that happened on a day: a line across the chart, with a word at its top. */
export type Mark = { date: IsoDate; text: string; style: 'told' | 'later' | 'calm' };

/** The spend of an incident's series around it. */
export type IncidentChart = {
  period: Period;
  actual: Float64Array;
  expected: Float64Array;
  limit: Float64Array;
  /** The days that are part of it. */
  shaded: Period;
  marks: readonly Mark[];
  currency: string;
  label: string;
};

/** By what was spent: a band without a bound, or a wild expectation, must not press the spend to the ground. */
function spendScale(actual: Float64Array, expected: Float64Array): Scale {
  const most = 2 * scaleOf(actual).top;
  const { top, ticks } = scaleOf(
    actual,
    expected.filter((amount) => amount <= most),
  );
  return { top: 1.15 * top, ticks };
}

/** Actual spend, what was expected, and up to where it would have been normal; the incident's days are shaded. */
export function incidentChart(chart: IncidentChart): Html {
  const { period, actual, expected, limit, shaded, marks, currency, label } = chart;
  const days = daysBetween(period.start, period.end);
  const scale = spendScale(actual, expected);
  const from = Math.max(0, daysBetween(period.start, shaded.start));
  const to = Math.min(days, daysBetween(period.start, shaded.end));
  const excess = actual.map((amount, index) => (index >= from && index < to ? amount : Number.NaN));
  const usual = expected.map((amount, index) => Math.min(amount, actual[index] ?? amount));
  return frame({
    period,
    scale,
    currency,
    label,
    values: valuesOf({ period, actual, expected, limit }),
    overlay: markLines(marks, period),
    drawing: raw(
      [
        `<rect class="span" x="${from}" y="0" width="${Math.max(1, to - from)}" height="${height}"/>`,
        `<path class="band" d="${areaPath(expected, limit, scale)}"/>`,
        `<path class="excess" d="${areaPath(usual, excess, scale)}"/>`,
        `<path class="expected" d="${linePath(expected, scale)}"/>`,
        `<path class="actual" d="${linePath(actual, scale)}"/>`,
      ].join(''),
    ),
  });
}

/** Room that the word of a mark takes, as a share of the chart. */
const markRoom = 0.16;

/** A line for each mark at the morning of its day; words that would cover each other stand below each other. */
function markLines(marks: readonly Mark[], { start, end }: Period): Html[] {
  const days = daysBetween(start, end);
  const rows: number[] = [];
  return marks.map(({ date, text, style }) => {
    const at = daysBetween(start, date) / days;
    const free = rows.findIndex((until) => until <= at);
    const row = free === -1 ? rows.length : free;
    rows[row] = at + markRoom;
    return html`<span class="mark ${style}${at > 0.85 && ' left'}" style="left:${percent(at, 1)};--row:${row}"><b>${text}</b></span>`;
  });
}

/** The figures behind a chart, for whoever points at a day of it. */
const valuesOf = ({
  period,
  actual,
  expected,
  limit,
}: Pick<IncidentChart, 'period' | 'actual' | 'expected' | 'limit'>): string =>
  JSON.stringify({
    start: period.start,
    actual: figures(actual),
    expected: figures(expected),
    limit: figures(limit),
  });

/** To five digits, which is more than can be pointed at; JSON has no NaN. */
const figures = (amounts: Float64Array): (number | null)[] =>
  Array.from(amounts, (amount) => (Number.isNaN(amount) ? null : Number(amount.toPrecision(5))));

/** All usage day by day, and the part of it that leaked. */
export type TotalChart = {
  period: Period;
  usage: Float64Array;
  leaked: Float64Array;
  currency: string;
  label: string;
  /** A bar shows the mean of so many days. */
  daysPerBar: number;
};

/** All usage in bars, with the part of it that leaked on top. */
export function totalChart({ period, usage, leaked, currency, label, daysPerBar }: TotalChart): Html {
  const total = meansOf(usage, daysPerBar);
  const leak = meansOf(leaked, daysPerBar);
  const scale = scaleOf(total);
  const bars = total.map((amount, index) => {
    const [top, sound] = [toY(amount, scale, height), toY(amount - (leak[index] ?? 0), scale, height)];
    const from = index * daysPerBar;
    const to = index === total.length - 1 ? usage.length : from + daysPerBar;
    const width = Number(((to - from) * 0.82).toFixed(2));
    return {
      sound: `M${from} ${sound}h${width}V${height}h${-width}z`,
      leak: sound > top ? `M${from} ${top}h${width}V${sound}h${-width}z` : '',
    };
  });
  return frame({
    period,
    scale,
    currency,
    label,
    overlay: [],
    drawing: raw(
      `<path class="sound" d="${bars.map((bar) => bar.sound).join('')}"/><path class="excess" d="${bars.map((bar) => bar.leak).join('')}"/>`,
    ),
  });
}

/** The mean of each so many days; what is left over in the end counts to the last of them. */
function meansOf(amounts: Float64Array, days: number): number[] {
  const count = Math.max(1, Math.floor(amounts.length / days));
  return Array.from({ length: count }, (_, index) => {
    const own = amounts.subarray(index * days, index === count - 1 ? amounts.length : (index + 1) * days);
    return own.reduce((sum, amount) => sum + amount, 0) / Math.max(1, own.length);
  });
}

const smallHeight = 60;

/** A whole history on the size of a stamp: actual spend over what was usual. */
export function smallChart(
  { actual, expected, limit }: Pick<IncidentChart, 'actual' | 'expected' | 'limit'>,
  label: string,
): Html {
  const scale = { top: 1.25 * scaleOf(actual).top, ticks: [] };
  return html`<svg class="small" role="img" aria-label="${label}" viewBox="0 0 ${actual.length} ${smallHeight}" preserveAspectRatio="none">${raw(
    `<path class="band" d="${areaPath(expected, limit, scale, smallHeight)}"/><path class="actual" d="${linePath(actual, scale, smallHeight)}"/>`,
  )}</svg>`;
}

type Frame = {
  period: Period;
  scale: Scale;
  currency: string;
  label: string;
  drawing: Html;
  overlay: readonly Html[];
  values?: string;
};

/** A drawing that stretches with the page, while its words and lines keep their size. */
function frame({ period, scale, currency, label, drawing, overlay, values }: Frame): Html {
  const days = daysBetween(period.start, period.end);
  const lines = scale.ticks.map((tick) => `M0 ${toY(tick, scale, height)}h${days}`).join('');
  return html`<div class="chart">
<div class="plot"${values !== undefined && html` tabindex="0" role="group" aria-label="${label}" aria-roledescription="chart" data-currency="${currency}" data-values="${values}"`}>
<svg${values === undefined ? html` role="img" aria-label="${label}"` : raw(' aria-hidden="true"')} viewBox="0 0 ${days} ${height}" preserveAspectRatio="none"><path class="grid" d="${lines}"/>${drawing}</svg>
${overlay}
</div>
<div class="amounts" aria-hidden="true">${scale.ticks.map((tick) => html`<span style="top:${percent(toY(tick, scale, height), height)}">${compactMoney(tick, currency)}</span>`)}</div>
${dateAxis(period)}
</div>`;
}

/** The names of the months under a chart, or its weeks where it is short. */
export function dateAxis(period: Period): Html {
  const days = daysBetween(period.start, period.end);
  const ticks = days > 150 ? monthsOf(period) : weeksOf(period);
  return html`<div class="dates" aria-hidden="true">${ticks.map(
    ({ date, text }, index) =>
      html`<span${index % 2 === 1 && raw(' class="odd"')} style="left:${percent(daysBetween(period.start, date), days)}">${text}</span>`,
  )}</div>`;
}

type Tick = { date: IsoDate; text: string };

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

/** `$1.2K`: a round amount beside a line. */
const compactMoney = (amount: number, currency: string): string =>
  amount.toLocaleString('en-US', {
    style: 'currency',
    currency,
    notation: 'compact',
    maximumSignificantDigits: 3,
  });

export const percent = (part: number, whole: number): string =>
  `${Number(((100 * part) / whole).toFixed(2))}%`;
