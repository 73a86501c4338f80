import { BedrockClient } from '@aws-sdk/client-bedrock';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { EC2Client } from '@aws-sdk/client-ec2';
import { PricingClient } from '@aws-sdk/client-pricing';
import { ResourceGroupsTaggingAPIClient } from '@aws-sdk/client-resource-groups-tagging-api';
import { SageMakerClient } from '@aws-sdk/client-sagemaker';
import { createClient } from '../aws/client.ts';
import { scopeFor } from '../aws/sts.ts';
import type { Target } from '../target.ts';

export type TargetClients = {
  ec2: EC2Client;
  cloudWatch: CloudWatchClient;
  pricing: PricingClient;
  sageMaker: SageMakerClient;
  bedrock: BedrockClient;
  tagging: ResourceGroupsTaggingAPIClient;
};

const built = new Map<string, TargetClients>();

/** The clients that work on a target, with its role's credentials; built once a process. */
export function targetClients(target: Target): TargetClients {
  const key = `${target.account}/${target.region}/${target.roleArn}`;
  const known = built.get(key);
  if (known) return known;
  const scope = scopeFor(target);
  const clients = {
    ec2: createClient(EC2Client, scope),
    cloudWatch: createClient(CloudWatchClient, scope),
    sageMaker: createClient(SageMakerClient, scope),
    bedrock: createClient(BedrockClient, scope),
    tagging: createClient(ResourceGroupsTaggingAPIClient, scope),
    // Prices are public: one endpoint answers for every region, to the watchdog's own account.
    pricing: createClient(PricingClient, { region: 'us-east-1' }),
  };
  built.set(key, clients);
  return clients;
}
