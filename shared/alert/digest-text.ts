import type { Incident } from '../anomaly/incident.ts';
import type { BudgetStatus } from '../budget/budget.ts';
import { monthlyCost } from '../compute/cost.ts';
import { formatMoney } from '../money.ts';
import { addDays, daysBetween, type IsoDate, type Period } from '../period.ts';
import { changeSince, type PeriodSpend, perDay } from '../spend/period-change.ts';
import type { Alert } from './alert.ts';
import { dayName } from './day.ts';
import type { Digest } from './digest.ts';
import { weekdayOf } from './digest-due.ts';
import { staleText } from './heartbeat.ts';
import { placeName } from './spend-place.ts';

const cadenceNames = { daily: 'Daily', weekly: 'Weekly', monthly: 'Monthly' } as const;

/** What it is compared with, after `than`. */
const beforeNames = {
  daily: 'a mean day of the week before',
  weekly: 'in the week before',
  monthly: 'in the month before, by the day',
} as const;

/** `Weekly digest of search, 7 to 13 Nov: $4,321.00, 18 % more than in the week before` */
export function digestTitle(digest: Digest): string {
  const { cadence, team, spend } = digest;
  const what = `${cadenceNames[cadence]} digest${team === undefined ? '' : ` of ${team}`}, ${daysText(digest.period, cadence)}`;
  if (spend === undefined || spend.now.known === 0) return `${what}: spend unknown`;
  const total = money(digest, spend.now.total);
  if (cadence === 'daily') return `${what}: ${total}${spend.now.filling > 0 ? ' so far' : ''}`;
  const change = changeText(digest);
  return `${what}: ${total}${change === undefined ? '' : `, ${change}`}`;
}

/** `Sun 15 Nov`, `7 to 13 Nov`, `28 Oct to 3 Nov`, `October 2026` */
function daysText({ start, end }: Period, cadence: Digest['cadence']): string {
  if (cadence === 'monthly') return monthName(start);
  const last = addDays(end, -1);
  if (last <= start) return `${weekdayOf(start)} ${dayName(start)}`;
  const isSameMonth = start.slice(0, 7) === last.slice(0, 7);
  return `${isSameMonth ? Number(start.slice(8)) : dayName(start)} to ${dayName(last)}`;
}

const monthFormat = new Intl.DateTimeFormat('en-GB', { month: 'long', year: 'numeric', timeZone: 'UTC' });

const monthName = (date: IsoDate): string => monthFormat.format(new Date(date));

/** Undefined where there is nothing to compare with. */
function changeText({ spend, cadence }: Digest): string | undefined {
  if (spend === undefined) return undefined;
  const change = changeSince(spend.before, spend.now);
  return change === undefined ? undefined : `${comparison(change)} ${beforeNames[cadence]}`;
}

/** `18 % more than`, `as much as`, `12 times as much as` */
function comparison(change: number): string {
  const percent = Math.round(Math.abs(change) * 100);
  if (percent === 0) return 'as much as';
  if (change >= 9) {
    return change >= 999 ? 'more than 1,000 times as much as' : `${Math.round(change + 1)} times as much as`;
  }
  return `${percent} % ${change > 0 ? 'more' : 'less'} than`;
}

/** What matters most, in a few sentences. */
export const digestSummary = (digest: Digest): string =>
  [spendSentence(digest), incidentSentence(digest), wasteSentence(digest), staleSentence(digest)]
    .filter((sentence) => sentence !== undefined)
    .join(' ');

/** Spend, what leaks, what is idle: a line each. */
export const dailyLines = (digest: Digest): string[] => [
  [dailySpend(digest), budgetSentence(digest)].filter(Boolean).join(' '),
  [incidentSentence(digest) ?? 'No incident is open.', staleSentence(digest)].filter(Boolean).join(' '),
  [wasteSentence(digest) ?? 'Nothing is known to be idle.', savedSentence(digest)].filter(Boolean).join(' '),
];

/** The title has what was spent, and by how much that differs. */
function spendSentence(digest: Digest): string {
  const { spend, cadence } = digest;
  if (spend === undefined || spend.now.known === 0) return unknownSpend(digest);
  const { before, now } = spend;
  const compared =
    before.known === 0
      ? 'There is nothing yet to compare it with.'
      : `${capitalized(daysText(before.period, cadence))} cost ${money(digest, before.total)}${recordText(before)}.`;
  return compared + gapsText(now);
}

/** What is compared with where not all of it is known. */
function recordText({ period, known }: PeriodSpend): string {
  const length = daysBetween(period.start, period.end);
  return known < length ? ` on the ${known} of its ${length} days that are on record` : '';
}

const capitalized = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

const unknownSpend = ({ unknownSpend: reason, period, cadence }: Digest): string =>
  reason ?? `Nothing of the bill is on record for ${daysText(period, cadence)}: what was spent is unknown.`;

/** What of the period isn't known, or not for good. */
function gapsText({ period, known, filling }: PeriodSpend): string {
  const length = daysBetween(period.start, period.end);
  return [
    known < length
      ? ` Of ${length} days ${known === 1 ? 'only one is' : `only ${known} are`} on record.`
      : '',
    filling === 0
      ? ''
      : filling === 1
        ? ' Its newest day is still filling, and can only rise.'
        : ` Its newest ${filling} days are still filling, and can only rise.`,
  ].join('');
}

function dailySpend(digest: Digest): string {
  const { spend } = digest;
  if (spend === undefined || spend.now.known === 0) return unknownSpend(digest);
  const { period, total, filling } = spend.now;
  const usual = perDay(spend.before);
  const compared = usual === undefined ? '' : `; a mean day of the week before cost ${money(digest, usual)}`;
  const soFar = filling > 0 ? ' so far, and is still filling' : '';
  return `${daysText(period, 'daily')} cost ${money(digest, total)}${soFar}${compared}.`;
}

/** Of the budget that is used up most. */
function budgetSentence(digest: Digest): string | undefined {
  const [first] = digest.budgets.toSorted((a, b) => usedBy(b) - usedBy(a));
  return first && `Budget ${first.name}: ${budgetText(digest, first)}.`;
}

const usedBy = ({ spent, forecast = spent, monthly }: BudgetStatus): number => forecast / monthly;

/** `$9,876.00 of $20,000 in November 2026 (49 %), $22,100 by its end (111 %), exceeded on 27 Nov` */
function budgetText(
  digest: Digest,
  { spent, gaps, monthly, month, forecast, exceeds }: BudgetStatus,
): string {
  const used = `${money(digest, spent)} of ${money(digest, monthly)} in ${monthName(month.start)} (${percentOf(spent, monthly)})${gaps > 0 ? ` without ${count(gaps, 'unknown day')}` : ''}`;
  const coming =
    forecast === undefined || forecast <= spent
      ? ''
      : `, at this rate ${money(digest, forecast)} by its end (${percentOf(forecast, monthly)})`;
  if (exceeds === undefined) return used + coming;
  const on = dayName(exceeds.on);
  return `${used}${coming}, ${exceeds.isForecast ? `exceeded from ${on} on` : `exceeded since ${on}`}`;
}

function percentOf(part: number, whole: number): string {
  const percent = Math.round((100 * part) / whole);
  return percent > 100_000 ? 'more than 100,000 %' : `${percent} %`;
}

function incidentSentence({ incidents: { open } }: Digest): string | undefined {
  if (open.length === 0) return undefined;
  const rates = sumsOf(open, ({ excessPerDay }) => excessPerDay);
  return `${open.length === 1 ? 'One incident is' : `${open.length} incidents are`} open, ${rates} a day above expected.`;
}

/** Amounts of several currencies stand beside each other. */
const sumsOf = (incidents: readonly Incident[], amountOf: (incident: Incident) => number): string =>
  [...Map.groupBy(incidents, ({ currency }) => currency)]
    .map(([currency, own]) => formatMoney(sum(own.map(amountOf)), currency))
    .join(' and ');

function wasteSentence({ waste, lastingWaste, openFindings }: Digest): string | undefined {
  if (openFindings === 0) return undefined;
  const hourly = sum(waste.map((own) => own.hourly));
  const found = count(openFindings, 'finding');
  const month = lastingWaste > 0 ? `, ${formatMoney(monthlyCost(lastingWaste))} a month if nobody acts` : '';
  return hourly > 0
    ? `${formatMoney(hourly)} an hour goes into what is idle or hardly used (${found})${month}.`
    : `${found} of what is idle or hardly used, at no known price.`;
}

function savedSentence({ saved }: Digest): string | undefined {
  return saved.hours > 0 ? `Stops saved ${savedText(saved)}.` : undefined;
}

/** `$243.10 in 118.4 hours, of which 12.0 hours have no known price` */
function savedText({ net, hours, unpricedHours }: Digest['saved']): string {
  if (unpricedHours >= hours) return `${hoursText(hours)}, at no known price`;
  const unpriced = unpricedHours > 0 ? `, ${hoursText(unpricedHours)} of them at no known price` : '';
  return `${formatMoney(net)} in ${hoursText(hours)}${unpriced}`;
}

const hoursText = (hours: number): string =>
  `${hours.toLocaleString('en-US', { maximumFractionDigits: 1 })} hours`;

function staleSentence({ stale }: Digest): string | undefined {
  return stale.length === 0 ? undefined : `Not everything is watched: ${staleText(stale)}.`;
}

/** The figures beside their names, without those that there are none of. */
export const digestFacts = (digest: Digest): Alert['facts'] => [
  ...spendFacts(digest),
  ...digest.budgets.map((budget) => ({ label: `Budget ${budget.name}`, value: budgetText(digest, budget) })),
  ...digest.budgetsUnknown.map((name) => ({
    label: `Budget ${name}`,
    value: 'unknown: its part of the spend is not followed, or not on record for the month',
  })),
  ...incidentFacts(digest),
  ...wasteFacts(digest),
  { label: 'Saved by stops', value: savedFact(digest) },
  ...taggedFact(digest),
  ...costFact(digest),
];

function spendFacts(digest: Digest): Alert['facts'] {
  const { spend } = digest;
  if (spend === undefined || spend.now.known === 0) return [];
  const [was, is] = [perDay(spend.before), perDay(spend.now)];
  if (is === undefined) return [];
  const before = was === undefined ? '' : `, ${money(digest, was)} before`;
  return [{ label: 'A mean day', value: money(digest, is) + before }];
}

function incidentFacts(digest: Digest): Alert['facts'] {
  const { opened, closed, open, dearest } = digest.incidents;
  const numbers = `${opened} opened and ${closed} closed since ${dayName(digest.period.start)}, ${open.length} open`;
  const lost = open.length > 0 ? `: ${sumsOf(open, ({ impact }) => impact)} above expected so far` : '';
  return [
    { label: 'Incidents', value: numbers + lost },
    ...(dearest ? [{ label: 'The dearest', value: dearestText(dearest, digest) }] : []),
  ];
}

function dearestText({ id, scope, impact, currency, start, end }: Incident, { names }: Digest): string {
  const when = end === undefined ? `since ${dayName(start)}` : daysText({ start, end }, 'weekly');
  return `${placeName(scope, names)}, ${formatMoney(impact, currency)} ${when} (${id})`;
}

const listedOwners = 3;

function wasteFacts({ waste, openFindings, period }: Digest): Alert['facts'] {
  const [hourly, lost] = [sum(waste.map((own) => own.hourly)), sum(waste.map((own) => own.monthToDate))];
  if (openFindings === 0 && lost === 0) return [{ label: 'Idle', value: 'nothing is known to be' }];
  const unpriced = sum(waste.map((own) => own.unpriced));
  const owners = waste.filter((own) => own.hourly > 0).toSorted((a, b) => b.hourly - a.hourly);
  const shown = owners
    .slice(0, listedOwners)
    .map(({ owner, hourly: own }) => `${owner ?? 'nobody'} ${formatMoney(own)}`);
  const rest = sum(owners.slice(listedOwners).map((own) => own.hourly));
  return [
    {
      label: 'Idle',
      value: `${formatMoney(hourly)} an hour now, ${formatMoney(lost)} since ${dayName(period.start)}${unpriced > 0 ? `; ${count(unpriced, 'finding')} of unknown price in neither` : ''}`,
    },
    ...(shown.length > 0
      ? [
          {
            label: 'Whose, an hour',
            value: [...shown, ...(rest > 0 ? [`others ${formatMoney(rest)}`] : [])].join(', '),
          },
        ]
      : []),
  ];
}

const savedFact = ({ saved }: Digest): string =>
  saved.hours > 0 ? `${savedText(saved)}, by ${count(saved.periods, 'stop')}` : 'nothing';

function taggedFact({ tagged }: Digest): Alert['facts'] {
  if (tagged === undefined) return [];
  const of = tagged.of === 'spend' ? 'of the spend has a team' : 'of what is idle has an owner or a team';
  return [{ label: 'Tagged', value: `${Math.round(100 * tagged.share)} % ${of}` }];
}

function costFact({ ownCost }: Digest): Alert['facts'] {
  return ownCost === undefined
    ? []
    : [
        {
          label: 'The watchdog',
          value: `${formatMoney(ownCost.amount)} for its own runs, ${daysText(ownCost.on, 'weekly')}`,
        },
      ];
}

/** `Up $2,310.00: Amazon EC2 in ml-dev, $812.00 a day after $100.00. Why: ...` */
export function moverText(mover: Digest['movers'][number], digest: Digest): string {
  const { scope, before, now, difference, kind, onlyOn, why } = mover;
  const [was, is] = [perDay(before) ?? 0, perDay(now) ?? 0];
  const place = placeName(scope, digest.names);
  const amount = money(digest, Math.abs(difference));
  const because = why === undefined ? '' : `: ${why}`;
  const rates = `${money(digest, is)} a day after ${money(digest, was)}`;
  if (onlyOn !== undefined) {
    const once = `${place}, charged on ${dayName(onlyOn)} alone${because}`;
    return kind === 'new' ? `New, ${amount}: ${once}` : `Not again, ${amount} less: ${once}`;
  }
  if (kind === 'new') return `New, ${amount}: ${place}, ${money(digest, is)} a day${because}`;
  if (kind === 'ended')
    return `Ended, ${amount} less: ${place}, ${money(digest, was)} a day before${because}`;
  return `${difference > 0 ? 'Up' : 'Down'} ${amount}: ${place}, ${rates}${because}`;
}

const money = ({ currency }: Digest, amount: number): string => formatMoney(amount, currency);

const count = (amount: number, what: string): string => `${amount} ${what}${amount === 1 ? '' : 's'}`;

const sum = (amounts: readonly number[]): number => amounts.reduce((total, amount) => total + amount, 0);
