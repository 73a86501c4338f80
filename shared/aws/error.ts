import type { Pluggable } from '@smithy/types';
import { callName } from './meter.ts';

const denied = new Set([
  'AccessDenied',
  'AccessDeniedException',
  'AuthorizationError',
  'AuthorizationErrorException',
  'UnauthorizedOperation',
  'KMSAccessDeniedException',
]);

/** The name AWS gives an error: its code, which the SDK carries as `name`. */
export const errorCode = (error: unknown): string =>
  error instanceof Error ? error.name : String((error as { name?: unknown } | undefined)?.name);

/** IAM's prefix for a client's service, where it isn't the client's name in lower case. */
const iamPrefix: Readonly<Record<string, string>> = {
  ApplicationAutoScaling: 'application-autoscaling',
  CostExplorer: 'ce',
  ResourceGroupsTaggingAPI: 'tag',
};

/** IAM's action for a call that has none of its own name. */
const actions: Readonly<Record<string, string>> = {
  'S3:ListObjectsV2': 's3:ListBucket',
  'S3:HeadObject': 's3:GetObject',
  'SQS:SendMessageBatch': 'sqs:SendMessage',
  'DynamoDB:TransactWriteItems': 'dynamodb:PutItem',
};

/** Turns the errors that people have to mend into what to mend; the SDK's error stays their cause. */
export const explainErrors: Pluggable<object, object> = {
  applyToStack: (stack) =>
    stack.add(
      (next, context) => async (args) => {
        try {
          return await next(args);
        } catch (cause) {
          throw explained(callName(context), cause);
        }
      },
      { step: 'initialize', name: 'explainErrors', priority: 'high' },
    ),
};

function explained(call: string, cause: unknown): unknown {
  if (!(cause instanceof Error)) return cause;
  if (call.startsWith('CostExplorer:') && notEnabled.test(cause.message)) {
    return named(
      cause,
      'Cost Explorer is not enabled in this account: open it once in the Billing console of the payer account, data follows within 24 hours (docs/permissions.md#cost-explorer)',
    );
  }
  if (denied.has(cause.name)) {
    return named(
      cause,
      `No permission for ${actionOf(call, cause.message)}: see docs/permissions.md for the policy it belongs to (${cause.message})`,
    );
  }
  return cause;
}

const notEnabled = /not enabled for cost explorer|cost explorer.*not.*enabled/i;

/** As AWS names it in its message; where it doesn't, by the call, which for some APIs is not the name of the action. */
function actionOf(call: string, message: string): string {
  const [, named] = /to perform:? ([\w-]+:\w+)/.exec(message) ?? [];
  const [service = '', operation = ''] = call.split(':');
  return named ?? actions[call] ?? `${iamPrefix[service] ?? service.toLowerCase()}:${operation}`;
}

/** The same code under a better message, so that whoever asks for the code still finds it. */
function named(cause: Error, message: string): Error {
  const error = new Error(message, { cause });
  error.name = cause.name;
  return error;
}
