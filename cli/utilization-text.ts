import { kindNames, sizeText } from '../shared/alert/resource-text.ts';
import { cut } from '../shared/alert/text.ts';
import { ownerOf } from '../shared/allocation/owner.ts';
import { monthlyCost } from '../shared/compute/cost.ts';
import { isFlaw } from '../shared/compute/finding.ts';
import type { Resource } from '../shared/compute/resource.ts';
import type { OwnerWaste } from '../shared/compute/waste.ts';
import { formatMoney, type Usd } from '../shared/money.ts';
import type { IsoTime } from '../shared/period.ts';
import { sparkLine } from './spark.ts';
import { type Cell, paint, perHour, relativeTime, type Style, screenWidth, table, wrap } from './terminal.ts';
import { type Viewed, type ViewedTarget, wastedRateOf } from './utilization-view.ts';

type Row = Viewed & { target: ViewedTarget };

/** What is there, the dearest waste first, each with its devices and its evidence; then whose it is, and what is missing. */
export function utilizationText(targets: readonly ViewedTarget[], now: IsoTime): string {
  const rows = targets.flatMap(toRows).toSorted(byWaste);
  return [
    rows.length === 0 ? nothingText(targets) : listText(rows, now),
    ...(rows.length === 0 ? [] : ['', ...totalLines(rows)]),
    ...wasteText(targets),
    ...gapsText(targets),
  ].join('\n');
}

/** Who is told what is wrong with something need not be told that it works. */
function toRows(target: ViewedTarget): Row[] {
  const flawed = new Set(target.observations.filter(isFlaw).map(({ resource }) => keyOf(resource)));
  return target.observations
    .filter((observation) => isFlaw(observation) || !flawed.has(keyOf(observation.resource)))
    .map((observation) => ({ ...observation, target }));
}

const keyOf = ({ account, region, kind, id }: Resource): string => [account, region, kind, id].join('#');

const nothingText = (targets: readonly ViewedTarget[]): string =>
  `  Nothing that is paid for by the hour to compute is running in ${targets.length} ${targets.length === 1 ? 'target' : 'targets'}.`;

/** What wastes at an unknown price comes before what wastes nothing. */
const byWaste = (one: Row, other: Row): number =>
  (wastedRateOf(other) ?? 0) - (wastedRateOf(one) ?? 0) ||
  Number(isFlaw(other)) - Number(isFlaw(one)) ||
  (other.hourlyRate ?? 0) - (one.hourlyRate ?? 0) ||
  one.resource.name.localeCompare(other.resource.name);

/** From so many columns on the types have one of their own. */
const wideScreen = 120;

function listText(rows: readonly Row[], now: IsoTime): string {
  const isWide = screenWidth() >= wideScreen;
  const headings = [
    'state',
    'name',
    ...(isWide ? ['type'] : []),
    'owner',
    '>rate',
    '>wasted',
    '>this month',
    'since',
  ];
  const [heading, ...lines] = table(
    headings,
    rows.map((row) => toCells(row, now, isWide)),
  ).split('\n');
  const described = lines.flatMap((line, index) => {
    const row = rows[index];
    return [line, ...(row ? detailLines(row, now, isWide) : [])];
  });
  return [heading, ...described].join('\n');
}

/** What is wrong stands out; what is idle and costs nothing doesn't. */
function styleOf(row: Row): Style {
  if (isFlaw(row)) return row.utilization.state === 'idle' ? 'red' : 'yellow';
  return row.utilization.state === 'busy' ? 'green' : 'dim';
}

function toCells(row: Row, now: IsoTime, isWide: boolean): Cell[] {
  const { resource, utilization, attribution, hourlyRate, monthToDate, loss, since } = row;
  const flawed = isFlaw(row);
  return [
    { text: utilization.state, style: styleOf(row) },
    cut(resource.name, isWide ? 32 : 22),
    ...(isWide ? [cut(typeText(row), 32)] : []),
    cut(ownerOf(attribution) ?? '-', 14),
    perHour(hourlyRate),
    flawed ? perHour(wastedRateOf(row)) : '',
    flawed ? moneyText(monthToDate ?? loss) : '',
    flawed ? relativeTime(since ?? utilization.windowStart, now) : '',
  ];
}

const moneyText = (amount: Usd | undefined): string => (amount === undefined ? '-' : formatMoney(amount));

/** `p4d.24xlarge`, `endpoint, 2 x ml.g5.2xlarge` */
function typeText({ resource }: Pick<Viewed, 'resource'>): string {
  if (resource.kind === 'ec2-instance') return resource.type;
  const size = resource.name === resource.type ? '' : sizeText(resource);
  return [kindNames[resource.kind], size].filter(Boolean).join(', ');
}

const indent = '    ';

/** The devices drawn, and the evidence: on one line where they fit. */
function detailLines(row: Row, now: IsoTime, isWide: boolean): string[] {
  const { target, utilization } = row;
  const { check, confidence, reason } = utilization;
  const where = `${target.accountName ?? target.account} ${target.region}`;
  const verdict = check === undefined ? '' : ` (${check}${confidence === 'low' ? ', low confidence' : ''})`;
  const evidence = [...(isWide ? [] : [typeText(row)]), `${where}: ${reason}${verdict}`].join(', ');
  const devices = sparks(row, now);
  const line = [devices, evidence].filter(Boolean).join('  ');
  const room = screenWidth() - indent.length;
  if (line.length <= room) return [`${indent}${line}`];
  return [...(devices === '' ? [] : [`${indent}${devices}`]), wrap(evidence, screenWidth(), indent)];
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
  const byResource = Map.groupBy(rows, ({ resource }) => keyOf(resource));
  const resources = [...byResource.values()];
  const wasted = sum(resources.map((own) => Math.max(0, ...own.map((row) => wastedRateOf(row) ?? 0))));
  const rate = sum(resources.map(([row]) => row?.hourlyRate ?? 0));
  const flawed = resources.filter((own) => own.some(isFlaw)).length;
  const unpriced = resources.filter((own) => own.every(isUnpriced)).length;
  const money = `${formatMoney(wasted)} of ${formatMoney(rate)} an hour, ${formatMoney(monthlyCost(wasted))} a month`;
  return [
    `  ${paint('bold', `${flawed} of ${resources.length} waste`)} ${money}`,
    ...(unpriced === 0 ? [] : [`  The price of ${unpriced} is unknown, and in none of these sums.`]),
  ];
}

/** What is paid for by the token has no price by the hour to be known. */
const isUnpriced = ({ resource, hourlyRate, loss }: Row): boolean =>
  resource.kind !== 'bedrock-model' && hourlyRate === undefined && loss === undefined;

const sum = (amounts: readonly number[]): number => amounts.reduce((total, amount) => total + amount, 0);

function wasteText(targets: readonly ViewedTarget[]): string[] {
  const owners = mergedWaste(targets);
  if (owners.length === 0) return [];
  const rows = owners.map(({ owner, monthToDate, hourly, findings, unpriced }) => {
    const isKnown = unpriced < findings;
    return [
      owner ?? 'nobody tagged',
      isKnown ? formatMoney(monthToDate) : '-',
      isKnown ? perHour(hourly) : '-',
      isKnown ? formatMoney(monthlyCost(hourly)) : '-',
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
