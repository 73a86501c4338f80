import type { Attribution } from '../allocation/owner.ts';
import { formatDuration } from '../compute/duration.ts';
import { instanceName } from '../compute/instance.ts';
import { atRisk, type SpotInstance, type SpotNotice, takenAt } from '../compute/spot.ts';
import { formatMoney, type Usd } from '../money.ts';
import { clockText, toTime } from '../period.ts';
import { type Target, targetName } from '../target.ts';
import type { Alert, Severity } from './alert.ts';
import { instancesLink } from './console.ts';
import { alertId } from './identity.ts';

type Told = {
  notice: SpotNotice;
  /** Absent where EC2 did not describe it in time. */
  spot?: SpotInstance | undefined;
  target: Target;
  /** Dollars an hour from which an instance is dear. */
  dearRate: Usd;
  /** The tag that says that it saves its work. */
  checkpointTag: string;
};

/** Says that a spot instance is about to be taken, and what is lost with it: once for each notice of a launch. */
export function spotAlert(told: Told): Alert {
  const { notice, spot, target } = told;
  const { kind, account, region, instanceId, at } = notice;
  const subject = alertId('spot', account, region, instanceId, spot?.instance.launchTime ?? at);
  const { owner, team } = spot?.attribution ?? {};
  return {
    id: alertId(subject, kind),
    subject,
    kind: 'spot-interruption',
    severity: severityOf(told),
    at,
    title: `${calledText(told)} in ${target.accountName ?? account} ${fateText(notice)}`,
    summary: [riskText(told), upText(told)].filter(Boolean).join(' '),
    facts: [
      { label: 'Account', value: targetName(target) },
      { label: 'Instance', value: instanceId },
      ...deadlineFacts(notice),
      ...(spot ? spotFacts(spot) : []),
    ],
    items: [],
    action: actionOf(told),
    links: instancesLink(region, [instanceId]),
    account,
    region,
    ...(owner && { owner }),
    ...(team && { team }),
  };
}

function severityOf({ notice: { kind }, spot, dearRate }: Told): Severity {
  const isSaved = spot?.checkpoint !== undefined;
  const isDear = spot === undefined || spot.hasAccelerators || (spot.hourlyRate ?? 0) >= dearRate;
  const isGrave = isDear && !isSaved;
  if (kind === 'interruption') return isGrave ? 'critical' : 'warning';
  return isGrave ? 'warning' : 'info';
}

function calledText({ notice: { instanceId }, spot }: Told): string {
  if (spot === undefined) return `Spot instance ${instanceId}`;
  return `${instanceName(spot.instance)} (${spot.instance.instanceType} spot)`;
}

const fates = { terminate: 'terminated', stop: 'stopped', hibernate: 'hibernated' } as const;

function fateText(notice: SpotNotice): string {
  if (notice.kind === 'rebalance') return 'is likely to be interrupted soon';
  const fate = fates[notice.action ?? 'terminate'];
  const at = takenAt(notice);
  return at === undefined ? `is being ${fate}` : `is ${fate} at ${toTime(at).slice(11, 19)} UTC`;
}

/** What is lost with it. Hibernation keeps the memory. */
function riskText({ notice, spot, checkpointTag }: Told): string {
  if (notice.action === 'hibernate')
    return 'Its memory is kept, and it goes on when there is capacity again.';
  if (spot === undefined) return 'EC2 did not describe it in time: whether it saves its work is not known.';
  const { checkpoint } = spot;
  const place = checkpoint !== undefined && /[/:]/.test(checkpoint) ? ` to ${checkpoint}` : '';
  if (checkpoint !== undefined)
    return `By its tag it saves checkpoints${place}: what is lost is the work since the last one.`;
  const { milliseconds, dollars } = atRisk(spot, notice.at);
  const worth = dollars === undefined ? worthOnDemand(spot, milliseconds) : ` (${formatMoney(dollars)})`;
  return `It has no tag "${checkpointTag}": up to ${formatDuration(milliseconds)}${worth} of work may be lost.`;
}

/** No bill has told yet what its spot hours cost; they cost no more than on demand. */
const worthOnDemand = ({ onDemandRate }: SpotInstance, milliseconds: number): string =>
  onDemandRate === undefined ? '' : ` (at most ${formatMoney((onDemandRate * milliseconds) / 3_600_000)})`;

const upText = ({ spot }: Told): string =>
  spot ? `It has been up since ${clockText(spot.instance.launchTime)}.` : '';

function deadlineFacts(notice: SpotNotice): Alert['facts'] {
  const at = takenAt(notice);
  const zone = notice.zone ? [{ label: 'Zone', value: notice.zone }] : [];
  return at === undefined
    ? zone
    : [{ label: 'Ends', value: `${toTime(at).replace('T', ' ').replace('Z', ' UTC')}` }, ...zone];
}

function spotFacts({ attribution, checkpoint, hourlyRate, onDemandRate }: SpotInstance): Alert['facts'] {
  return [
    ...ownerFacts(attribution),
    { label: 'Checkpoint', value: checkpoint ?? 'none tagged' },
    { label: 'Spot price', value: rateText(hourlyRate) },
    { label: 'On demand', value: rateText(onDemandRate) },
  ];
}

const ownerFacts = ({ owner, team, project, workload }: Attribution): Alert['facts'] => [
  { label: 'Owner', value: owner ?? 'none tagged' },
  ...Object.entries({ Team: team, Project: project, Workload: workload }).flatMap(([label, value]) =>
    value ? [{ label, value }] : [],
  ),
];

const rateText = (rate: Usd | undefined): string =>
  rate === undefined ? 'unknown' : `${formatMoney(rate)} an hour`;

function actionOf({ notice, spot }: Told): string {
  const first =
    notice.kind === 'rebalance'
      ? 'Save a checkpoint, and move the work before EC2 takes the instance.'
      : notice.action === 'hibernate'
        ? 'Nothing, unless it may not wait.'
        : 'Save a checkpoint now.';
  return `${first} ${fallbackText(notice, spot)}`;
}

/** Where the work could go on. Capacity is short by type and zone. */
function fallbackText({ zone }: SpotNotice, spot: SpotInstance | undefined): string {
  const elsewhere = `${zone ? `a zone other than ${zone}` : 'another zone'}, or a similar type`;
  if (spot === undefined) return `To go on: spot in ${elsewhere}, or on demand.`;
  const { hourlyRate, onDemandRate, instance } = spot;
  const price =
    onDemandRate === undefined
      ? ''
      : ` for ${formatMoney(onDemandRate)} an hour${more(hourlyRate, onDemandRate)}`;
  return `To go on: spot in ${elsewhere}, or ${instance.instanceType} on demand${price}.`;
}

const more = (spot: Usd | undefined, onDemand: Usd): string =>
  spot === undefined || spot >= onDemand ? '' : `, ${formatMoney(onDemand - spot)} more than as spot`;
