import type { InvokeCommandInput, InvokeCommandOutput } from '@aws-sdk/client-lambda';
import { awsError, type Caller, type Reply } from '../sample.ts';

export const lambda = { Invoke: invoke };

/** Takes what is to run later, as Lambda does; who opened the sample runs it. */
function invoke(
  { FunctionName = '', InvocationType, Payload }: InvokeCommandInput,
  { sample }: Caller,
): Reply<InvokeCommandOutput> {
  if (InvocationType !== 'Event') {
    throw awsError('InvalidParameterValueException', 'The sample account runs functions later alone');
  }
  const text = Payload === undefined ? 'null' : Buffer.from(Payload as Uint8Array).toString();
  sample.invocations.push({ functionName: FunctionName, payload: JSON.parse(text) });
  return { StatusCode: 202 };
}
