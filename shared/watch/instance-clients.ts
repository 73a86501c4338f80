import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { EC2Client } from '@aws-sdk/client-ec2';
import { PricingClient } from '@aws-sdk/client-pricing';
import { createClient } from '../aws/client.ts';
import { scopeFor } from '../aws/sts.ts';
import type { Target } from '../target.ts';

export type InstanceClients = { ec2: EC2Client; cloudWatch: CloudWatchClient; pricing: PricingClient };

const built = new Map<string, InstanceClients>();

/** The clients that work on a target's instances, with its role's credentials; built once a process. */
export function instanceClients(target: Target): InstanceClients {
  const key = targetKey(target);
  const known = built.get(key);
  if (known) return known;
  const scope = scopeFor(target);
  const clients = {
    ec2: createClient(EC2Client, scope),
    cloudWatch: createClient(CloudWatchClient, scope),
    // Prices are public: one endpoint answers for every region, to the watchdog's own account.
    pricing: createClient(PricingClient, { region: 'us-east-1' }),
  };
  built.set(key, clients);
  return clients;
}

/** What tells the clients of one target from another's. */
export const targetKey = ({ account, region, roleArn }: Target): string => `${account}/${region}/${roleArn}`;
