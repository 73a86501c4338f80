import { z } from 'zod';
import type { AwsAnomaly } from '../anomaly/aws-anomaly.ts';
import { formatMoney, type Usd } from '../money.ts';
import { addDays, dateOf, daysBetween, type IsoDate, type IsoTime } from '../period.ts';
import type { Scope } from '../spend/scope.ts';
import type { Alert } from './alert.ts';
import { dayName } from './day.ts';
import { alertId } from './identity.ts';
import { type AccountNames, accountText, serviceName } from './spend-place.ts';

const text = z.string().nullish();
const amount = z.number().nullish();

/** What Cost Anomaly Detection sends. SNS says `dimensionalValue`, EventBridge `dimensionValue`; much may be absent. */
export const costAnomaly = z.object({
  anomalyId: z.string().min(1),
  accountId: text,
  anomalyStartDate: text,
  anomalyEndDate: text,
  dimensionalValue: text,
  dimensionValue: text,
  anomalyDetailsLink: text,
  impact: z.object({
    totalImpact: z.number(),
    totalActualSpend: amount,
    totalExpectedSpend: amount,
    /** Absent where nothing was expected. */
    totalImpactPercentage: amount,
  }),
  rootCauses: z
    .array(
      z.object({
        service: text,
        region: text,
        linkedAccount: text,
        linkedAccountName: text,
        usageType: text,
      }),
    )
    .nullish(),
});

type CostAnomaly = z.infer<typeof costAnomaly>;

/** Dollars in all from which an anomaly is critical. */
const criticalImpact = 1000;

/**
 * AWS's own anomaly. The form it came in makes no difference, and its identity is the anomaly and the power of two
 * that its impact has reached: AWS tells of the same one every day, and it is news once it has doubled.
 */
export function costAnomalyAlert(anomaly: CostAnomaly, at: IsoTime, names: AccountNames = {}): Alert {
  const { anomalyId, impact, rootCauses, anomalyDetailsLink } = anomaly;
  const subject = alertId('aws-cost-anomaly', anomalyId);
  const [cause] = rootCauses ?? [];
  const account = cause?.linkedAccount ?? anomaly.accountId;
  const { start } = daysOf(anomaly);
  const costPerDay = perDay(anomaly, at);
  return {
    id: alertId(
      subject,
      `over-${impact.totalImpact > 1 ? 2 ** Math.floor(Math.log2(impact.totalImpact)) : 0}`,
    ),
    subject,
    kind: 'aws-cost-anomaly',
    severity: impact.totalImpact >= criticalImpact ? 'critical' : 'warning',
    at,
    title: `${whatOf(anomaly, names)} costs ${formatMoney(impact.totalImpact)} more than expected${start ? ` since ${dayName(start)}` : ''}, says AWS`,
    summary: `Cost Anomaly Detection found it${start ? ` from ${start} on` : ''}. It is told again when the amount has doubled.`,
    facts: factsOf(anomaly, account, names),
    items: (rootCauses ?? []).map((one) => causeText(one, names)).filter((line) => line !== ''),
    action: anomalyAction(),
    links: anomalyDetailsLink ? [{ label: 'Anomaly in the AWS console', url: anomalyDetailsLink }] : [],
    ...(account && { account }),
    ...(cause?.region && { region: cause.region }),
    ...(costPerDay !== undefined && { costPerDay }),
    anomalyId,
  };
}

/** What to do about an anomaly of AWS's, by whoever it belongs to. */
export const anomalyAction = (owner?: string): string =>
  `${owner ? `Ask ${owner} whether it is meant` : 'Find out who started it'}, and stop it where it is not meant to be. Where it is, say so in the AWS console: it then learns.`;

/** What it takes to know the anomaly again: among our own incidents, and when AWS tells more of it. */
export function toAwsAnomaly(anomaly: CostAnomaly): AwsAnomaly {
  const { anomalyId, impact, anomalyDetailsLink } = anomaly;
  return {
    anomalyId,
    places: placesOf(anomaly),
    ...daysOf(anomaly),
    impact: impact.totalImpact,
    ...(anomalyDetailsLink && { link: anomalyDetailsLink }),
  };
}

/** What the monitor watches: a service, an account, or the value of a tag or a cost category. */
const dimensionOf = ({ dimensionalValue, dimensionValue }: CostAnomaly): string | undefined =>
  dimensionalValue ?? dimensionValue ?? undefined;

/** `Amazon EC2 in ml-dev`, as far as AWS names it. */
function whatOf(anomaly: CostAnomaly, names: AccountNames): string {
  const [cause, ...others] = anomaly.rootCauses ?? [];
  const value = dimensionOf(anomaly);
  if (isAccount(value)) return accountText(value, names);
  const account = others.length === 0 ? cause?.linkedAccount : undefined;
  const where = account ? ` in ${names[account] ?? cause?.linkedAccountName ?? account}` : '';
  return `${serviceName(value ?? cause?.service ?? 'An account')}${where}`;
}

const isAccount = (value: string | undefined): value is string => /^\d{12}$/.test(value ?? '');

/** The root causes; where there are none, what the monitor watches. `accountId` is whose monitor it is, and no place. */
function placesOf(anomaly: CostAnomaly): Scope[] {
  const value = dimensionOf(anomaly);
  const watched: Scope = value === undefined ? {} : { [isAccount(value) ? 'account' : 'service']: value };
  const causes = anomaly.rootCauses ?? [];
  return causes.length === 0 ? [watched] : causes.map((cause) => ({ ...watched, ...placeOf(cause) }));
}

const placeOf = ({ linkedAccount, service, region, usageType }: Cause): Scope =>
  Object.fromEntries(
    Object.entries({ account: linkedAccount, service, region, usageType }).flatMap(([dimension, value]) =>
      value ? [[dimension, value] as const] : [],
    ),
  );

/** Both inclusive. */
function daysOf({ anomalyStartDate, anomalyEndDate }: CostAnomaly): { start?: IsoDate; end?: IsoDate } {
  const [start, end] = [anomalyStartDate, anomalyEndDate].map((date) => toDate(date));
  return { ...(start !== undefined && { start }), ...(end !== undefined && { end }) };
}

const toDate = (text: string | null | undefined): IsoDate | undefined =>
  z.iso.date().safeParse(text?.slice(0, 10)).data;

/** Of its days so far; undefined where AWS doesn't say since when. */
function perDay(anomaly: CostAnomaly, at: IsoTime): Usd | undefined {
  const { start, end = addDays(dateOf(at), -1) } = daysOf(anomaly);
  return start === undefined
    ? undefined
    : anomaly.impact.totalImpact / Math.max(1, daysBetween(start, end) + 1);
}

type Cause = NonNullable<CostAnomaly['rootCauses']>[number];

function factsOf(anomaly: CostAnomaly, account: string | null | undefined, names: AccountNames) {
  const { impact } = anomaly;
  const { totalActualSpend, totalExpectedSpend, totalImpactPercentage } = impact;
  const money = (value: number | null | undefined) => (value == null ? undefined : formatMoney(value));
  const { start, end } = daysOf(anomaly);
  const days = [start, end].filter((date) => date !== undefined);
  const facts = {
    Actual: money(totalActualSpend),
    Expected: money(totalExpectedSpend),
    Increase: totalImpactPercentage == null ? undefined : `${Math.round(totalImpactPercentage)} %`,
    Days: days.length > 0 ? days.join(' to ') : undefined,
    Account: account ? accountText(account, names) : undefined,
  };
  return Object.entries(facts).flatMap(([label, value]) => (value === undefined ? [] : [{ label, value }]));
}

function causeText(cause: Cause, names: AccountNames): string {
  const { service, usageType, region, linkedAccount, linkedAccountName } = cause;
  const called = linkedAccount && linkedAccountName ? { [linkedAccount]: linkedAccountName } : {};
  const account = linkedAccount && accountText(linkedAccount, { ...called, ...names });
  return [service, usageType, region, account].filter(Boolean).join(', ');
}
