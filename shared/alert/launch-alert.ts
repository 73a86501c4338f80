import { type Attribution, ownerOf } from '../allocation/owner.ts';
import { monthlyCost } from '../compute/cost.ts';
import { instanceName } from '../compute/instance.ts';
import {
  hasNoOwner,
  hourlyRateOf,
  type Launch,
  type LaunchConcern,
  type LaunchedInstance,
} from '../compute/launch.ts';
import { formatMoney, type Usd } from '../money.ts';
import { clockText, type IsoTime } from '../period.ts';
import type { SpendWatch } from '../spend/spend-watch.ts';
import { type Target, targetName } from '../target.ts';
import type { Alert } from './alert.ts';
import { instancesLink } from './console.ts';
import { dayName } from './day.ts';
import { alertId } from './identity.ts';

type Told = {
  launch: Launch;
  concern: LaunchConcern;
  target: Target;
  ownerTag: string;
  at: IsoTime;
  /** Why every launch in the account is told. */
  watch?: SpendWatch | undefined;
};

/** Says what was just started, what it burns and whose it is: once for each launch. */
export function launchAlert({ launch, concern, target, ownerTag, at, watch }: Told): Alert {
  const { reservationId, launchTime, startedBy, instances } = launch;
  const id = alertId('launch', reservationId, launchTime);
  const { owner, team } = sharedAttribution(instances);
  const sorted = instances.toSorted((a, b) => (b.hourlyRate ?? 0) - (a.hourlyRate ?? 0));
  return {
    id,
    subject: id,
    kind: 'launch',
    severity: severityOf(concern),
    at,
    title: `${what(instances)} started in ${target.accountName ?? target.account}: ${costText(instances)}`,
    summary: `${watch ? `${watchText(watch)} ` : ''}Started ${clockText(launchTime)}${startedBy ? ` by ${startedBy}` : ''}. ${ownerText(instances, ownerTag)}`,
    facts: [
      { label: 'Account', value: targetName(target) },
      { label: 'Started by', value: startedBy ?? 'not known yet' },
      { label: 'Owner', value: owner ?? 'none tagged' },
      ...(team ? [{ label: 'Team', value: team }] : []),
      { label: 'Cost', value: costText(instances) },
    ],
    items: sorted.map(itemText),
    action: actionOf(concern, ownerTag),
    links: instancesLink(
      target.region,
      sorted.map(({ instance }) => instance.instanceId),
    ),
    account: target.account,
    region: target.region,
    ...(owner && { owner }),
    ...(team && { team }),
    pattern: alertId('launch', target.account, owner ?? startedBy ?? 'nobody', typesOf(instances).join()),
  };
}

function severityOf(concern: LaunchConcern): Alert['severity'] {
  if (concern === 'watched-account') return 'critical';
  return concern === 'no-owner' ? 'info' : 'warning';
}

function actionOf(concern: LaunchConcern, ownerTag: string): string {
  if (concern === 'watched-account')
    return 'Ask whoever started it. If nobody here did, terminate it now, deactivate the key that was used, and look in every region for more.';
  return concern === 'no-owner'
    ? `Tag them ${ownerTag}, so that whoever uses them hears of them.`
    : 'Nothing, if this was meant. Otherwise stop or terminate them before the hours add up.';
}

const watchText = ({ reason, since, until }: SpendWatch): string =>
  `${reason} on ${dayName(since)}: every launch there is told until ${dayName(until)}.`;

const typesOf = (instances: readonly LaunchedInstance[]): string[] =>
  [...new Set(instances.map(({ instance }) => instance.instanceType))].toSorted();

function what(instances: readonly LaunchedInstance[]): string {
  const [type, ...others] = typesOf(instances);
  return `${instances.length} ${others.length === 0 ? type : 'instances'}`;
}

function costText(instances: readonly LaunchedInstance[]): string {
  const unknown = instances.filter(({ hourlyRate }) => hourlyRate === undefined).length;
  if (unknown === instances.length) return 'price unknown';
  const rate = hourlyRateOf(instances);
  const known = `${hourly(rate)}, ${formatMoney(monthlyCost(rate))} a month`;
  return unknown === 0 ? known : `${known}, and ${unknown} of unknown price`;
}

function ownerText(instances: readonly LaunchedInstance[], ownerTag: string): string {
  const ownerless = instances.filter(hasNoOwner).length;
  if (ownerless === 0) return 'If it runs on, this is what it costs.';
  return ownerless === instances.length
    ? `No tag "${ownerTag}" says whose it is.`
    : `${ownerless} of ${instances.length} have no tag "${ownerTag}".`;
}

const itemText = ({ instance, hourlyRate, attribution }: LaunchedInstance): string => {
  const { instanceId, instanceType } = instance;
  const name = instanceName(instance);
  const called = name === instanceId ? instanceId : `${name} (${instanceId})`;
  const price = hourlyRate === undefined ? 'price unknown' : hourly(hourlyRate);
  return `${called} ${instanceType}, ${price}, ${ownerOf(attribution) ?? 'no owner'}`;
};

/** Whose a launch is, where all its instances agree. */
function sharedAttribution(instances: readonly LaunchedInstance[]): Pick<Attribution, 'owner' | 'team'> {
  const agreed = (key: 'owner' | 'team') => {
    const [value, ...others] = new Set(instances.map(({ attribution }) => attribution[key]));
    return value !== undefined && others.length === 0 ? { [key]: value } : {};
  };
  return { ...agreed('owner'), ...agreed('team') };
}

const hourly = (rate: Usd): string => `${formatMoney(rate)} an hour`;
