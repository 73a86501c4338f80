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
 * itself each time that the caller does, and without a look at the bucket or at the time that is left. The same goes for
 * `final` codes, which another call a moment later would only repeat: a lack of capacity comes with status 500. Other
 * errors of the server, and those of the network, the SDK retries as ever.
 */
export function untilThrottled<Command extends { middlewareStack: { use: (plugin: never) => void } }>(
  command: Command,
  final: ReadonlySet<string> = new Set(),
): Command {
  const isFinal = (error: unknown) => isThrottling(error) || final.has(errorCode(error));
  command.middlewareStack.use(passOn(isFinal) as never); // each command has input types of its own
  return command;
}

type WithMetadata = { $metadata?: { attempts?: number } };

/** Passes an error by the SDK's retries, which would know it by its name, its status or its cause. */
class Passing extends Error {
  readonly passed: unknown;
  constructor(passed: unknown) {
    super('not to be retried');
    this.passed = passed;
  }
}

const passOn = (isFinal: (error: unknown) => boolean): Pluggable<object, object> => ({
  applyToStack: (stack) => {
    stack.add(
      (next) => async (args) => {
        try {
          return await next(args);
        } catch (error) {
          throw isFinal(error) ? new Passing(error) : error;
        }
      },
      // After the retries, which come first in this step: each of their attempts goes through here.
      { step: 'finalizeRequest', name: 'hideFromRetries', priority: 'low' },
    );
    stack.add(
      (next) => async (args) => {
        try {
          return await next(args);
        } catch (error) {
          throw error instanceof Passing ? withAttempts(error) : error;
        }
      },
      { step: 'serialize', name: 'showAgain', priority: 'high' },
    );
  },
});

/** The error itself, with the attempts that the SDK has noted on what it took for it. */
function withAttempts(passing: Passing): unknown {
  const { $metadata: { attempts = 1 } = {} } = passing as WithMetadata;
  const error = passing.passed as WithMetadata;
  error.$metadata = { ...error.$metadata, attempts };
  return error;
}
