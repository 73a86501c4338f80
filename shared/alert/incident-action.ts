import { pathOf } from '../anomaly/drill-down.ts';
import { acceptedAfter } from '../anomaly/episode.ts';
import { isImplausible } from '../anomaly/implausible.ts';
import type { Incident } from '../anomaly/incident.ts';
import type { RootCause } from '../anomaly/root-cause.ts';
import { instanceTypeOf } from '../anomaly/suspects.ts';
import type { Scope } from '../spend/scope.ts';
import { commitmentName, isNamed } from './cause-text.ts';
import { awsCommand } from './command.ts';
import { dayName } from './day.ts';

/** What to do about an incident, as specific as its cause. */
export function incidentAction(incident: Incident): string {
  const { status, cause } = incident;
  if (status === 'recovered') return 'Nothing, unless it comes back.';
  if (status === 'accepted')
    return 'Nothing, if it is meant to stay. It is what will be expected from now on.';
  if (isImplausible(incident))
    return 'Nothing yet: compare it with the usage in Cost Explorer, and ask AWS Support where it stays for another day. Nothing is stopped automatically meanwhile.';
  if (cause?.commitment) return renewal(cause.commitment);
  if (cause?.driver === 'rate') {
    return 'The same usage costs more: look for a discount or a credit that ended, a price that rose, or a purchase option that changed (spot that became on-demand).';
  }
  const text = `${whom(cause)} ${whatToDo(incident)} What stays for ${acceptedAfter} days becomes the new normal.`;
  return [text, ...stopCommand(incident)].join('\n');
}

function renewal({ kind, endedOn }: NonNullable<RootCause['commitment']>): string {
  const name = commitmentName[kind];
  const page = kind === 'savings-plan' ? 'Savings Plans' : 'Reservations';
  return `Renew the ${name} that ended on ${dayName(endedOn)}, or buy one that fits: the coverage report and the recommendations are in Cost Explorer under ${page}. Nothing has to be stopped.`;
}

function whom(cause: RootCause | undefined): string {
  const name = cause?.owner ?? cause?.suspects[0]?.owner ?? cause?.team ?? cause?.suspects[0]?.team;
  return name ? `Ask ${name} whether it is meant.` : 'Nobody is tagged as its owner: find out whose it is.';
}

/** By what the usage type says it is; the first that fits. */
const kinds: readonly (readonly [RegExp, (place: string) => string])[] = [
  [
    /(Train|Tune|Processing):/,
    (place) => `If not, stop the job in SageMaker${place}, and give jobs a maximum runtime.`,
  ],
  [/Hosts?:|Endpoint/, (place) => `If not, delete the endpoint in SageMaker${place}, or let it scale in.`],
  [
    /Notebk:|Studio:/,
    (place) => `If not, stop the notebook in SageMaker${place}, and let idle ones shut down.`,
  ],
  [
    /tokens?\b|ModelUnit/i,
    (place) =>
      `If not, stop what calls the model${place}: its invocation log and the CloudWatch metric Invocations say who. A lower quota bounds it.`,
  ],
  [
    /TimedStorage|VolumeUsage|SnapshotUsage|StorageUsage|BackupUsage/,
    (place) =>
      `If not, delete what nobody needs${place}, and let a lifecycle rule expire or archive the rest.`,
  ],
  [
    /NatGateway|DataTransfer|-Bytes\b|VpcEndpoint/,
    (place) =>
      `If not, find what moves the data${place} in the VPC flow logs; an endpoint for S3 or a job in the region of its data saves most of it.`,
  ],
];

function whatToDo(incident: Incident): string {
  const { cause } = incident;
  const place = placeOf(incident);
  const { region, usageType = '' } = place;
  const type = instanceTypeOf(usageType);
  if (type !== undefined) return stopText(type, place, cause);
  const where = region && region !== 'global' ? ` in ${region}` : '';
  const [, say] = kinds.find(([pattern]) => pattern.test(usageType)) ?? [];
  if (say) return say(where);
  const what = usageType || place['service'] || 'it';
  return `If not, find what uses ${what}${where}, and stop it.`;
}

const isInstanceId = (text: string): boolean => /^i-[0-9a-f]{8,17}$/.test(text);
const isRegion = (text: string): boolean => /^[a-z]{2}(-[a-z]+)+-\d$/.test(text);

/** The machine to stop, where it is known. What came from outside goes into a command only where it is what it should be. */
function machineOf({ region = '', resource }: Scope, cause: RootCause | undefined) {
  const ids = [isNamed(resource) ? resource : '', ...(cause?.suspects ?? []).map((one) => one.instanceId)];
  const [id] = ids.filter(isInstanceId);
  return isRegion(region) && id !== undefined ? { region, id } : undefined;
}

function stopText(type: string, place: Scope, cause: RootCause | undefined): string {
  if (machineOf(place, cause)) return 'If not, stop it.';
  const where = isRegion(place['region'] ?? '') ? ` in ${place['region']}` : '';
  return `If not, find the ${type} that runs${where}, and stop it.`;
}

/** On a line of its own, to be pasted whole. */
function stopCommand(incident: Incident): string[] {
  const place = placeOf(incident);
  if (instanceTypeOf(place['usageType'] ?? '') === undefined) return [];
  const machine = machineOf(place, incident.cause);
  const command = machine && awsCommand('ec2 stop-instances', machine.region, { 'instance-ids': machine.id });
  return command === undefined ? [] : [command];
}

const placeOf = ({ scope, cause }: Incident): Scope => ({
  ...scope,
  ...(cause && pathOf(cause.levels)),
});
