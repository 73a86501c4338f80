import { GetParameterCommand, type SSMClient } from '@aws-sdk/client-ssm';
import { z } from 'zod';

/** Read once for each process; never logged. */
const secrets = new Map<string, string>();

const parameter = z.object({ Parameter: z.object({ Value: z.string().min(1) }) });

/**
 * The secret behind a reference, `ssm:/path` or `secretsmanager:name`. Throws where there is none, naming the
 * reference and never what it holds.
 */
export async function getSecret(client: SSMClient, reference: string): Promise<string> {
  const known = secrets.get(reference);
  if (known !== undefined) return known;
  const { data } = parameter.safeParse(
    await client
      .send(new GetParameterCommand({ Name: nameOf(reference), WithDecryption: true }))
      .catch((cause: unknown) => {
        throw new Error(`Can't read the secret ${reference}`, { cause });
      }),
  );
  if (data === undefined) throw new Error(`The secret ${reference} is empty`);
  const secret = data.Parameter.Value.trim();
  secrets.set(reference, secret);
  return secret;
}

/** The next `getSecret` reads it anew: it may have been replaced. */
export const forgetSecret = (reference: string): void => void secrets.delete(reference);

/** Parameter Store hands out the secrets of Secrets Manager under a path of its own. */
function nameOf(reference: string): string {
  const [, kind, name = ''] = /^(ssm|secretsmanager):(.+)$/.exec(reference) ?? [];
  if (kind === undefined) throw new Error('A secret is named as ssm:/path or secretsmanager:name');
  return kind === 'ssm' ? name : `/aws/reference/secretsmanager/${name}`;
}
