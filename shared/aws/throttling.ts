import type { Pluggable } from '@smithy/types';
import { errorCode } from './error.ts';

/** The codes by which AWS's services say that there were too many calls. */
const throttling = new Set([
  'BandwidthLimitExceeded',
  'EC2ThrottledException',
  'RequestLimitExceeded',
  'RequestThrottled',
  'RequestThrottledException',
  'SlowDown',
  'ThrottledException',
  'Throttling',
  'ThrottlingException',
  'TooManyRequestsException',
]);

/** Whether AWS refused a call for being one too many, and so did nothing of it. */
export const isThrottling = (error: unknown): boolean => throttling.has(errorCode(error));

/**
 * The command, of which the SDK tells the caller at once that it was throttled. Else it would call up to five times by
 * itself each time that the caller does, and without a look at the bucket or at the time that is left. Server errors and
 * those of the network it retries as ever.
 */
export function untilThrottled<Command extends { middlewareStack: { use: (plugin: never) => void } }>(
  command: Command,
): Command {
  command.middlewareStack.use(passThrottlingOn as never); // each command has input types of its own
  return command;
}

type WithMetadata = { $metadata?: { attempts?: number } };

/** Passes an error by the SDK's retries, which would know it by its name, its status or its cause. */
class Passing extends Error {
  readonly passed: unknown;
  constructor(passed: unknown) {
    super('throttled');
    this.passed = passed;
  }
}

const passThrottlingOn: Pluggable<object, object> = {
  applyToStack: (stack) => {
    stack.add(
      (next) => async (args) => {
        try {
          return await next(args);
        } catch (error) {
          throw isThrottling(error) ? new Passing(error) : error;
        }
      },
      // After the retries, which come first in this step: each of their attempts goes through here.
      { step: 'finalizeRequest', name: 'hideThrottling', priority: 'low' },
    );
    stack.add(
      (next) => async (args) => {
        try {
          return await next(args);
        } catch (error) {
          throw error instanceof Passing ? withAttempts(error) : error;
        }
      },
      { step: 'serialize', name: 'showThrottling', priority: 'high' },
    );
  },
};

/** The error itself, with the attempts that the SDK has noted on what it took for it. */
function withAttempts(passing: Passing): unknown {
  const { $metadata: { attempts = 1 } = {} } = passing as WithMetadata;
  const error = passing.passed as WithMetadata;
  error.$metadata = { ...error.$metadata, attempts };
  return error;
}
