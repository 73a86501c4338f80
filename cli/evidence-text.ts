import { calledText } from '../shared/alert/resource-text.ts';
import { type Canvas, drawSeries, gap } from '../shared/alert/spark.ts';
import type { Attribution } from '../shared/allocation/owner.ts';
import { monthlyCost } from '../shared/compute/cost.ts';
import { formatDuration } from '../shared/compute/duration.ts';
import { isFlaw, wastedRateOf } from '../shared/compute/finding.ts';
import { type Point, periodSeconds, type Series } from '../shared/compute/metric.ts';
import { endsByItself, type ResourceKind, runsSince } from '../shared/compute/resource.ts';
import { formatMoney } from '../shared/money.ts';
import { clockText, type IsoTime } from '../shared/period.ts';
import type { RateSource } from '../shared/spend/rate.ts';
import { targetName } from '../shared/target.ts';
import { cellsOf, cutCells, padCells } from './cells.ts';
import { paint, printable, screenWidth, wrap } from './terminal.ts';
import { timeAxis } from './time-axis.ts';
import type { Found, Viewed, ViewedEvidence } from './utilization-view.ts';

/** What was measured of it, where it is an instance, and where its price comes from. */
export type Proof = { evidence?: ViewedEvidence | undefined; rateSource?: RateSource | undefined };

/** One resource: the verdict, what it costs, and the series that the verdict rests on, where any were measured. */
export function evidenceText(found: Found, { evidence, rateSource }: Proof, now: IsoTime): string {
  const { target, resource, observations } = found;
  const [first] = observations;
  const called = calledText(resource);
  const title = called.includes(resource.id) ? called : `${called}, ${resource.id}`;
  const whose = first ? ownerText(first.attribution) : [];
  return [
    ...lines(title).map((line) => paint('bold', line)),
    ...lines([targetName(target), ...whose].join('; ')),
    ...observations.flatMap((observation) => ['', ...verdictLines(observation, now)]),
    ...priceLines(observations, rateSource),
    '',
    ...(evidence
      ? drawing(evidence, resource.kind)
      : ['  Series are drawn of instances; of this, the verdict says what was read.']),
  ].join('\n');
}

/** On as many lines as it takes. */
const lines = (text: string): string[] => wrap(text, screenWidth(), '  ').split('\n');

const ownerText = ({ owner, team, project }: Attribution): string[] => {
  const named = [owner, team && `team ${team}`, project && `project ${project}`].filter(Boolean);
  return [named.length === 0 ? 'no owner tagged' : named.join(', ')];
};

function verdictLines(observation: Viewed, now: IsoTime): string[] {
  const { resource, utilization, since, seenAt } = observation;
  const { state, check, reason, coverage, confidence, windowStart, windowEnd, lastBusy } = utilization;
  const from = since ?? windowStart;
  const up = runsSince(resource);
  const lasting = isFlaw(observation)
    ? [`since ${clockText(from)}, ${formatDuration(Date.parse(now) - Date.parse(from))}`]
    : [];
  const facts = [
    ...lasting,
    ...(up === undefined ? [] : [`up since ${clockText(up)}`]),
    ...(lastBusy ? [`last seen at work ${clockText(lastBusy)}`] : []),
    `judged from ${clockText(windowStart)} to ${clockText(windowEnd)}`,
    ...(seenAt && seenAt !== now ? [`measured ${clockText(seenAt)}`] : []),
    `${Math.floor(coverage * 100)} % covered`,
    `confidence ${confidence}`,
  ];
  return [
    ...lines(`${state}${check ? `, ${check}` : ''}: ${reason}`),
    ...lines(facts.join('; ')),
    ...moneyLines(observation, now),
  ];
}

function moneyLines(observation: Viewed, now: IsoTime): string[] {
  const { monthToDate, loss, proposal } = observation;
  const wasted = wastedRateOf(observation);
  const month =
    wasted !== undefined && saysOfMonths(observation, now)
      ? `, ${formatMoney(monthlyCost(wasted))} a month`
      : '';
  const parts = [
    ...(wasted === undefined ? [] : [`wasted ${formatMoney(wasted)} an hour${month}`]),
    ...(loss === undefined ? [] : [`lost ${formatMoney(loss)}`]),
    ...(monthToDate === undefined ? [] : [`${formatMoney(monthToDate)} since the first of the month`]),
    ...(proposal
      ? [
          `${proposal.type} would do${proposal.hourlyRate === undefined ? '' : `, at ${formatMoney(proposal.hourlyRate)} an hour`}`,
        ]
      : []),
  ];
  return parts.length === 0 ? [] : lines(parts.join('; '));
}

/** What is new, or ends by itself, says nothing of a month. */
const saysOfMonths = (
  { resource: { kind }, since, utilization: { windowStart } }: Viewed,
  now: IsoTime,
): boolean => !endsByItself(kind) && Date.parse(now) - Date.parse(since ?? windowStart) >= dayMs;

const dayMs = 86_400_000;

const sources = { bill: 'as the bill says', 'pricing-api': 'as the price list says' } as const;

/** What is over has no price any more: what it cost is its loss. */
function priceLines(observations: readonly Viewed[], rateSource: RateSource | undefined): string[] {
  if (observations.some(({ loss, utilization: { state } }) => loss !== undefined || state === 'ended'))
    return [];
  const priced = observations.find(({ hourlyRate }) => hourlyRate !== undefined);
  if (priced?.hourlyRate !== undefined) {
    const yet = priced.isUnpaid ? ' once it works' : '';
    const source = rateSource ? `, ${sources[rateSource]}` : '';
    return lines(`price ${formatMoney(priced.hourlyRate)} an hour${yet}${source}`);
  }
  const isModel = observations.some(({ resource }) => resource.kind === 'bedrock-model');
  return [isModel ? '  paid for by the token' : '  price unknown'];
}

type Line = { label: string; series: Series; max: number; notes: readonly string[] };

/** Columns for a drawing and for the notes beside it, at least, and for the name before it, at most. */
const leastDrawing = 10;
const leastNotes = 8;
const mostLabel = 18;

/** A row or more for each device, then CPU and network where EC2 tells of them, over one axis of hours. */
function drawing(evidence: ViewedEvidence, kind: ResourceKind): string[] {
  const { window, noun, silentTraffic, devices } = evidence;
  const isNode = kind === 'hyperpod-node';
  const { cpu, networkIn, networkOut } = isNode ? {} : evidence;
  const untold = isNode ? lines('EC2 tells nothing of the CPU and the network of a HyperPod node.') : [];
  const span = { start: Date.parse(window.start), end: Date.parse(window.end), period: periodSeconds * 1000 };
  const rows = [
    ...devices.map((device) => deviceLine(device, noun, span)),
    ...(cpu ? [percentLine('CPU', cpu, span)] : []),
    ...(networkIn ? [trafficLine('network in', networkIn, silentTraffic, span)] : []),
    ...(networkOut ? [trafficLine('network out', networkOut, silentTraffic, span)] : []),
  ];
  if (rows.length === 0) return ['  No series was measured for it.', ...untold];
  const labels = Math.max(...rows.map(({ label }) => cellsOf(label)));
  const notes = Math.max(leastNotes, ...rows.map((line) => line.notes.join('  ').length));
  const width = Math.max(leastDrawing, screenWidth() - labels - notes - 6);
  const canvas = { ...span, width };
  const axis = ' '.repeat(labels + 4) + timeAxis(canvas);
  return [
    ...lines(
      `${clockText(window.start)} to ${clockText(window.end)}, the largest value of each ${formatDuration(Math.max(span.period, (span.end - span.start) / width))}; ${gap} where nothing was reported`,
    ),
    ...rows.flatMap((line) => drawLine(line, { ...canvas, height: heightFor(devices.length) }, labels)),
    axis.trimEnd(),
    ...untold,
    ...failures(devices, { cpu, networkIn, networkOut }),
  ];
}

/** The fewer there are, the more room each has. */
const heightFor = (devices: number): number => (devices <= 2 ? 3 : devices <= 8 ? 2 : 1);

function drawLine(
  { label, series, max, notes }: Line,
  canvas: Omit<Canvas, 'max'>,
  labels: number,
): string[] {
  const drawn = drawSeries(series.points, { ...canvas, max });
  const first = drawn.findIndex((bars) => bars.trim() !== '');
  return drawn.slice(first).map((bars, index, shown) => {
    const isLast = index === shown.length - 1;
    const name = padCells(isLast ? label : '', labels);
    return cutCells(`  ${name}  ${bars}  ${isLast ? notes.join('  ') : ''}`.trimEnd(), screenWidth());
  });
}

type Span = { start: number; end: number; period: number };

function deviceLine(
  { index, utilization, memoryUsed, power }: ViewedEvidence['devices'][number],
  noun: string,
  span: Span,
): Line {
  const held = largest(memoryUsed, span);
  const drawn = largest(power, span);
  const line = percentLine(cutCells(printable(`${noun} ${index}`), mostLabel), utilization, span);
  return {
    ...line,
    notes: [
      ...line.notes,
      ...(held === undefined ? [] : [`${tenth(held / 1024)} GiB held`]),
      ...(drawn === undefined ? [] : [`${Math.round(drawn)} W`]),
    ],
  };
}

function percentLine(label: string, series: Series, span: Span): Line {
  const top = largest(series, span);
  return {
    label,
    series,
    max: 100,
    notes: [...atMost(top === undefined ? undefined : `${tenth(top)} %`), covered(series, span)],
  };
}

/** As high as its own busiest period, where that is more than silence: there is no measure for all. */
function trafficLine(label: string, series: Series, silent: number, span: Span): Line {
  const top = largest(series, span);
  return {
    label,
    series,
    max: Math.max(top ?? 0, silent),
    notes: [...atMost(top === undefined ? undefined : bytesText(top)), covered(series, span)],
  };
}

const atMost = (value: string | undefined): string[] => (value === undefined ? [] : [`max ${value}`]);

function largest(series: Series | undefined, span: Span): number | undefined {
  const values = pointsWithin(series, span).map(({ value }) => value);
  return values.length === 0 ? undefined : Math.max(0, ...values);
}

export const pointsWithin = (
  series: Series | undefined,
  { start, end }: Pick<Span, 'start' | 'end'>,
): Point[] =>
  (series?.points ?? []).filter(({ at, value }) => at >= start && at < end && Number.isFinite(value));

function covered(series: Series, span: Span): string {
  const periods = new Set(
    pointsWithin(series, span).map(({ at }) => Math.floor((at - span.start) / span.period)),
  );
  const all = Math.max(1, Math.round((span.end - span.start) / span.period));
  return `${Math.floor((100 * Math.min(periods.size, all)) / all)} % covered`;
}

/** What CloudWatch said where it didn't tell all of a series. */
function failures(
  devices: ViewedEvidence['devices'],
  others: Readonly<Record<string, Series | undefined>>,
): string[] {
  const all = [
    ...devices.flatMap(({ utilization, memoryUsed, power }) => [utilization, memoryUsed, power]),
    ...Object.values(others),
  ];
  const texts = new Set(all.flatMap((series) => series?.failure ?? []));
  return [...texts].flatMap((text) => lines(`not told whole: ${text}`));
}

const tenth = (value: number): number => Math.round(value * 10) / 10;

const bytesText = (bytes: number): string =>
  bytes >= 1_000_000 ? `${tenth(bytes / 1_000_000)} MB/s` : `${tenth(bytes / 1000)} kB/s`;
