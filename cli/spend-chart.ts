import { type Html, html, raw } from '../shared/alert/html.ts';
import {
  areaPath,
  compactMoney,
  dateTicks,
  linePath,
  type Room,
  type Scale,
  scaleOf,
  spendScale,
  toY,
} from '../shared/alert/plot.ts';
import { daysBetween, type IsoDate, type Period } from '../shared/period.ts';

/** Amounts by day from `start` on; NaN where there is nothing to say. */
export type Daily = { start: IsoDate; amounts: ArrayLike<number> };

/** A day is one unit wide, and so many units high is the chart: it is stretched to what room there is. */
const room: Room = { height: 200, dayWidth: 1 };
const { height } = room;

/** The part of it that lies in the period; NaN for days it doesn't know. */
export function within({ start, amounts }: Daily, period: Period): Float64Array {
  const offset = daysBetween(start, period.start);
  return Float64Array.from(
    { length: daysBetween(period.start, period.end) },
    (_, index) => amounts[offset + index] ?? Number.NaN,
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
        `<path class="band" d="${areaPath(expected, limit, scale, room)}"/>`,
        `<path class="excess" d="${areaPath(usual, excess, scale, room)}"/>`,
        `<path class="expected" d="${linePath(expected, scale, room)}"/>`,
        `<path class="actual" d="${linePath(actual, scale, room)}"/>`,
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

const smallRoom: Room = { height: 60, dayWidth: 1 };

/** A whole history on the size of a stamp: actual spend over what was usual. */
export function smallChart(
  { actual, expected, limit }: Pick<IncidentChart, 'actual' | 'expected' | 'limit'>,
  label: string,
): Html {
  const scale = { top: 1.25 * scaleOf(actual).top, ticks: [] };
  return html`<svg class="small" role="img" aria-label="${label}" viewBox="0 0 ${actual.length} ${smallRoom.height}" preserveAspectRatio="none">${raw(
    `<path class="band" d="${areaPath(expected, limit, scale, smallRoom)}"/><path class="actual" d="${linePath(actual, scale, smallRoom)}"/>`,
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
  return html`<div class="dates" aria-hidden="true">${dateTicks(period).map(
    ({ date, text }, index) =>
      html`<span${index % 2 === 1 && raw(' class="odd"')} style="left:${percent(daysBetween(period.start, date), days)}">${text}</span>`,
  )}</div>`;
}

export const percent = (part: number, whole: number): string =>
  `${Number(((100 * part) / whole).toFixed(2))}%`;
