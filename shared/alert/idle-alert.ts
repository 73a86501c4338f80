import type { Attribution } from '../allocation/owner.ts';
import { costBetween, monthlyCost } from '../compute/cost.ts';
import { formatDuration } from '../compute/duration.ts';
import type { IdleFinding } from '../compute/finding.ts';
import { type Instance, instanceName } from '../compute/instance.ts';
import { formatMoney, type Usd } from '../money.ts';
import { type Target, targetName } from '../target.ts';
import type { Alert, Severity } from './alert.ts';
import { instancesLink } from './console.ts';
import { alertId } from './identity.ts';

type Idle = {
  finding: IdleFinding;
  instance: Instance;
  attribution: Attribution;
  target: Target;
  /** The key of the tag by which it can be stopped out of hours. */
  tags: { schedule: string };
};

/** Says that an accelerator instance does nothing, and what that costs: once for each idle episode. */
export function idleAlert({ finding, instance, attribution, target, tags }: Idle): Alert {
  const { account, region, instanceId, idleSince, hourlyRate, seenAt } = finding;
  const subject = alertId('idle', account, region, instanceId, idleSince);
  const since = `${idleSince.slice(0, 10)} ${idleSince.slice(11, 16)} UTC`;
  const span = formatDuration(Date.parse(seenAt) - Date.parse(idleSince));
  return {
    id: alertId(subject, 'opened'),
    subject,
    kind: 'idle-accelerator',
    severity: severityOf(hourlyRate),
    at: seenAt,
    title: `${instanceName(instance)} (${instance.instanceType}) has done nothing for ${span}: ${costText(hourlyRate)}`,
    summary: `None of its accelerators has worked since ${since}. Seen: ${finding.reason}.`,
    facts: [
      { label: 'Account', value: targetName(target) },
      { label: 'Instance', value: `${instanceId}, ${instance.instanceType}` },
      { label: 'Owner', value: attribution.owner ?? 'none tagged' },
      ...(attribution.team ? [{ label: 'Team', value: attribution.team }] : []),
      ...(attribution.project ? [{ label: 'Project', value: attribution.project }] : []),
      { label: 'Running since', value: `${instance.launchTime.slice(0, 16).replace('T', ' ')} UTC` },
      { label: 'Wasted so far', value: wastedText(finding) },
    ],
    items: [],
    action: actionText(instance, tags.schedule),
    links: instancesLink(region, [instanceId]),
    account,
    region,
    ...(attribution.owner && { owner: attribution.owner }),
    ...(attribution.team && { team: attribution.team }),
  };
}

function actionText({ tags }: Instance, key: string): string {
  const stop = 'Stop it if nobody needs it, or terminate it.';
  const hours = tags[key];
  return hours === undefined
    ? `${stop} To have it stopped out of hours from now on, tag it ${key} with the hours in which it may run, e.g. "Mon-Fri 08:00-19:00 Europe/Berlin".`
    : `${stop} Its tag ${key} is "${hours}": see with "watchdog plan" what that will do.`;
}

/** Dollars an hour from which an idle instance is worth a look before the next coffee. */
const criticalRate: Usd = 10;

const severityOf = (hourlyRate: Usd | undefined): Severity =>
  hourlyRate !== undefined && hourlyRate >= criticalRate ? 'critical' : 'warning';

const costText = (hourlyRate: Usd | undefined): string =>
  hourlyRate === undefined
    ? 'price unknown'
    : `${formatMoney(hourlyRate)} an hour, ${formatMoney(monthlyCost(hourlyRate))} a month`;

const wastedText = ({ hourlyRate, idleSince, seenAt }: IdleFinding): string =>
  hourlyRate === undefined
    ? 'unknown, as its price is'
    : formatMoney(costBetween(hourlyRate, idleSince, seenAt));
