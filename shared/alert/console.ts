import type { Resource, ResourceKind } from '../compute/resource.ts';
import type { Schedulable, SchedulableKind } from '../schedule/schedulable.ts';
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

/** The console on what a schedule stops or starts: all the instances on one page, of every other kind the first one. */
export function schedulablesLink(subjects: readonly Schedulable[]): Link[] {
  const [instances, others] = [
    subjects.filter(({ kind }) => kind === 'ec2-instance'),
    subjects.filter(({ kind }) => kind !== 'ec2-instance'),
  ];
  const region = instances[0]?.region ?? '';
  const firsts = [...Map.groupBy(others, ({ kind }) => kind).values()].flatMap(([first]) => first ?? []);
  return [
    ...instancesLink(
      region,
      instances.map(({ id }) => id),
    ),
    ...firsts.map((subject) => {
      const { label, path } = { ...pages, ...schedulablePages }[subject.kind as OtherKind];
      return { label, url: `${consoleOf(subject.region)}/${path(subject)}` };
    }),
  ];
}

/** The console on one resource; where it has no page of its own, on what it belongs to. */
export function resourceLink(resource: Place & Pick<Resource, 'kind'>): Link[] {
  const { kind, region, id } = resource;
  if (kind === 'ec2-instance') return instancesLink(region, [id]);
  const { label, path } = pages[kind];
  return [{ label, url: `${consoleOf(region)}/${path(resource)}` }];
}

type Place = Pick<Resource, 'region' | 'id' | 'name'>;

type Page = { label: string; path: (resource: Place) => string };

/** `of` picks what the page is called after; its first part, where it is made of several. */
const sageMaker = (label: string, page: string, of: 'id' | 'name' = 'id'): Page => ({
  label: `${label} in the SageMaker console`,
  path: ({ region, [of]: text }) => {
    const [first = ''] = text.split('/');
    return `sagemaker/home?region=${region}#/${page}/${encodeURIComponent(first)}`;
  },
});

const pages: Readonly<Record<Exclude<ResourceKind, 'ec2-instance'>, Page>> = {
  'hyperpod-node': sageMaker('Cluster', 'cluster-management', 'name'),
  'sagemaker-endpoint': sageMaker('Endpoint', 'endpoints'),
  'sagemaker-notebook': sageMaker('Notebook instance', 'notebook-instances'),
  'sagemaker-app': sageMaker('Domain', 'studio'),
  'sagemaker-training-job': sageMaker('Training job', 'jobs'),
  'sagemaker-processing-job': sageMaker('Processing job', 'processing-jobs'),
  'sagemaker-transform-job': sageMaker('Transform job', 'transform-jobs'),
  'sagemaker-warm-pool': sageMaker('Training job', 'jobs'),
  'container-gpus': {
    label: 'Container Insights in the CloudWatch console',
    path: ({ region }) => `cloudwatch/home?region=${region}#container-insights:infrastructure`,
  },
  'bedrock-throughput': {
    label: 'Provisioned throughput in the Bedrock console',
    path: ({ region }) => `bedrock/home?region=${region}#/provisioned-throughput`,
  },
  'bedrock-model': {
    label: 'Bedrock console',
    path: ({ region }) => `bedrock/home?region=${region}#/overview`,
  },
};

/** Kinds that are stopped and started, and judged by nothing else. */
type OtherKind = Exclude<SchedulableKind, 'ec2-instance'>;
type SchedulableOnly = Exclude<OtherKind, ResourceKind>;

const schedulablePages: Readonly<Record<SchedulableOnly, Page>> = {
  'auto-scaling-group': {
    label: 'Group in the EC2 console',
    path: ({ region, id }) =>
      `ec2/home?region=${region}#AutoScalingGroupDetails:id=${encodeURIComponent(id)};view=details`,
  },
  'ecs-service': {
    label: 'Service in the ECS console',
    path: ({ region, id }) => {
      const [cluster = '', service = ''] = id.split('/').map(encodeURIComponent);
      return `ecs/v2/clusters/${cluster}/services/${service}?region=${region}`;
    },
  },
  'eks-nodegroup': {
    label: 'Node group in the EKS console',
    path: ({ region, id }) => {
      const [cluster = '', group = ''] = id.split('/').map(encodeURIComponent);
      return `eks/home?region=${region}#/clusters/${cluster}/nodegroups/${group}`;
    },
  },
  'rds-instance': {
    label: 'Database in the RDS console',
    path: ({ region, id }) =>
      `rds/home?region=${region}#database:id=${encodeURIComponent(id)};is-cluster=false`,
  },
  'rds-cluster': {
    label: 'Cluster in the RDS console',
    path: ({ region, id }) =>
      `rds/home?region=${region}#database:id=${encodeURIComponent(id)};is-cluster=true`,
  },
};
