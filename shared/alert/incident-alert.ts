import type { Change, Incident } from '../anomaly/incident.ts';
import { formatMoney } from '../money.ts';
import { addDays, type IsoDate, type IsoTime } from '../period.ts';
import type { Scope } from '../spend/scope.ts';
import type { Alert, Severity } from './alert.ts';
import { alertId } from './identity.ts';

type Told = {
  /** What people call the account. */
  accountName?: string | undefined;
  change: Change;
  at: IsoTime;
};

/** Says what has happened to an incident: once for each change. */
export function incidentAlert(incident: Incident, { accountName, change, at }: Told): Alert {
  const { id, scope, cause } = incident;
  const { account, service } = scope;
  const subject = alertId('spend', id);
  const growths = incident.told?.growths ?? 0;
  return {
    id: alertId(subject, change === 'grown' ? `grown-${growths + 1}` : change),
    subject,
    kind: 'spend-anomaly',
    severity: severityOf(incident, change),
    at,
    title: `${subjectOf(scope, accountName)}: ${headline(incident, change)}`,
    summary: [incident.reason, cause?.sentence].filter(Boolean).join(' '),
    facts: [
      ...(account
        ? [{ label: 'Account', value: accountName ? `${accountName} (${account})` : account }]
        : []),
      ...(service ? [{ label: 'Service', value: service }] : []),
      ...newestDay(incident),
      { label: 'Impact so far', value: money(incident, incident.impact) },
      ...runRate(incident),
      { label: 'Team', value: cause?.team ?? 'none tagged' },
      { label: 'Owner', value: cause?.owner ?? 'none tagged' },
      { label: 'Cause', value: cause ? `${cause.usageType} in ${cause.region}` : 'not known' },
    ],
    items: incident.days
      .toReversed()
      .map(
        (day) =>
          `${day.date}: ${money(incident, day.actual)}${day.closed ? '' : ' so far'}, expected ${money(incident, day.expected)}`,
      ),
    action: actionOf(incident),
    links: consoleLink(incident),
    ...(account && { account }),
    ...(cause && { region: cause.region }),
    ...(cause?.team && { team: cause.team }),
    ...(cause?.owner && { owner: cause.owner }),
  };
}

function headline(incident: Incident, change: Change): string {
  const since = dayName(incident.start);
  const total = money(incident, incident.impact);
  const perDay = money(incident, incident.excessPerDay);
  if (change === 'accepted') return `${perDay} a day more is the new normal, ${total} since ${since}`;
  if (change === 'grown') return `${perDay} a day above expected by now, ${total} since ${since}`;
  if (incident.status === 'open') return `${perDay} a day above expected since ${since}`;
  if (incident.status === 'accepted') return `${perDay} a day above expected ever since ${since}`;
  // A figure restated downwards can leave nothing of an incident.
  if (incident.impact === 0) return `nothing above expected since ${since} after all, the bill was restated`;
  const last = addDays(incident.end ?? incident.start, -1);
  const days = last <= incident.start ? `on ${since}` : `from ${since} to ${dayName(last)}`;
  return `back to normal, ${total} above expected ${days}`;
}

/** Dollars a day from which it can't wait for the weekly review. */
const criticalExcess = 500;

function severityOf({ status, excessPerDay }: Incident, change: Change): Severity {
  if (status !== 'open' || change === 'recovered' || change === 'accepted') return 'info';
  return excessPerDay >= criticalExcess ? 'critical' : 'warning';
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

function runRate(incident: Incident): Alert['facts'] {
  if (incident.status !== 'open') return [];
  const { excessPerDay } = incident;
  const value = `${money(incident, excessPerDay)} a day, ${money(incident, excessPerDay * 30)} a month`;
  return [{ label: 'At this rate', value }];
}

function actionOf({ status, cause, scope }: Incident): string {
  if (status === 'recovered') return 'Nothing, unless it comes back.';
  if (status === 'accepted')
    return 'Nothing, if it is meant to stay. It is what will be expected from now on.';
  if (cause?.driver === 'rate') {
    return 'The same usage costs more: look for a commitment that expired, a discount or a credit that ended, or a purchase option that changed.';
  }
  const what = cause ? `${cause.usageType} in ${cause.region}` : (scope['service'] ?? 'it');
  const whom = cause?.owner ?? cause?.team;
  return `${whom ? `Ask ${whom}, or find` : 'Find'} what uses ${what}, and stop it if nobody needs it. What stays for two weeks becomes the new normal.`;
}

const short: Readonly<Record<string, string>> = {
  'Amazon Elastic Compute Cloud - Compute': 'Amazon EC2',
  'Amazon Simple Storage Service': 'Amazon S3',
  'Amazon Relational Database Service': 'Amazon RDS',
};

/** As people say it, where the bill is long-winded. */
const serviceName = (service: string): string => short[service] ?? service;

/** What an alert is about: `Amazon EC2 in ml-dev`. */
function subjectOf({ account, service, ...rest }: Scope, accountName: string | undefined): string {
  const place = accountName ?? account;
  const parts = [
    ...(service ? [serviceName(service)] : []),
    ...Object.entries(rest).map(([dimension, value]) => `${dimension} ${value}`),
    ...(place ? [place] : []),
  ];
  return parts.join(' in ') || 'All spend';
}

/** `14 Nov`. */
const dayName = (date: IsoDate): string =>
  new Date(date).toLocaleDateString('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' });

const money = ({ currency }: Incident, amount: number): string => formatMoney(amount, currency);

/** Cost Explorer on what the incident is about, from two weeks before it, by usage type. */
function consoleLink({ scope, start, days }: Incident): Alert['links'] {
  const { account, service } = scope;
  if (account === undefined || service === undefined || !/^\d{12}$/.test(account)) return [];
  const query = new URLSearchParams({
    chartStyle: 'STACK',
    costAggregate: 'netAmortizedCost',
    granularity: 'Daily',
    groupBy: JSON.stringify(['UsageType']),
    filter: JSON.stringify([
      including('LinkedAccount', 'Linked account', account),
      including('Service', 'Service', service),
    ]),
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

const including = (id: string, displayValue: string, value: string) => ({
  dimension: { id, displayValue },
  operator: 'INCLUDES',
  values: [{ value, displayValue: value }],
});
