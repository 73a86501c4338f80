import { type AwsAnomaly, daysSeen } from '../anomaly/aws-anomaly.ts';
import type { Incident } from '../anomaly/incident.ts';
import type { Suspect } from '../anomaly/suspects.ts';
import type { Finding } from '../compute/finding.ts';
import { formatMoney } from '../money.ts';
import type { IsoDate, IsoTime } from '../period.ts';
import type { Alert } from './alert.ts';
import { anomalyAction } from './aws-cost-anomaly.ts';
import { suspectText } from './cause-text.ts';
import { dayName } from './day.ts';

/** What we know ourselves of the place and days of an anomaly that AWS found. */
export type OurView = {
  /** Our incidents there. */
  incidents: readonly Incident[];
  /** Through which day our own series have been judged for good. */
  judgedThrough?: IsoDate | undefined;
  /** What was started there when it began, the dearest first. */
  suspects: readonly Suspect[];
  /** What is paid for there and does nothing, the most wasteful. */
  finding?: Finding | undefined;
};

/** The alert with whose it is, what burns there, and what our own series say of the same days. */
export function withOurView(alert: Alert, anomaly: AwsAnomaly, view: OurView, at: IsoTime): Alert {
  const { incidents, suspects, finding } = view;
  const [incident] = incidents;
  const causes = [incident?.cause, suspects[0], finding?.attribution];
  const owner = causes.map((cause) => cause?.owner).find(Boolean);
  const team = causes.map((cause) => cause?.team).find(Boolean);
  return {
    ...alert,
    facts: [
      ...alert.facts,
      { label: 'Our own series', value: seriesText(anomaly, view, at) },
      { label: 'Team', value: team ?? 'none tagged' },
      { label: 'Owner', value: owner ?? 'none tagged' },
      ...rateFacts(view),
      ...suspects.slice(0, 3).map((suspect) => ({ label: 'Suspect', value: suspectText(suspect) })),
      ...(finding
        ? [{ label: 'Found there', value: `${finding.name} (${finding.type}): ${finding.reason}` }]
        : []),
    ],
    ...(incident && { incidentId: incident.partOf ?? incident.id }),
    ...(owner && { owner, action: anomalyAction(owner) }),
    ...(team && { team }),
  };
}

/** The days of an incident where there is one; else how far we have judged and found nothing. */
function seriesText(anomaly: AwsAnomaly, { incidents, judgedThrough }: OurView, at: IsoTime): string {
  const [incident] = incidents;
  if (incident) {
    const { actual, expected, days } = daysSeen(incident, anomaly, at);
    const money = (amount: number) => formatMoney(amount, incident.currency);
    return `${money(actual)} on ${days} ${days === 1 ? 'day' : 'days'}, expected ${money(expected)} (incident ${incident.partOf ?? incident.id})`;
  }
  const { start } = anomaly;
  if (judgedThrough === undefined || (start !== undefined && judgedThrough < start))
    return 'these days are not judged yet';
  return `no incident through ${dayName(judgedThrough)}`;
}

function rateFacts({ suspects: [suspect], finding }: OurView): Alert['facts'] {
  const rate = suspect?.hourlyRate ?? finding?.hourlyRate;
  const what = suspect ? `${suspect.instanceType} ${suspect.instanceId}` : finding?.name;
  return rate === undefined ? [] : [{ label: 'Rate', value: `${formatMoney(rate)} an hour, ${what}` }];
}
