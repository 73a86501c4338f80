import type { Resource, ResourceKind } from '../compute/resource.ts';
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

/** The console on one resource; where it has no page of its own, on what it belongs to. */
export function resourceLink({ kind, region, id }: Pick<Resource, 'kind' | 'region' | 'id'>): Link[] {
  if (kind === 'ec2-instance') return instancesLink(region, [id]);
  const { label, path } = pages[kind];
  const name = encodeURIComponent;
  return [{ label, url: `${consoleOf(region)}/${path(name(region), id.split('/').map(name))}` }];
}

type Page = { label: string; path: (region: string, parts: readonly string[]) => string };

const sageMaker = (label: string, path: (parts: readonly string[]) => string): Page => ({
  label: `${label} in the SageMaker console`,
  path: (region, parts) => `sagemaker/home?region=${region}#/${path(parts)}`,
});

/** A page for each kind; an id that is made of several parts is handed over in them. */
const pages: Readonly<Record<Exclude<ResourceKind, 'ec2-instance'>, Page>> = {
  'hyperpod-node': sageMaker('Cluster', ([cluster]) => `cluster-management/${cluster}`),
  'sagemaker-endpoint': sageMaker('Endpoint', ([endpoint]) => `endpoints/${endpoint}`),
  'sagemaker-notebook': sageMaker('Notebook instance', ([notebook]) => `notebook-instances/${notebook}`),
  'sagemaker-app': sageMaker('Domain', ([domain]) => `studio/${domain}`),
  'sagemaker-training-job': sageMaker('Training job', ([job]) => `jobs/${job}`),
  'sagemaker-processing-job': sageMaker('Processing job', ([job]) => `processing-jobs/${job}`),
  'sagemaker-transform-job': sageMaker('Transform job', ([job]) => `transform-jobs/${job}`),
  'sagemaker-warm-pool': sageMaker('Training job', ([job]) => `jobs/${job}`),
  'container-gpus': {
    label: 'Container Insights in the CloudWatch console',
    path: (region) => `cloudwatch/home?region=${region}#container-insights:infrastructure`,
  },
  'bedrock-throughput': {
    label: 'Provisioned throughput in the Bedrock console',
    path: (region) => `bedrock/home?region=${region}#/provisioned-throughput`,
  },
  'bedrock-model': {
    label: 'Bedrock console',
    path: (region) => `bedrock/home?region=${region}#/overview`,
  },
};
