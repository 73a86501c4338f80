import type { Attribution } from '../allocation/owner.ts';
import type { Check } from '../compute/check.ts';
import { monthlyCost } from '../compute/cost.ts';
import { formatDuration } from '../compute/duration.ts';
import { type Ending, type Finding, wastedBetween } from '../compute/finding.ts';
import { endsByItself, runsSince } from '../compute/resource.ts';
import type { Confidence } from '../compute/utilization.ts';
import { formatMoney, type Usd } from '../money.ts';
import { clockText, type IsoTime } from '../period.ts';
import { type Target, targetName } from '../target.ts';
import type { Alert, News, Severity } from './alert.ts';
import { checkTexts, isAtLeast, type Told } from './check-text.ts';
import { resourceLink } from './console.ts';
import { dayName } from './day.ts';
import { alertId } from './identity.ts';
import { calledText, sizeText } from './resource-text.ts';
import { oneLine } from './text.ts';

/** Says what is paid for and does nothing, or little, and what that costs: once for each finding. */
export function findingAlert({ target, ...told }: Told & { target: Target }): News {
  const { finding, resource, now } = told;
  const { id, check, attribution } = finding;
  const text = checkTexts[check];
  const cost = costText(told);
  const up = runsSince(resource);
  const { wastedHourlyRate, isUnpaid } = finding;
  return {
    ...common(finding, 'opened', now),
    severity: severityOf(finding),
    title: `${calledText(finding)} ${text.title(told)}${cost === undefined ? '' : `: ${cost}`}`,
    summary: `${text.meaning(told)} Seen: ${oneLine(finding.reason)}. ${confidenceText(finding)}`,
    facts: [
      { label: 'Account', value: targetName(target) },
      { label: 'Resource', value: [id, sizeText(finding)].filter(isNews).join(', ') },
      ...ownerFacts(attribution),
      ...(up ? [{ label: 'Running since', value: clockText(up) }] : []),
      ...moneyFacts(told),
    ],
    action: text.step(told),
    links: resourceLink(finding),
    ...(wastedHourlyRate !== undefined && !isUnpaid && { costPerDay: 24 * wastedHourlyRate }),
  };
}

/** What every alert of a finding says of it; `pattern` is the same for all its episodes, `subject` for one of them. */
function common(finding: Finding, step: News['step'], at: IsoTime) {
  const { account, region, kind, id, check, since, attribution } = finding;
  const subject = alertId('finding', account, region, kind, id, check, since);
  return {
    id: alertId(subject, step),
    subject,
    kind: check === 'job-failed-late' ? 'job-failure' : 'utilization',
    step,
    at,
    items: [],
    account,
    region,
    ...(attribution.owner && { owner: attribution.owner }),
    ...(attribution.team && { team: attribution.team }),
    pattern: alertId('finding', account, region, kind, id, check),
  } as const satisfies Partial<News>;
}

/** What has become of a finding, and where. */
type Over = { finding: Finding; ending: Ending; target: Target; now: IsoTime };

/** Says that a finding which was told is over, and what it came to: once for each. */
export function findingOverAlert({ finding, ending, target, now }: Over): News {
  const { id, attribution, since, closedAt = now } = finding;
  const lasted = formatDuration(Math.max(0, Date.parse(closedAt) - Date.parse(since)));
  const wasted = wastedBetween(finding, since, closedAt);
  return {
    ...common(finding, 'recovered', now),
    severity: 'info',
    title: `${calledText(finding)} ${overText(finding, ending)}${endText(finding, wasted)}`,
    summary: `It lasted from ${clockText(since)} to ${clockText(closedAt)}, ${lasted}.`,
    facts: [
      { label: 'Account', value: targetName(target) },
      { label: 'Resource', value: [id, sizeText(finding)].filter(isNews).join(', ') },
      ...ownerFacts(attribution),
      ...(wasted === undefined ? [] : [{ label: 'Wasted', value: formatMoney(wasted) }]),
    ],
    action: 'Nothing, unless it comes back.',
    links: resourceLink(finding),
  };
}

function overText({ kind, check }: Finding, ending: Ending): string {
  if (ending === 'gone') return endsByItself(kind) ? 'has ended' : 'is stopped or gone';
  if (ending === 'restarted') return 'was started again';
  return ending === 'otherwise' ? 'is no longer as it was told' : checkTexts[check].over;
}

function endText({ check, since }: Finding, wasted: Usd | undefined): string {
  if (isPaidByToken(check)) return '';
  const amount = wasted === undefined ? 'price unknown' : `${formatMoney(wasted)} wasted`;
  return `: ${amount} since ${dayName(since)}`;
}

const isNews = (text: string, index: number, all: readonly string[]): boolean =>
  text !== '' && all.indexOf(text) === index;

function ownerFacts({ owner, team, project }: Attribution): Alert['facts'] {
  return [
    { label: 'Owner', value: owner ?? 'none tagged' },
    ...(team ? [{ label: 'Team', value: team }] : []),
    ...(project ? [{ label: 'Project', value: project }] : []),
  ];
}

function moneyFacts(told: Told): Alert['facts'] {
  const { finding, now } = told;
  const { check, hourlyRate, isUnpaid, wastedHourlyRate, loss, proposal, since } = finding;
  if (isPaidByToken(check)) return [];
  const wasted = wastedBetween(finding, since, now);
  if (loss !== undefined) return [{ label: 'Lost', value: formatMoney(loss) }];
  const isPart = wastedHourlyRate !== undefined && wastedHourlyRate !== hourlyRate;
  return [
    { label: 'Price', value: hourlyRate === undefined ? 'unknown' : rateText(hourlyRate, isUnpaid) },
    ...(isPart ? [{ label: 'Of which wasted', value: percent(wastedHourlyRate, hourlyRate) }] : []),
    ...(wasted === undefined ? [] : [{ label: 'Wasted so far', value: atLeast(told, formatMoney(wasted)) }]),
    ...(hourlyRate === undefined ? [{ label: 'Wasted so far', value: 'unknown, as its price is' }] : []),
    ...(proposal ? [{ label: 'Instead', value: proposalText(proposal, told) }] : []),
  ];
}

const atLeast = (told: Told, amount: string): string => (isAtLeast(told) ? `at least ${amount}` : amount);

const percent = (part: Usd, whole: Usd | undefined): string =>
  whole
    ? `${formatMoney(part)} an hour, ${Math.round((100 * part) / whole)} %`
    : `${formatMoney(part)} an hour`;

function proposalText({ type, hourlyRate }: NonNullable<Finding['proposal']>, told: Told): string {
  const { hourlyRate: paid } = told.finding;
  if (hourlyRate === undefined) return `${type}, price unknown`;
  const rate = `${type} at ${formatMoney(hourlyRate)} an hour`;
  if (paid === undefined || paid <= hourlyRate) return rate;
  const saved = paid - hourlyRate;
  return isLasting(told)
    ? `${rate}, ${formatMoney(monthlyCost(saved))} a month less`
    : `${rate}, ${formatMoney(saved)} less`;
}

/** Tokens have no price by the hour. */
const isPaidByToken = (check: Check): boolean => check === 'uncached-prompts';

/** `$28.08 an hour once it works`: a job whose instances don't run costs nothing yet. */
const rateText = (hourlyRate: Usd, isUnpaid = false): string =>
  `${formatMoney(hourlyRate)} an hour${isUnpaid ? ' once it works' : ''}`;

/** What it costs, as far as anybody can tell: an unknown price is said to be unknown, and is never 0. */
function costText(told: Told): string | undefined {
  const { check, hourlyRate, isUnpaid, wastedHourlyRate, loss } = told.finding;
  if (isPaidByToken(check)) return undefined;
  if (loss !== undefined) return `${formatMoney(loss)} lost`;
  if (hourlyRate === undefined) return 'price unknown';
  if (isUnpaid || wastedHourlyRate === undefined) return rateText(hourlyRate, isUnpaid);
  const part = wastedHourlyRate < hourlyRate ? ' wasted' : '';
  const month = isLasting(told) ? `, ${formatMoney(monthlyCost(wastedHourlyRate))} a month` : '';
  return `${formatMoney(wastedHourlyRate)} an hour${part}${month}`;
}

/** Whether a month of it is more than a guess: it has lasted for a day, or is judged over days, and doesn't end by itself. */
const isLasting = ({ finding: { check, kind, since }, now }: Told): boolean =>
  !endsByItself(kind) && (underuse.has(check) || Date.parse(now) - Date.parse(since) >= dayMs);

const dayMs = 86_400_000;

/** Dollars an hour from which waste is worth a look before the next coffee. */
const criticalRate: Usd = 10;

/** Dollars that are gone at once, and weigh as much. */
const criticalLoss: Usd = 500;

/** Dollars an hour below which what is used, and little, can wait for a quiet day. */
const minorRate: Usd = 2;

const underuse: ReadonlySet<Check> = new Set([
  'data-starved',
  'oversized',
  'small-batch',
  'underused-accelerator',
  'underused-endpoint',
  'underused-throughput',
]);

/** What nobody is sure of is no emergency, whatever it costs. */
function severityOf({ check, wastedHourlyRate, loss, confidence }: Finding): Severity {
  if (isPaidByToken(check)) return 'info';
  if (underuse.has(check) && wastedHourlyRate !== undefined && wastedHourlyRate < minorRate) return 'info';
  const isDear = (wastedHourlyRate ?? 0) >= criticalRate || (loss ?? 0) >= criticalLoss;
  return isDear && confidence !== 'low' ? 'critical' : 'warning';
}

function confidenceText({ check, confidence }: Finding): string {
  return recorded.has(check) && confidence === 'high'
    ? 'Confidence is high: it is what SageMaker recorded.'
    : confidenceTexts[confidence];
}

/** Nothing was measured for these: the job's own record says it. */
const recorded: ReadonlySet<Check> = new Set(['job-stuck-starting', 'job-over-limit', 'job-failed-late']);

const confidenceTexts: Readonly<Record<Confidence, string>> = {
  high: 'Confidence is high: everything was read that could say otherwise.',
  medium: 'Confidence is medium: a part of what could say otherwise was not reported.',
  low: 'Confidence is low: it rests on one indirect sign, or on something that could not be read. Look before you act.',
};
