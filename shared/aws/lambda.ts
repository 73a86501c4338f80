import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda';

/**
 * Has another function work on an event after this one has answered: Lambda keeps it, and retries it (API reference,
 * `Invoke`, InvocationType `Event`). Throws where Lambda hasn't taken it.
 */
export async function invokeLater(client: LambdaClient, FunctionName: string, event: object): Promise<void> {
  await client.send(
    new InvokeCommand({
      FunctionName,
      InvocationType: 'Event',
      Payload: Buffer.from(JSON.stringify(event)),
    }),
  );
}
