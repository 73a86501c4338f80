import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import type { AwsCredentialIdentity, AwsCredentialIdentityProvider } from '@smithy/types';
import { z } from 'zod';
import type { Target } from '../target.ts';
import { createClient, type Scope } from './client.ts';

const assumed = z.object({
  Credentials: z.object({
    AccessKeyId: z.string(),
    SecretAccessKey: z.string(),
    SessionToken: z.string(),
    Expiration: z.date(),
  }),
});

const identity = z.object({ Account: z.string() });

/** One provider a role, so that a warm function assumes it once an hour and not once a run. */
const providers = new Map<string, AwsCredentialIdentityProvider>();

/** Where a target's clients work: its region, and for another account the role's credentials, assumed at first use. */
export function scopeFor({ region, roleArn }: Target): Scope {
  if (roleArn === undefined) return { region };
  const provider = providers.get(roleArn) ?? roleCredentials(roleArn);
  providers.set(roleArn, provider);
  return { region, credentials: provider };
}

/** Credentials of a role, renewed by the SDK when they expire. Throws, naming the account, where it can't be assumed. */
function roleCredentials(roleArn: string): AwsCredentialIdentityProvider {
  let current: Promise<AwsCredentialIdentity> | undefined;
  const renew = () => {
    current = assume(roleArn).catch((error: unknown) => {
      current = undefined; // a failure isn't kept: the role may be there the next time
      throw error;
    });
    return current;
  };
  return async () => {
    const held = await (current ?? renew());
    return isFresh(held) ? held : renew();
  };
}

const isFresh = ({ expiration }: AwsCredentialIdentity): boolean =>
  expiration !== undefined && expiration.getTime() - Date.now() > renewBefore;

const renewBefore = 5 * 60_000; // as the SDK's own providers do

async function assume(roleArn: string): Promise<AwsCredentialIdentity> {
  const command = new AssumeRoleCommand({ RoleArn: roleArn, RoleSessionName: 'ai-cost-watchdog' });
  const answer = await createClient(STSClient)
    .send(command)
    .catch((cause: unknown) => {
      throw new Error(
        `Can't assume ${roleArn}: is the role deployed there, and does it trust this account?`,
        { cause },
      );
    });
  const { Credentials } = assumed.parse(answer);
  return {
    accessKeyId: Credentials.AccessKeyId,
    secretAccessKey: Credentials.SecretAccessKey,
    sessionToken: Credentials.SessionToken,
    expiration: Credentials.Expiration,
  };
}

/** The account that the current credentials belong to. */
export async function getCallerAccount(client: STSClient): Promise<string> {
  return identity.parse(await client.send(new GetCallerIdentityCommand({}))).Account;
}
