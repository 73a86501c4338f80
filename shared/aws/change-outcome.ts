import { errorCode } from './error.ts';

/** What became of one resource that was to be stopped or started. */
export type ChangeOutcome = {
  /**
   * - `done`: it goes there, or is there already.
   * - `refused`: AWS won't do that with this one.
   * - `failed`: the call did not come through, whatever it was about.
   * - `left`: not tried, or not possible yet; the next run does it.
   * - `gone`: there is nothing left to stop or start.
   * - `unknown`: the call failed, and what came of it could not be asked: it may have been done.
   */
  outcome: 'done' | 'refused' | 'failed' | 'left' | 'gone' | 'unknown';
  /** AWS's error code and message, or what its state is. */
  code?: string;
  message?: string;
};

export type Changed = ChangeOutcome & { id: string };

export const problemOf = (error: unknown): { code: string; message: string } => ({
  code: errorCode(error),
  message: error instanceof Error ? error.message : String(error),
});

/** Errors of the caller, which meet every call alike. */
const ofTheCaller = new Set([
  'AuthFailure',
  'CredentialsProviderError',
  'ExpiredToken',
  'ExpiredTokenException',
  'InvalidClientTokenId',
  'InvalidSignatureException',
  'OptInRequired',
  'SignatureDoesNotMatch',
  'UnrecognizedClientException',
]);

/** Tells when errors that speak of the call have shown that the calls to come would fail as well. */
export type Patience = {
  fail: (error: unknown) => void;
  renew: () => void;
  /** What becomes of all that was not tried yet, once it is over. */
  verdict: () => ChangeOutcome | undefined;
};

/**
 * One denied call doesn't prove that every other is: who may stop what goes by its tags, and a tag may have changed. Three
 * in a row do, and so does one that says that the caller is nobody.
 */
export function createPatience(): Patience {
  let failures = 0;
  let last: unknown;
  return {
    fail: (error) => {
      last = error;
      failures += ofTheCaller.has(errorCode(error)) ? mostFailures : 1;
    },
    renew: () => {
      failures = 0;
    },
    verdict: () => (failures >= mostFailures ? leftAfter(last) : undefined),
  };
}

const mostFailures = 3;

/** What is left to the next run, and after which error, if there was one. */
export function leftAfter(error: unknown): ChangeOutcome {
  if (error === undefined) return { outcome: 'left' };
  const { code, message } = problemOf(error);
  return { outcome: 'left', code, message: `not tried after ${code}: ${message}` };
}
