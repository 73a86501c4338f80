import type { Resource, ResourceKind } from '../compute/resource.ts';

/** What something of a kind is called. */
export const kindNames: Readonly<Record<ResourceKind, string>> = {
  'ec2-instance': 'instance',
  'hyperpod-node': 'HyperPod node',
  'sagemaker-endpoint': 'endpoint',
  'sagemaker-notebook': 'notebook instance',
  'sagemaker-app': 'Studio app',
  'sagemaker-training-job': 'training job',
  'sagemaker-processing-job': 'processing job',
  'sagemaker-transform-job': 'transform job',
  'sagemaker-warm-pool': 'warm pool',
  'container-gpus': 'workload',
  'bedrock-throughput': 'provisioned throughput',
  'bedrock-model': 'model',
};

type Sized = Pick<Resource, 'kind' | 'type' | 'count'>;

/** `2 x ml.g5.xlarge`, `2 GPUs of p4d.24xlarge`, `1 unit of amazon.nova-pro-v1:0`; its count alone where no type is known. */
export function sizeText({ kind, type, count }: Sized): string {
  const unit = units[kind];
  if (unit === undefined) return count > 1 ? `${count} x ${type}` : type;
  const counted = `${count} ${unit}${count === 1 ? '' : 's'}`;
  return type === '' ? counted : `${counted} of ${type}`;
}

/** What is counted where it isn't instances. */
const units: Readonly<Partial<Record<ResourceKind, string>>> = {
  'container-gpus': 'GPU',
  'bedrock-throughput': 'unit',
};

/** As a sentence about it begins: `reranker-train (p4d.24xlarge)`, `Endpoint ranker (2 x ml.g5.xlarge)`. */
export function calledText(resource: Sized & Pick<Resource, 'name'>): string {
  const { kind, name, type } = resource;
  const size = name === type ? '' : sizeText(resource);
  const called = size === '' ? name : `${name} (${size})`;
  return isSelfEvident.has(kind) ? called : `${capitalised(kindNames[kind])} ${called}`;
}

/** An instance and a model are named by their type. */
const isSelfEvident: ReadonlySet<ResourceKind> = new Set(['ec2-instance', 'bedrock-model']);

const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
