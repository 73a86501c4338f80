import { BedrockClient } from '@aws-sdk/client-bedrock';
import { ResourceGroupsTaggingAPIClient } from '@aws-sdk/client-resource-groups-tagging-api';
import { SageMakerClient } from '@aws-sdk/client-sagemaker';
import { createClient } from '../aws/client.ts';
import { scopeFor } from '../aws/sts.ts';
import type { Target } from '../target.ts';
import { type InstanceClients, instanceClients, targetKey } from './instance-clients.ts';

export type TargetClients = InstanceClients & {
  sageMaker: SageMakerClient;
  bedrock: BedrockClient;
  tagging: ResourceGroupsTaggingAPIClient;
};

const built = new Map<string, TargetClients>();

/** The clients for everything in a target that is judged, with its role's credentials; built once a process. */
export function targetClients(target: Target): TargetClients {
  const key = targetKey(target);
  const known = built.get(key);
  if (known) return known;
  const scope = scopeFor(target);
  const clients = {
    ...instanceClients(target),
    sageMaker: createClient(SageMakerClient, scope),
    bedrock: createClient(BedrockClient, scope),
    tagging: createClient(ResourceGroupsTaggingAPIClient, scope),
  };
  built.set(key, clients);
  return clients;
}
