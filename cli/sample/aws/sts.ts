import type {
  AssumeRoleCommandInput,
  AssumeRoleCommandOutput,
  GetCallerIdentityCommandInput,
  GetCallerIdentityCommandOutput,
} from '@aws-sdk/client-sts';
import { awsError, type Caller, type Reply } from '../sample.ts';

export const sts = { AssumeRole: assumeRole, GetCallerIdentity: getCallerIdentity };

/** The account whose credentials these are; an access key of the sample account carries its number. */
export const accountOf = (accessKeyId: string): string | undefined => /\d{12}/.exec(accessKeyId)?.[0];

export const accessKeyOf = (account: string): string => `ASIA${account}SAMP`;

function assumeRole(
  { RoleArn = '', RoleSessionName = '' }: AssumeRoleCommandInput,
  { sample, account: caller }: Caller,
): Reply<AssumeRoleCommandOutput> {
  const [, account, role] = /^arn:aws:iam::(\d{12}):role\/(.+)$/.exec(RoleArn) ?? [];
  const target = sample.file.accounts.find(({ id }) => id === account);
  if (!account || !target?.role || target.role !== role) {
    const user = `arn:aws:sts::${caller}:assumed-role/watchdog/sample`;
    const message = `User: ${user} is not authorized to perform: sts:AssumeRole on resource: ${RoleArn}`;
    throw awsError('AccessDenied', message, 403);
  }
  return {
    Credentials: {
      AccessKeyId: accessKeyOf(account),
      SecretAccessKey: 'sample',
      SessionToken: 'sample',
      // The SDK compares it with this machine's clock, which is not the sample's.
      Expiration: new Date('2099-01-01T00:00:00Z'),
    },
    AssumedRoleUser: {
      AssumedRoleId: `AROASAMPLE${account}:${RoleSessionName}`,
      Arn: `arn:aws:sts::${account}:assumed-role/${role}/${RoleSessionName}`,
    },
  };
}

function getCallerIdentity(
  _: GetCallerIdentityCommandInput,
  { account }: Caller,
): Reply<GetCallerIdentityCommandOutput> {
  return {
    Account: account,
    Arn: `arn:aws:sts::${account}:assumed-role/watchdog/sample`,
    UserId: `AROASAMPLE${account}:sample`,
  };
}
