import type { KnownAwsAnomaly } from '../anomaly/aws-anomaly.ts';
import { explainedBy, type Level, pathOf } from '../anomaly/drill-down.ts';
import { isImplausible } from '../anomaly/implausible.ts';
import { type Change, type Incident, isTakenBack, runRate, severityOf } from '../anomaly/incident.ts';
import { isExplained, type RootCause } from '../anomaly/root-cause.ts';
import { definedOf } from '../defined.ts';
import { formatMoney } from '../money.ts';
import { addDays, dateOf, type IsoTime } from '../period.ts';
import { breakdownDimensions } from '../spend/breakdown.ts';
import type { Scope } from '../spend/scope.ts';
import type { SpendWatch } from '../spend/spend-watch.ts';
import type { Alert, AlertChart, News, Severity } from './alert.ts';
import { causeText, isNamed, partName, partsText, suspectText } from './cause-text.ts';
import { dayName } from './day.ts';
import { alertId } from './identity.ts';
import { incidentAction } from './incident-action.ts';
import { placeName } from './spend-place.ts';

type Names = Readonly<Record<string, string>>;

type Told = {
  /** What people call the accounts. */
  names?: Names | undefined;
  change: Change;
  at: IsoTime;
  /** The accounts that are watched more closely just now. */
  watches?: ReadonlyMap<string, SpendWatch> | undefined;
  /** The same leak, as AWS's Cost Anomaly Detection sees it. */
  awsAnomaly?: KnownAwsAnomaly | undefined;
  chart?: AlertChart | undefined;
};

/** Says what has happened to an incident: once for each change. */
export function incidentAlert(
  incident: Incident,
  { names = {}, change, at, watches, awsAnomaly, chart }: Told,
): Alert {
  const { id, scope, cause, currency } = incident;
  const subject = alertId('spend', id);
  const growths = incident.told?.growths ?? 0;
  const { account, region, team = cause?.team } = { ...(cause && pathOf(cause.levels)), ...scope };
  const watch = incident.status === 'open' ? watches?.get(account ?? '') : undefined;
  return {
    id: alertId(subject, change === 'grown' ? `grown-${growths + 1}` : change),
    subject,
    kind: 'spend-anomaly',
    severity: watch ? 'critical' : alertSeverity(incident, change),
    at,
    title: `${placeName(scope, names)}: ${headline(incident, change)}`,
    summary: [
      ...doubt(incident),
      ...(watch ? [watchText(watch)] : []),
      noticed(incident),
      ...(cause ? [causeText(cause, { currency, scope, names })] : []),
    ].join(' '),
    facts: [
      ...scopeFacts(scope, names),
      ...newestDay(incident),
      { label: 'Lost so far', value: `${money(incident, incident.impact)} since ${dayName(incident.start)}` },
      ...atStake(incident),
      { label: 'Team', value: team || 'none tagged' },
      { label: 'Owner', value: ownerOf(cause) ?? 'none tagged' },
      ...causeFacts(incident, names),
      ...awsFacts(awsAnomaly),
    ],
    items: incident.days
      .toReversed()
      .map(
        (day) =>
          `${day.date}: ${money(incident, day.actual)}${day.closed ? '' : ' so far'}, expected ${money(incident, day.expected)}`,
      ),
    action: incidentAction(incident),
    links: [...consoleLink(incident), ...awsLinks(awsAnomaly)],
    ...definedOf({
      step: stepOf(incident, change),
      account,
      region,
      team: team || undefined,
      owner: cause?.owner,
      chart,
      anomalyId: awsAnomaly?.anomalyId,
    }),
    costPerDay: incident.excessPerDay,
    incidentId: id,
  };
}

/** By its first sign, which the newest days may dwarf. */
const noticed = ({ reason, days }: Incident): string =>
  days.length > 1 && /^\D{1,4}\d/.test(reason) ? `Noticed by ${reason}` : reason;

const watchText = ({ reason, since, until }: SpendWatch): string =>
  `${reason} on ${dayName(since)}: until ${dayName(until)} unusual spend there is told from $1 a day on.`;

function awsFacts(seen: KnownAwsAnomaly | undefined): Alert['facts'] {
  if (seen === undefined) return [];
  const { impact, start, at, toldAt } = seen;
  const what = `${formatMoney(impact)} above what it expected${start === undefined ? '' : ` since ${dayName(start)}`}`;
  const value =
    toldAt === undefined
      ? `sees it too, on ${dateOf(at)}: ${what}`
      : `told it on ${dateOf(toldAt)}: ${what} by now`;
  return [{ label: 'Cost Anomaly Detection', value }];
}

const awsLinks = (seen: KnownAwsAnomaly | undefined): Alert['links'] =>
  seen?.link ? [{ label: 'Anomaly in the AWS console', url: seen.link }] : [];

/**
 * What was over and is there again has grown, to its series; to people it is back. What is over when it is told first has
 * no step: it is told and done, and nothing is ever to close it.
 */
function stepOf({ status, told }: Incident, change: Change): News['step'] | undefined {
  if (change === 'opened' && status !== 'open') return undefined;
  return change === 'grown' && told !== undefined && told.status !== 'open' ? 'reopened' : change;
}

const ownerOf = (cause: RootCause | undefined): string | undefined =>
  cause?.owner ?? cause?.suspects[0]?.owner;

function headline(incident: Incident, change: Change): string {
  const since = dayName(incident.start);
  const total = money(incident, incident.impact);
  const perDay = money(incident, incident.excessPerDay);
  if (change === 'accepted') return `${perDay} a day more is the new normal, ${total} since ${since}`;
  if (isImplausible(incident)) return `estimate implausible, ${perDay} a day above expected since ${since}`;
  if (change === 'grown') return `${perDay} a day above expected by now, ${total} since ${since}`;
  if (incident.status === 'open') return `${perDay} a day above expected since ${since}`;
  if (incident.status === 'accepted') return `${perDay} a day above expected ever since ${since}`;
  // A figure restated downwards can leave nothing of an incident.
  if (incident.impact === 0 || isTakenBack(incident))
    return `estimate implausible, the bill was restated: ${leftOf(incident)} above expected since ${since} after all`;
  const last = addDays(incident.end ?? incident.start, -1);
  const days = last <= incident.start ? `on ${since}` : `from ${since} to ${dayName(last)}`;
  return change === 'opened'
    ? `${total} above expected ${days}, back to normal since`
    : `back to normal, ${total} above expected ${days}`;
}

/** Where a restatement leaves nothing or next to nothing of an incident. */
const leftOf = (incident: Incident): string =>
  incident.impact === 0 ? 'nothing' : `no more than ${money(incident, incident.impact)}`;

/** What can't be true is told as that, and not as a leak. */
const doubt = (incident: Incident): string[] =>
  isImplausible(incident)
    ? [
        'The estimate is implausible: a hundred times the expected spend at unchanged usage is likelier an error of the bill than a leak. Nothing is stopped automatically until it is settled.',
      ]
    : [];

/** What is over needs nobody; what can't be true is no emergency. */
function alertSeverity(incident: Incident, change: Change): Severity {
  if (incident.status !== 'open' || change === 'recovered' || change === 'accepted') return 'info';
  return isImplausible(incident) ? 'warning' : severityOf(incident);
}

const labels: Readonly<Record<string, string>> = {
  account: 'Account',
  service: 'Service',
  region: 'Region',
  usageType: 'Usage type',
};

function scopeFacts(scope: Scope, names: Names): Alert['facts'] {
  return Object.entries(scope).flatMap(([dimension, value]) => {
    if (dimension === 'team') return []; // has a fact of its own
    const name = dimension === 'account' ? names[value] : undefined;
    return [{ label: labels[dimension] ?? dimension, value: name ? `${name} (${value})` : value || 'none' }];
  });
}

function newestDay(incident: Incident): Alert['facts'] {
  const newest = incident.days.at(-1);
  if (newest === undefined) return [];
  const filling = newest.closed ? '' : ' so far: the day is still filling, and can only rise';
  return [
    { label: 'Expected', value: `${money(incident, newest.expected)} a day` },
    { label: 'Actual', value: `${money(incident, newest.actual)} on ${dayName(newest.date)}${filling}` },
    { label: 'Above expected', value: percentage(newest.actual, newest.expected) },
  ];
}

/** Where next to nothing was expected a percentage says nothing. */
const percentage = (actual: number, expected: number): string =>
  expected > 0 && actual / expected < 100 ? `${Math.round((actual / expected - 1) * 100)} %` : 'n/a';

function atStake(incident: Incident): Alert['facts'] {
  if (incident.status !== 'open') return [];
  const { perDay, perMonth } = runRate(incident);
  const value = `${money(incident, perDay)} a day, ${money(incident, perMonth)} a month`;
  return [{ label: 'Still at stake', value }];
}

const drivers = { usage: 'usage', rate: 'price', mix: 'usage and price', unknown: 'not known' } as const;

/** The way down to where it comes from, on what it spreads, what drives it and what was just started. */
function causeFacts({ cause, currency }: Incident, names: Names): Alert['facts'] {
  if (cause === undefined) return [{ label: 'Cause', value: 'not known' }];
  const way = cause.levels.toSorted(downwards).flatMap((level) => wayPoint(level, names));
  const spread = cause.levels.filter((level) => explainedBy(level) === undefined && level.risen > 1);
  return [
    { label: 'Cause', value: way.join(' › ') || 'spread' },
    ...spread.map((level) => ({
      label: `By ${labels[level.dimension]?.toLowerCase() ?? level.dimension}`,
      value: partsText(level, currency, names),
    })),
    // What is explained says in the summary what drives it, and who is suspected.
    ...(isExplained(cause)
      ? []
      : [
          { label: 'Driven by', value: drivers[cause.driver] },
          ...cause.suspects.slice(0, 3).map((suspect) => ({ label: 'Suspect', value: suspectText(suspect) })),
        ]),
  ];
}

const downwards = (a: Level, b: Level): number =>
  breakdownDimensions.indexOf(a.dimension) - breakdownDimensions.indexOf(b.dimension);

function wayPoint(level: Level, names: Names): string[] {
  const { dimension } = level;
  const value = explainedBy(level)?.value ?? '';
  if (value === '' || (dimension === 'resource' && !isNamed(value))) return [];
  const name = partName(dimension, value, names);
  return [dimension === 'team' || dimension === 'owner' ? `${dimension} ${name}` : name];
}

const money = ({ currency }: Incident, amount: number): string => formatMoney(amount, currency);

/** Cost Explorer on what the incident is about, from two weeks before it, by usage type. */
function consoleLink({ scope, start, days }: Incident): Alert['links'] {
  const { account } = scope;
  if (account !== undefined && !/^\d{12}$/.test(account)) return [];
  const query = new URLSearchParams({
    chartStyle: 'STACK',
    costAggregate: 'netAmortizedCost',
    granularity: 'Daily',
    groupBy: JSON.stringify(['UsageType']),
    filter: JSON.stringify(
      Object.entries(scope).flatMap(([dimension, value]) => {
        const filter = consoleFilters[dimension];
        return filter ? [including(filter[0], filter[1], value)] : [];
      }),
    ),
    historicalRelativeRange: 'CUSTOM',
    futureRelativeRange: 'CUSTOM',
    startDate: addDays(start, -14),
    endDate: days.at(-1)?.date ?? start,
  });
  // The console reads what stands after the #, where a plus is no space.
  const state = query.toString().replaceAll('+', '%20');
  return [
    {
      label: 'Open in Cost Explorer',
      url: `https://us-east-1.console.aws.amazon.com/costmanagement/home?region=us-east-1#/cost-explorer?${state}`,
    },
  ];
}

/** The names that the console has for dimensions, and shows. */
const consoleFilters: Readonly<Record<string, readonly [id: string, shown: string]>> = {
  account: ['LinkedAccount', 'Linked account'],
  service: ['Service', 'Service'],
  region: ['Region', 'Region'],
  usageType: ['UsageType', 'Usage type'],
};

const including = (id: string, displayValue: string, value: string) => ({
  dimension: { id, displayValue },
  operator: 'INCLUDES',
  values: [{ value, displayValue: value }],
});
