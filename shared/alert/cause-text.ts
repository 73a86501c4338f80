import { explainedBy, type Level, pathOf } from '../anomaly/drill-down.ts';
import type { Incident } from '../anomaly/incident.ts';
import { heightOf } from '../anomaly/rise.ts';
import { isExplained, type RootCause } from '../anomaly/root-cause.ts';
import type { Suspect } from '../anomaly/suspects.ts';
import { formatMoney } from '../money.ts';
import type { Scope } from '../spend/scope.ts';
import { dayName, launchedAt } from './day.ts';
import { serviceName } from './spend-place.ts';

type Names = Readonly<Record<string, string>>;

/** In what a cause is told: the currency of the bill, what the incident is about, and what accounts are called. */
export type Telling = { currency: string; scope: Scope; names?: Names | undefined };

/** Why an incident is, in a few sentences: where it comes from, what drives it, and what was just started. */
export function causeText(cause: RootCause, telling: Telling): string {
  if (!isExplained(cause)) return 'No part of the bill rose by itself, as far as its breakdown tells.';
  return [
    originText(cause, telling),
    ...spreadText(cause, telling),
    driverText(cause, telling),
    commitmentText(cause),
    suspectsText(cause.suspects),
  ]
    .filter(Boolean)
    .join(' ');
}

function originText({ levels, cost, share }: RootCause, { currency, scope, names }: Telling): string {
  const path = pathOf(levels);
  const { resource, operation, usageType, service, region, account } = path;
  const what = usageType || (service && serviceName(service)) || scope['usageType'] || 'It';
  const place = [
    operation && usageType ? `(${operation})` : '',
    isNamed(resource) ? `on ${resourceName(resource)}` : '',
    region && region !== 'global' ? `in ${region}` : '',
    account ? `of ${names?.[account] ?? account}` : '',
  ].filter(Boolean);
  const money = `${formatMoney(cost.after, currency)} a day after ${formatMoney(cost.before, currency)}`;
  if (Object.keys(path).length === 0) return `No single part explains it: ${money}.`;
  return `${[what, ...place].join(' ')} makes up ${Math.round(share * 100)} % of the rise: ${money}.`;
}

const driven = { usage: ', more is used', rate: ', its price rose', mix: '', unknown: '' } as const;

/** Why an incident is, in a clause: what was just started, else where it comes from, else only since when it is. */
export function causeClause({ start, cause }: Incident, names: Names = {}): string {
  const since = `incident since ${dayName(start)}`;
  if (cause === undefined || !isExplained(cause)) return since;
  const [suspect] = cause.suspects;
  if (suspect) return `${since}, ${suspectText(suspect)}`;
  const { resource, usageType, account } = pathOf(cause.levels);
  const what = isNamed(resource) ? resourceName(resource) : usageType;
  const where = account ? ` in ${names[account] ?? account}` : '';
  return what ? `${since}, ${what}${where}${driven[cause.driver]}` : since;
}

/** What Cost Explorer calls spend that has no resource. */
export const isNamed = (resource: string | undefined): resource is string =>
  resource !== undefined && resource !== '' && resource !== 'NoResourceId';

/** An ARN without what stands elsewhere in the text: partition, service, region and account. */
const resourceName = (resource: string): string =>
  resource.startsWith('arn:') ? resource.split(':').slice(5).join(':') : resource;

const plural: Readonly<Record<string, string>> = {
  account: 'accounts',
  service: 'services',
  region: 'regions',
  usageType: 'usage types',
  operation: 'operations',
  team: 'teams',
  owner: 'owners',
  resource: 'resources',
};

/** The first dimension on which it is spread, with its largest parts. */
function spreadText({ levels }: RootCause, { currency, names }: Telling): string[] {
  const spread = levels.find((level) => explainedBy(level) === undefined && level.risen > 1);
  if (spread === undefined) return [];
  return [
    `It is spread over ${spread.risen} ${plural[spread.dimension] ?? spread.dimension}: ${partsText(spread, currency, names)}.`,
  ];
}

/** `eu-west-1 $40.00, us-east-1 $38.00, 5 others $61.00 a day`: together all of the rise. */
export function partsText({ dimension, parts, other }: Level, currency: string, names: Names = {}): string {
  const rest = heightOf(other);
  const listed = parts.map(
    (part) => `${partName(dimension, part.value, names)} ${signed(heightOf(part), currency)}`,
  );
  const others =
    other.count > 0 ? [`${other.count} other${other.count === 1 ? '' : 's'} ${signed(rest, currency)}`] : [];
  return `${[...listed, ...others].join(', ')} a day`;
}

const signed = (amount: number, currency: string): string =>
  `${amount >= 0 ? '+' : ''}${formatMoney(amount, currency)}`;

export function partName(dimension: string, value: string, names: Names = {}): string {
  if (value === '') return dimension === 'team' || dimension === 'owner' ? 'untagged' : 'none';
  if (dimension === 'account') return names[value] ?? value;
  if (dimension === 'resource') return resourceName(value);
  return dimension === 'service' ? serviceName(value) : value;
}

function driverText({ driver, split }: RootCause, { currency }: Telling): string {
  const { quantity, price, usage, rate } = split;
  const used = quantity
    ? `${inUnits(quantity.after, quantity.unit)} a day after ${rounded(quantity.before)}`
    : `${formatMoney(usage, currency)} a day more`;
  const parts = `${formatMoney(usage, currency)} a day is usage, ${formatMoney(rate, currency)} a day is price`;
  if (driver === 'usage') return `Driven by usage: ${used}.`;
  if (driver === 'mix') return `Driven by both: ${parts}${quantity ? ` (${used})` : ''}.`;
  if (driver !== 'rate') return '';
  if (quantity === undefined || price === undefined) return `Driven by price, not by usage: ${parts}.`;
  const each = `${price.after.toPrecision(3)} per ${quantity.unit === 'Hrs' ? 'hour' : quantity.unit} after ${price.before.toPrecision(3)}`;
  return `Driven by its price, not by usage: ${each}; ${parts}.`;
}

const rounded = (value: number): string =>
  value.toLocaleString('en-US', { maximumFractionDigits: Math.abs(value) < 1000 ? 1 : 0 });

/** Some units are numbers themselves: `317,935 x 1K tokens`. */
const inUnits = (value: number, unit: string): string =>
  `${rounded(value)} ${/^\d/.test(unit) ? 'x ' : ''}${unit === 'Hrs' ? 'hours' : unit}`;

export const commitmentName = { 'savings-plan': 'Savings Plan', reservation: 'reservation' } as const;

function commitmentText({ commitment }: RootCause): string {
  if (commitment === undefined) return '';
  const { kind, endedOn, covered } = commitment;
  const what = covered.after === 0 ? 'nothing' : rounded(covered.after);
  return `A ${commitmentName[kind]} that ended on ${dayName(endedOn)}: it covers ${what} of the ${rounded(covered.before)} a day that it did, the same usage is billed on demand.`;
}

const listedSuspects = 3;

function suspectsText(suspects: readonly Suspect[]): string {
  if (suspects.length === 0) return '';
  const listed = suspects.slice(0, listedSuspects).map(suspectText);
  const more = suspects.length - listed.length;
  return `${suspects.length === 1 ? 'Suspect' : 'Suspects'}: ${listed.join('; ')}${more > 0 ? `; and ${more} more` : ''}.`;
}

/** `p4d.24xlarge i-0abc launched Fri 16:20 UTC by dana` */
export function suspectText({ instanceType, instanceId, launchTime, startedBy, owner }: Suspect): string {
  const whose = owner && !startedBy?.endsWith(owner) ? ` (owner ${owner})` : '';
  return `${instanceType} ${instanceId} launched ${launchedAt(launchTime)}${startedBy ? ` by ${startedBy}` : ''}${whose}`;
}
