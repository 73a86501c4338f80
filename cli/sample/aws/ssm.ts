import type {
  GetParameterCommandInput,
  GetParameterCommandOutput,
  GetParametersCommandInput,
  GetParametersCommandOutput,
} from '@aws-sdk/client-ssm';
import { awsError, type Caller, type Reply } from '../sample.ts';

export const ssm = { GetParameter: getParameter, GetParameters: getParameters };

function getParameter(
  { Name = '', WithDecryption }: GetParameterCommandInput,
  caller: Caller,
): Reply<GetParameterCommandOutput> {
  const parameter = read(Name, WithDecryption === true, caller);
  if (!parameter) throw awsError('ParameterNotFound', `Parameter ${Name} not found.`);
  return { Parameter: parameter };
}

function getParameters(
  { Names = [], WithDecryption }: GetParametersCommandInput,
  caller: Caller,
): Reply<GetParametersCommandOutput> {
  const found = Names.flatMap((name) => read(name, WithDecryption === true, caller) ?? []);
  return {
    Parameters: found,
    InvalidParameters: Names.filter((name) => !caller.sample.parameters.has(name)),
  };
}

/** Every parameter is a secret; without decryption it is not readable. */
function read(Name: string, decrypt: boolean, { sample, account, region }: Caller) {
  const value = sample.parameters.get(Name);
  if (value === undefined || account !== sample.home.account) return undefined;
  return {
    Name,
    Type: 'SecureString' as const,
    Value: decrypt ? value : Buffer.from(value).toString('base64'),
    Version: 1,
    ARN: `arn:aws:ssm:${region}:${account}:parameter${Name.startsWith('/') ? '' : '/'}${Name}`,
    DataType: 'text',
  };
}
