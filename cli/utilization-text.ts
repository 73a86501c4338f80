import { kindNames, sizeText } from '../shared/alert/resource-text.ts';
import { sparkLine } from '../shared/alert/spark.ts';
import { ownerOf } from '../shared/allocation/owner.ts';
import { monthlyCost } from '../shared/compute/cost.ts';
import { isFlaw, wastedRateOf } from '../shared/compute/finding.ts';
import type { OwnerWaste } from '../shared/compute/waste.ts';
import { formatMoney, type Usd } from '../shared/money.ts';
import type { IsoTime } from '../shared/period.ts';
import { cellsOf, cutCells } from './cells.ts';
import { type Cell, paint, perHour, relativeTime, type Style, screenWidth, table, wrap } from './terminal.ts';
import { lastingByOwner, resourceKey, sum, totalsOf } from './utilization-totals.ts';
import type { Viewed, ViewedTarget } from './utilization-view.ts';

type Row = Viewed & { target: ViewedTarget };

/** What is there, the dearest waste first, each with its devices and its evidence; then whose it is, and what is missing. */
export function utilizationText(targets: readonly ViewedTarget[], now: IsoTime): string {
  const rows = targets.flatMap(toRows).toSorted(byWaste);
  return [
    rows.length === 0 ? nothingText(targets) : listText(rows, now),
    ...section(totalLines(rows)),
    ...wasteText(targets, rows),
    ...gapsText(targets),
  ].join('\n');
}

/** Apart from what stands above, where there is anything in it. */
const section = (lines: readonly string[]): string[] => (lines.length === 0 ? [] : ['', ...lines]);

/** Who is told what is wrong with something need not be told that it works. */
function toRows(target: ViewedTarget): Row[] {
  const flawed = new Set(target.observations.filter(isFlaw).map(({ resource }) => resourceKey(resource)));
  return target.observations
    .filter((observation) => isFlaw(observation) || !flawed.has(resourceKey(observation.resource)))
    .map((observation) => ({ ...observation, target }));
}

const nothingText = (targets: readonly ViewedTarget[]): string =>
  wrap(
    `Nothing that is paid for by the hour to compute is running in ${targets.length} ${targets.length === 1 ? 'target' : 'targets'}.`,
    screenWidth(),
    '  ',
  );

/** What wastes at an unknown price comes before what wastes nothing. */
const byWaste = (one: Row, other: Row): number =>
  (wastedRateOf(other) ?? 0) - (wastedRateOf(one) ?? 0) ||
  Number(isFlaw(other)) - Number(isFlaw(one)) ||
  (other.hourlyRate ?? 0) - (one.hourlyRate ?? 0) ||
  one.resource.name.localeCompare(other.resource.name);

/** From so many columns on prices and types have a column of their own; on a narrower screen they stand below. */
const screenWithRates = 100;
const screenWithTypes = 130;

type Layout = { withRates: boolean; withTypes: boolean };

function listText(rows: readonly Row[], now: IsoTime): string {
  const width = screenWidth();
  const layout = { withRates: width >= screenWithRates, withTypes: width >= screenWithTypes };
  const headings = [
    'state',
    'name',
    ...(layout.withTypes ? ['type'] : []),
    'owner',
    ...(layout.withRates ? ['>rate'] : []),
    '>wasted',
    '>this month',
    'since',
  ];
  return table(
    headings,
    rows.map((row) => toCells(row, now, layout)),
    rows.map((row) => detailLines(row, now, layout)),
  );
}

/** What is wrong stands out; what is idle and costs nothing doesn't. */
function styleOf(row: Row): Style {
  if (isFlaw(row)) return row.utilization.state === 'idle' ? 'red' : 'yellow';
  return row.utilization.state === 'busy' ? 'green' : 'dim';
}

function toCells(row: Row, now: IsoTime, { withRates, withTypes }: Layout): Cell[] {
  const { resource, utilization, attribution, hourlyRate, monthToDate, loss, since } = row;
  const flawed = isFlaw(row);
  return [
    { text: utilization.state, style: styleOf(row) },
    cutCells(resource.name, 32),
    ...(withTypes ? [cutCells(typeText(row), 32)] : []),
    cutCells(ownerOf(attribution) ?? '-', 14),
    ...(withRates ? [perHour(hourlyRate)] : []),
    flawed ? perHour(wastedRateOf(row)) : '',
    flawed ? moneyText(monthToDate ?? loss) : '',
    flawed ? relativeTime(since ?? utilization.windowStart, now) : '',
  ];
}

const moneyText = (amount: Usd | undefined): string => (amount === undefined ? '-' : formatMoney(amount));

/** `p4d.24xlarge`, `endpoint, 2 x ml.g5.2xlarge` */
function typeText({ resource }: Pick<Viewed, 'resource'>): string {
  if (resource.kind === 'ec2-instance') return resource.type;
  const isNamed = resource.name === resource.type || resource.type.startsWith('arn:');
  const size = isNamed ? '' : sizeText(resource);
  return [kindNames[resource.kind], size].filter(Boolean).join(', ');
}

const indent = '    ';

/** The devices drawn, and the evidence: on one line where they fit. */
function detailLines(row: Row, now: IsoTime, { withRates, withTypes }: Layout): string[] {
  const { target, utilization, hourlyRate } = row;
  const { check, confidence, reason } = utilization;
  const where = `${target.accountName ?? target.account} ${target.region}`;
  const verdict = check === undefined ? '' : ` (${check}${confidence === 'low' ? ', low confidence' : ''})`;
  const price = withRates || hourlyRate === undefined ? '' : ` at ${perHour(hourlyRate)}`;
  const what = withTypes ? [] : [`${typeText(row)}${price}`];
  const evidence = [...what, `${where}: ${reason}${verdict}`].join(', ');
  const devices = sparks(row, now);
  const line = [devices, evidence].filter(Boolean).join('  ');
  const fits = cellsOf(line) <= screenWidth() - indent.length;
  return (fits ? [line] : [devices, evidence].filter(Boolean)).map((text) =>
    wrap(text, screenWidth(), indent),
  );
}

/** Devices that are drawn beside each other; the others are counted. */
const drawnDevices = 8;
const sparkWidth = 8;
const hour = 3_600_000;

/** The last day, in bars of three hours. */
function sparks({ courses = [] }: Viewed, now: IsoTime): string {
  const end = Math.ceil(Date.parse(now) / hour) * hour;
  const canvas = { start: end - 24 * hour, end, period: hour, width: sparkWidth, max: 100 };
  const drawn = courses.slice(0, drawnDevices).map(({ series }) => sparkLine(series.points, canvas));
  const left = courses.length - drawn.length;
  return [...drawn, ...(left > 0 ? [`+${left}`] : [])].join(' ');
}

/** `12 of 30 waste $61.20 of $230.50 an hour, $44,676 a month` */
function totalLines(rows: readonly Row[]): string[] {
  const { paidFor, wasting, unpriced, hourlyRate, wasted, lasting, lost, losses } = totalsOf(rows);
  const apart = lasting < wasted ? ', jobs and warm pools apart' : '';
  const month = lasting > 0 ? `, ${formatMoney(monthlyCost(lasting))} a month${apart}` : '';
  const money = `${formatMoney(wasted)} of ${formatMoney(hourlyRate)} an hour${month}`;
  return [
    ...(paidFor === 0 ? [] : [headed(`${wasting} of ${paidFor} waste`, money)]),
    ...(unpriced === 0 ? [] : [`  The price of ${unpriced} is unknown, and in none of these sums.`]),
    ...(losses === 0
      ? []
      : [headed('lost this month:', `${formatMoney(lost)} by jobs that are over (${losses} in the list)`)]),
  ];
}

/** A line that begins in bold. */
const headed = (heading: string, text: string): string =>
  wrap(`${heading} ${text}`, screenWidth(), '  ').replace(heading, paint('bold', heading));

function wasteText(targets: readonly ViewedTarget[], observations: readonly Row[]): string[] {
  const owners = mergedWaste(targets);
  if (owners.length === 0) return [];
  const lasting = lastingByOwner(observations);
  const rows = owners.map(({ owner, monthToDate, hourly, findings, unpriced }) => {
    const isKnown = unpriced < findings;
    return [
      owner ?? 'nobody tagged',
      isKnown ? formatMoney(monthToDate) : '-',
      isKnown ? perHour(hourly) : '-',
      isKnown ? formatMoney(monthlyCost(lasting.get(owner) ?? 0)) : '-',
      String(findings),
      unpriced === 0 ? '' : `${unpriced} of unknown price`,
    ];
  });
  return ['', table(['wasted by', '>this month', '>now', '>a month', '>findings', ''], rows)];
}

/** One row an owner, whatever the accounts. */
function mergedWaste(targets: readonly ViewedTarget[]): OwnerWaste[] {
  const byOwner = Map.groupBy(
    targets.flatMap(({ waste }) => waste),
    ({ owner }) => owner,
  );
  return [...byOwner]
    .map(([owner, own]) => ({
      owner,
      monthToDate: sum(own.map(({ monthToDate }) => monthToDate)),
      hourly: sum(own.map(({ hourly }) => hourly)),
      findings: sum(own.map(({ findings }) => findings)),
      unpriced: sum(own.map(({ unpriced }) => unpriced)),
    }))
    .toSorted((a, b) => b.monthToDate - a.monthToDate || b.hourly - a.hourly);
}

function gapsText(targets: readonly ViewedTarget[]): string[] {
  const lines = targets.flatMap(({ account, accountName, region, gaps }) =>
    gaps.map(({ what, why }) =>
      wrap(`${what} in ${accountName ?? account} ${region}: ${why}`, screenWidth(), indent),
    ),
  );
  return lines.length === 0 ? [] : ['', `  ${paint('yellow', 'could not be read')}`, ...lines];
}
