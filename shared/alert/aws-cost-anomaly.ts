import { z } from 'zod';
import { formatMoney } from '../money.ts';
import type { IsoTime } from '../period.ts';
import type { Alert } from './alert.ts';
import { alertId } from './identity.ts';

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
export function costAnomalyAlert(anomaly: CostAnomaly, at: IsoTime): Alert {
  const { anomalyId, impact, rootCauses, anomalyDetailsLink } = anomaly;
  const subject = alertId('aws-cost-anomaly', anomalyId);
  const [cause] = rootCauses ?? [];
  const account = cause?.linkedAccount ?? anomaly.accountId;
  const what = anomaly.dimensionalValue ?? anomaly.dimensionValue ?? cause?.service ?? 'An account';
  const start = anomaly.anomalyStartDate?.slice(0, 10);
  return {
    id: alertId(
      subject,
      `over-${impact.totalImpact > 1 ? 2 ** Math.floor(Math.log2(impact.totalImpact)) : 0}`,
    ),
    subject,
    kind: 'aws-cost-anomaly',
    severity: impact.totalImpact >= criticalImpact ? 'critical' : 'warning',
    at,
    title: `${what} costs ${formatMoney(impact.totalImpact)} more than expected, says AWS`,
    summary: `Cost Anomaly Detection found it${start ? ` from ${start} on` : ''}. It is told again when the amount has doubled.`,
    facts: factsOf(anomaly, account),
    items: (rootCauses ?? []).map(causeText).filter((line) => line !== ''),
    action:
      'Find out who started it, and stop it where it is not meant to be. Where it is, say so in the AWS console: it then learns.',
    links: anomalyDetailsLink ? [{ label: 'Anomaly in the AWS console', url: anomalyDetailsLink }] : [],
    ...(account && { account }),
    ...(cause?.region && { region: cause.region }),
  };
}

type Cause = NonNullable<CostAnomaly['rootCauses']>[number];

function factsOf(
  { impact, anomalyStartDate, anomalyEndDate }: CostAnomaly,
  account: string | null | undefined,
) {
  const { totalActualSpend, totalExpectedSpend, totalImpactPercentage } = impact;
  const money = (value: number | null | undefined) => (value == null ? undefined : formatMoney(value));
  const days = [anomalyStartDate, anomalyEndDate].flatMap((date) => date?.slice(0, 10) ?? []);
  const facts = {
    Actual: money(totalActualSpend),
    Expected: money(totalExpectedSpend),
    Increase: totalImpactPercentage == null ? undefined : `${Math.round(totalImpactPercentage)} %`,
    Days: days.length > 0 ? days.join(' to ') : undefined,
    Account: account ?? undefined,
  };
  return Object.entries(facts).flatMap(([label, value]) => (value === undefined ? [] : [{ label, value }]));
}

function causeText({ service, usageType, region, linkedAccount, linkedAccountName }: Cause): string {
  const account = linkedAccountName ? `${linkedAccountName} (${linkedAccount})` : linkedAccount;
  return [service, usageType, region, account].filter(Boolean).join(', ');
}
