import { addDays, daysBetween } from '../period.ts';
import type { AlertChart } from './alert.ts';
import { dayName } from './day.ts';
import {
  areaPath,
  compactMoney,
  dateTicks,
  linePath,
  type Room,
  type Scale,
  spendScale,
  toX,
  toY,
} from './plot.ts';
import { drawSeries } from './spark.ts';
import { cut, fillLines, oneLine } from './text.ts';

/** Twice what a message shows, so that it stays sharp; in pixels. */
const [width, height] = [1200, 640];
const padding = 44;

/** The sizes of its letters: the smallest is still 10 pixels high where a phone shows the whole chart. */
const labelSize = 34;
const titleSizes = [44, 37] as const;

/** The colours of the backtest's page, on a card of their own: a message may be light or dark. */
const colours = {
  card: '#ffffff',
  edge: '#dde1e7',
  grid: '#e6e9ee',
  text: '#1a1f27',
  muted: '#5a6472',
  actual: '#23426f',
  expected: '#6b7a90',
  band: '#d3dfee',
  leak: '#c4232b',
  leakArea: '#e98d91',
  problem: '#fdf0f0',
};

/** What stands on a chart besides its figures; text from outside may be anything. */
type ChartWords = { title: string };

/**
 * The chart of an alert as an SVG of 1200 x 640 pixels: what was spent, what was expected and up to where it would have
 * been normal, and the problem's days with what they cost above the expected. It counts on letters as wide as those of
 * DejaVu Sans Condensed.
 */
export function chartSvg(chart: AlertChart, { title }: ChartWords): string {
  const series = seriesOf(chart);
  const { lines, size } = titleLines(title);
  const legendY = padding + lines.length * size * 1.25 + labelSize;
  const scale = spendScale(series.actual, series.expected);
  const amounts = scale.ticks.map((tick) => ({ tick, text: compactMoney(tick, chart.currency) }));
  const left = padding + Math.max(...amounts.map(({ text }) => widthOf(text, labelSize))) + 18;
  const frame = { left, top: legendY + 34, right: width - padding, bottom: height - padding - 52 };
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="DejaVu Sans Condensed">`,
    `<rect x="1.5" y="1.5" width="${width - 3}" height="${height - 3}" rx="22" fill="${colours.card}" stroke="${colours.edge}" stroke-width="3"/>`,
    ...lines.map((line, index) => text(line, { x: padding, y: padding + size * (0.8 + index * 1.25), size })),
    legend(legendY),
    series.actual.every(Number.isNaN)
      ? text('Nothing is known of its days', { x: width / 2, y: height / 2, anchor: 'middle' })
      : plot(chart, series, { scale, frame, amounts }),
    '</svg>',
  ].join('');
}

/** Two lines of it at most, smaller where that takes it: what is longer stands in the message. */
function titleLines(title: string): { lines: string[]; size: number } {
  const room = width - 2 * padding;
  const words = drawable(oneLine(title)).split(' ');
  const linesOf = (size: number) => fillLines(words, room, (line) => widthOf(line, size));
  const isFitting = (size: number) => {
    const lines = linesOf(size);
    return lines.length <= 2 && lines.every((line) => widthOf(line, size) <= room);
  };
  const size = titleSizes.find(isFitting) ?? titleSizes[1];
  const [first = '', ...others] = linesOf(size);
  const lines = [first, ...(others.length > 0 ? [others.join(' ')] : [])];
  return { lines: lines.map((line) => fitted(line, size, room)), size };
}

function fitted(line: string, size: number, room: number): string {
  let shown = line;
  for (let length = Array.from(line).length - 1; widthOf(shown, size) > room; length--) {
    shown = cut(line, length);
  }
  return shown;
}

/** The font has no letters of the scripts beyond these, and would draw boxes: Latin to Arabic, Georgian, signs. */
const drawable = (line: string): string =>
  line.replace(/[^\0-\u06FF\u10A0-\u10FF\u1E00-\u1FFF\u2010-\u23FF\u2500-\u27BF]+/gu, '…');

/** Of a letter, in widths of an em: rather too much than too little. */
function letterWidth(letter: string): number {
  if (/[ilj.,:;'|!()[\]/ ]/.test(letter)) return 0.36;
  if (/[MWmw%@–…]/.test(letter)) return 0.9;
  return /[A-Z]/.test(letter) ? 0.67 : 0.58;
}

const widthOf = (line: string, size: number): number =>
  size * Array.from(line).reduce((sum, letter) => sum + letterWidth(letter), 0);

type TextStyle = {
  x: number;
  y: number;
  size?: number;
  colour?: string;
  anchor?: 'start' | 'middle' | 'end';
};

function text(
  content: string,
  { x, y, size = labelSize, colour = colours.text, anchor = 'start' }: TextStyle,
): string {
  return `<text x="${round(x)}" y="${round(y)}" font-size="${size}" fill="${colour}" text-anchor="${anchor}">${escaped(content)}</text>`;
}

const round = (value: number): number => Number(value.toFixed(1));

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

const escaped = (content: string): string =>
  content.replace(/[&<>]/g, (character) => entities[character] ?? '');

/** What each look of the chart means, in one row. */
function legend(y: number): string {
  const middle = y - 11;
  const line = (x: number, style: string) => `<path d="M${x} ${middle}h46" fill="none" ${style}/>`;
  const box = (x: number, colour: string) =>
    `<rect x="${x}" y="${middle - 13}" width="46" height="26" rx="4" fill="${colour}"/>`;
  const entries: readonly [string, (x: number) => string][] = [
    ['actual', (x) => line(x, actualLine(6))],
    ['expected', (x) => line(x, expectedLine(4))],
    ['normal range', (x) => box(x, colours.band)],
    ['above expected', (x) => box(x, colours.leakArea)],
  ];
  let x = padding;
  return entries
    .map(([word, look]) => {
      const entry = `${look(x)}${text(word, { x: x + 58, y, colour: colours.muted })}`;
      x = round(x + 58 + widthOf(word, labelSize) + 26);
      return entry;
    })
    .join('');
}

const actualLine = (stroke: number): string =>
  `stroke="${colours.actual}" stroke-width="${stroke}" stroke-linejoin="round" stroke-linecap="round"`;

const expectedLine = (stroke: number): string =>
  `stroke="${colours.expected}" stroke-width="${stroke}" stroke-dasharray="12 9"`;

type Series = Record<'actual' | 'expected' | 'limit', Float64Array> & { days: number };

function seriesOf({ actual, expected, limit }: AlertChart): Series {
  const days = actual.length;
  const figures = (amounts: AlertChart['actual']) =>
    Float64Array.from({ length: days }, (_, index) => figureOf(amounts[index]));
  return { days, actual: figures(actual), expected: figures(expected), limit: figures(limit) };
}

/** Beyond these an amount is an error, and drawing it would be one as well. */
const [leastAmount, mostAmount] = [1e-12, 1e15];

function figureOf(amount: number | null | undefined): number {
  if (amount === null || amount === undefined || !Number.isFinite(amount)) return Number.NaN;
  return Math.abs(amount) < leastAmount ? 0 : Math.min(mostAmount, amount);
}

type Frame = { left: number; top: number; right: number; bottom: number };
type Drawing = { scale: Scale; frame: Frame; amounts: readonly { tick: number; text: string }[] };

/** The days of the problem, `to` exclusive, as places in the chart; undefined where none is in it. */
type Problem = { from: number; to: number };

function problemOf({ start, since, until }: AlertChart, days: number): Problem | undefined {
  const from = Math.max(0, daysBetween(start, since));
  const to = Math.min(days, until === undefined ? days : daysBetween(start, until));
  return from < to ? { from, to } : undefined;
}

function plot(chart: AlertChart, series: Series, { scale, frame, amounts }: Drawing): string {
  const { left, top, right, bottom } = frame;
  const size = Math.floor(bottom - top);
  const room: Room = { height: size, dayWidth: Number(((right - left) / series.days).toFixed(2)) };
  const problem = problemOf(chart, series.days);
  const grid = amounts.map(({ tick, text: label }) => {
    const y = top + toY(tick, scale, size);
    return `<path d="M${round(left)} ${round(y)}H${right}" stroke="${colours.grid}" stroke-width="2"/>${text(label, { x: left - 14, y: y + 12, colour: colours.muted, anchor: 'end' })}`;
  });
  return [
    ...(problem ? [span(problem, frame, room)] : []),
    ...grid,
    `<g transform="translate(${round(left)} ${round(top)})">${lines(series, problem, scale, room)}</g>`,
    axis(chart, series.days, problem, frame, room),
    ...(problem ? [peak(chart, series, problem, { scale, frame, room })] : []),
  ].join('');
}

const span = ({ from, to }: Problem, { left, top }: Frame, { height: size, dayWidth }: Room): string =>
  `<rect x="${round(left + from * dayWidth)}" y="${round(top)}" width="${round((to - from) * dayWidth)}" height="${size}" fill="${colours.problem}"/>`;

function lines(series: Series, problem: Problem | undefined, scale: Scale, room: Room): string {
  const { actual, expected, limit } = series;
  const stroke = Math.min(6, Math.max(3, round(room.dayWidth / 3)));
  return [
    `<path d="${areaPath(expected, limit, scale, room)}" fill="${colours.band}"/>`,
    ...(problem ? [excessArea(series, problem, scale, room)] : []),
    `<path d="${linePath(expected, scale, room)}${ownLevels(expected, scale, room)}" fill="none" ${expectedLine(Math.min(4, stroke))}/>`,
    `<path d="${linePath(actual, scale, room)}" fill="none" ${actualLine(stroke)}/>`,
    ...(problem ? dots(series, problem, scale, room) : []),
  ].join('');
}

/** Down to the days next to the problem: the area of one day alone would be a line. */
function excessArea({ actual, expected }: Series, { from, to }: Problem, scale: Scale, room: Room): string {
  const isOwn = (index: number) => index >= from && index < to;
  const excess = actual.map((amount, index) => (index >= from - 1 && index <= to ? amount : Number.NaN));
  const usual = actual.map((amount, index) =>
    isOwn(index) ? Math.min(amount, expected[index] ?? Number.NaN) : amount,
  );
  return `<path d="${areaPath(usual, excess, scale, room)}" fill="${colours.leakArea}"/>`;
}

/** A level for each day that has no neighbour: of a line it would be a point, of a dashed one nothing at all. */
function ownLevels(amounts: Float64Array, scale: Scale, { height: size, dayWidth }: Room): string {
  const half = Math.min(40, round(dayWidth / 3));
  const isKnown = (index: number) => !Number.isNaN(amounts[index] ?? Number.NaN);
  return Array.from(amounts)
    .map((amount, index) =>
      !isKnown(index) || isKnown(index - 1) || isKnown(index + 1)
        ? ''
        : `M${round(toX(index, dayWidth) - half)} ${toY(amount, scale, size)}h${2 * half}`,
    )
    .join('');
}

/** More of them, or narrower ones, hide the line that they lie on. */
const [mostDots, leastDotDay] = [21, 12];

/** A dot on each day of the problem, save those on which it rested. */
function dots({ actual, expected }: Series, { from, to }: Problem, scale: Scale, room: Room): string[] {
  if (room.dayWidth < leastDotDay || to - from > mostDots) return [];
  return Array.from(actual.slice(from, to)).flatMap((amount, index) => {
    if (Number.isNaN(amount) || amount <= (expected[from + index] ?? 0)) return [];
    return `<circle cx="${toX(from + index, room.dayWidth)}" cy="${toY(amount, scale, room.height)}" r="9" fill="${colours.leak}" stroke="${colours.card}" stroke-width="3"/>`;
  });
}

type Label = { day: number; text: string; colour: string };

/** The dates below: the day on which the problem began, and of the others those that leave it room. */
function axis(
  chart: AlertChart,
  days: number,
  problem: Problem | undefined,
  { left, right, bottom }: Frame,
  { dayWidth }: Room,
): string {
  const { start } = chart;
  const ticks = dateTicks({ start, end: addDays(start, days) });
  // A short chart may hold no Monday.
  const dates = ticks.length > 0 ? ticks : [{ date: start, text: dayName(start) }];
  const labels: Label[] = [
    ...(problem ? [{ day: problem.from, text: problemText(chart), colour: colours.leak }] : []),
    ...dates.map((tick) => ({
      day: daysBetween(start, tick.date),
      text: tick.text,
      colour: colours.muted,
    })),
  ];
  const placed: { from: number; to: number; drawn: string }[] = [];
  for (const { day, text: word, colour } of labels) {
    const half = widthOf(word, labelSize) / 2;
    const x = Math.min(right - half, Math.max(padding + half, left + toX(day, dayWidth)));
    const isFree = placed.every(({ from, to }) => x + half + labelGap < from || x - half - labelGap > to);
    const drawn = text(word, { x, y: bottom + 48, colour, anchor: 'middle' });
    if (isFree) placed.push({ from: x - half, to: x + half, drawn });
  }
  return placed.map(({ drawn }) => drawn).join('');
}

const labelGap = 24;

function problemText({ since, until }: AlertChart): string {
  const last = until && addDays(until, -1);
  if (last === undefined) return `since ${dayName(since)}`;
  return last <= since ? dayName(since) : `${dayName(since)} to ${dayName(last)}`;
}

/** What the problem's dearest day cost, above it. */
function peak(
  { currency }: AlertChart,
  { actual }: Series,
  { from, to }: Problem,
  { scale, frame, room }: { scale: Scale; frame: Frame; room: Room },
): string {
  const own = actual.slice(from, to);
  const highest = own.reduce((most, amount) => (amount > most ? amount : most), Number.NEGATIVE_INFINITY);
  if (highest <= 0) return '';
  const label = compactMoney(highest, currency);
  const half = widthOf(label, labelSize) / 2;
  const x = frame.left + toX(from + own.indexOf(highest), room.dayWidth);
  const y = frame.top + toY(highest, scale, room.height) - 22;
  const at = Math.min(frame.right - half, Math.max(frame.left + half, x));
  // Its edge keeps it apart from a line that passes behind it.
  return `<g stroke="${colours.card}" stroke-width="8" stroke-linejoin="round" paint-order="stroke">${text(label, { x: at, y, colour: colours.leak, anchor: 'middle' })}</g>`;
}

const dayMs = 86_400_000;

/** Bars in a line of text; of longer charts several days share one. */
const mostBars = 42;

/**
 * The chart in a line of text, for where no picture can go: `2 Nov ▁▁▂▁▁▁█▇█ 10 Nov, $64 to $850 a day`. A dot is a
 * day of which nothing is known. Empty where nothing is known at all.
 */
export function sparkLine({ start, actual, currency }: AlertChart): string {
  const first = Date.parse(start);
  const points = actual.flatMap((amount, index) => {
    const value = figureOf(amount);
    return Number.isNaN(value) ? [] : [{ at: first + index * dayMs, value }];
  });
  if (points.length === 0) return '';
  const values = points.map(({ value }) => value);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const bars = drawSeries(points, {
    start: first,
    end: first + actual.length * dayMs,
    width: Math.min(mostBars, actual.length),
    max: most,
    period: dayMs,
  }).join('');
  const [low, high] = [compactMoney(least, currency), compactMoney(most, currency)];
  const range = low === high ? high : `${low} to ${high}`;
  return `${dayName(start)} ${bars} ${dayName(addDays(start, actual.length - 1))}, ${range} a day`;
}
