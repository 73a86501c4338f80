import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { getCallerAccount, scopeFor } from '../../shared/aws/sts.ts';
import { awsError } from '../support/aws-error.ts';

const sts = mockClient(STSClient);

/** What STS gives out: credentials that expire in so many minutes. */
const credentials = (accessKeyId: string, minutes = 60) => ({
  Credentials: {
    AccessKeyId: accessKeyId,
    SecretAccessKey: 'secret',
    SessionToken: 'token',
    Expiration: new Date(Date.now() + minutes * 60_000),
  },
});

let count = 0;
const nextRole = () => {
  count += 1;
  return `arn:aws:iam::210987654321:role/watchdog-${count}`;
};
const keyOf = async (roleArn: string) =>
  (await scopeFor({ account: '210987654321', region: 'eu-west-1', roleArn }).credentials?.())?.accessKeyId;

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse('2026-11-16T18:05:00Z'), toFake: ['Date'] });
  sts.reset();
});
afterEach(() => vi.useRealTimers());

describe('where the clients of a target work', () => {
  it('is their region, with the own credentials, in the own account', () => {
    expect(scopeFor({ account: '123456789012', region: 'us-east-1' })).toEqual({ region: 'us-east-1' });
  });

  it('is another account by its role, assumed when first needed', async () => {
    const roleArn = nextRole();
    sts.on(AssumeRoleCommand).resolves(credentials('first'));
    const { credentials: provider } = scopeFor({ account: '210987654321', region: 'us-east-1', roleArn });
    expect(sts).not.toHaveReceivedCommand(AssumeRoleCommand);
    expect(await provider?.()).toEqual({
      accessKeyId: 'first',
      secretAccessKey: 'secret',
      sessionToken: 'token',
      expiration: new Date('2026-11-16T19:05:00Z'),
    });
    expect(sts).toHaveReceivedCommandWith(AssumeRoleCommand, {
      RoleArn: roleArn,
      RoleSessionName: 'ai-cost-watchdog',
    });
  });

  it('is assumed once for all clients and regions, even when they ask at the same time', async () => {
    const roleArn = nextRole();
    sts.on(AssumeRoleCommand).resolvesOnce(credentials('first')).resolves(credentials('second'));
    const keys = await Promise.all([keyOf(roleArn), keyOf(roleArn), keyOf(roleArn)]);
    expect([...keys, await keyOf(roleArn)]).toEqual(['first', 'first', 'first', 'first']);
    expect(sts).toHaveReceivedCommandOnce(AssumeRoleCommand);
  });

  it('is assumed anew shortly before it expires', async () => {
    const roleArn = nextRole();
    sts
      .on(AssumeRoleCommand)
      .callsFakeOnce(async () => credentials('first'))
      .callsFake(async () => credentials('second'));
    await keyOf(roleArn);
    vi.setSystemTime(Date.parse('2026-11-16T18:59:00Z'));
    expect(await keyOf(roleArn)).toBe('first');
    vi.setSystemTime(Date.parse('2026-11-16T19:00:00Z'));
    expect(await keyOf(roleArn)).toBe('second');
  });

  it('is told with its role where it can not be assumed, and tried again the next time', async () => {
    const roleArn = nextRole();
    const denied = awsError('AccessDenied', 'not authorized to perform: sts:AssumeRole');
    sts.on(AssumeRoleCommand).rejectsOnce(denied).resolves(credentials('later'));
    const failure = await keyOf(roleArn).catch((error: Error) => error);
    expect(failure).toMatchObject({
      message: `Can't assume ${roleArn}: is the role deployed there, and does it trust this account?`,
      cause: denied,
    });
    expect(await keyOf(roleArn)).toBe('later');
  });

  it('is not taken from an answer that lacks a part', async () => {
    sts.on(AssumeRoleCommand).resolves({
      Credentials: { AccessKeyId: 'a', SecretAccessKey: 'b', SessionToken: undefined, Expiration: undefined },
    });
    await expect(keyOf(nextRole())).rejects.toThrow('SessionToken');
  });
});

it('knows whose credentials these are', async () => {
  sts.on(GetCallerIdentityCommand).resolves({ Account: '123456789012' });
  expect(await getCallerAccount(new STSClient({}))).toBe('123456789012');
});
