import type { Alert } from './alert.ts';

type Link = Alert['links'][number];

/** The console of a region's partition. */
function consoleOf(region: string): string {
  if (region.startsWith('cn-')) return `https://${region}.console.amazonaws.cn`;
  if (region.startsWith('us-gov-')) return `https://${region}.console.amazonaws-us-gov.com`;
  return `https://${region}.console.aws.amazon.com`;
}

/** Twenty instances make an address that every outlet takes; beyond, the list says no more than the alert does. */
const maxInstances = 20;

/** The EC2 console, showing these instances of one region; nothing where there are none. */
export function instancesLink(region: string, instanceIds: readonly string[]): Link[] {
  if (instanceIds.length === 0) return [];
  const shown = instanceIds.slice(0, maxInstances).join(',');
  return [
    {
      label: instanceIds.length === 1 ? 'Instance in the EC2 console' : 'Instances in the EC2 console',
      url: `${consoleOf(region)}/ec2/home?region=${region}#Instances:instanceId=${shown}`,
    },
  ];
}
