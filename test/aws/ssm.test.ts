import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { forgetSecret, getSecret } from '../../shared/aws/ssm.ts';

const client = new SSMClient({});
const ssm = mockClient(SSMClient);
beforeEach(() => {
  ssm.reset();
  for (const reference of ['ssm:/watchdog/webhook', 'secretsmanager:watchdog']) forgetSecret(reference);
});
const holds = (Value: string) => ssm.on(GetParameterCommand).resolves({ Parameter: { Value } });

describe('a secret', () => {
  it.each([
    ['ssm:/watchdog/webhook', '/watchdog/webhook'],
    ['secretsmanager:watchdog', '/aws/reference/secretsmanager/watchdog'],
  ])('named %s is read, decrypted, from %s', async (reference, Name) => {
    holds('https://hooks.slack.com/services/T/B/x\n');
    expect(await getSecret(client, reference)).toBe('https://hooks.slack.com/services/T/B/x');
    expect(ssm).toHaveReceivedCommandWith(GetParameterCommand, { Name, WithDecryption: true });
  });

  it('is read once, until it is forgotten', async () => {
    holds('old');
    await getSecret(client, 'ssm:/watchdog/webhook');
    holds('new');
    expect(await getSecret(client, 'ssm:/watchdog/webhook')).toBe('old');
    forgetSecret('ssm:/watchdog/webhook');
    expect(await getSecret(client, 'ssm:/watchdog/webhook')).toBe('new');
    expect(ssm).toHaveReceivedCommandTimes(GetParameterCommand, 2);
  });

  it('that is missing is named, and asked for again', async () => {
    ssm.on(GetParameterCommand).rejects('ParameterNotFound');
    await expect(getSecret(client, 'ssm:/watchdog/webhook')).rejects.toThrow(
      "Can't read the secret ssm:/watchdog/webhook",
    );
    holds('found');
    expect(await getSecret(client, 'ssm:/watchdog/webhook')).toBe('found');
  });

  it('that is empty is none', async () => {
    holds('');
    await expect(getSecret(client, 'ssm:/watchdog/webhook')).rejects.toThrow('is empty');
  });

  it('given in place of its name is not repeated in the error', async () => {
    const error = await getSecret(client, 'https://hooks.slack.com/secretsecret').catch(String);
    expect(error).toContain('A secret is named as ssm:/path or secretsmanager:name');
    expect(error).not.toContain('secretsecret');
  });
});
