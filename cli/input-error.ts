/** The user gave something that can't be used: told in one line, without a stack, and the exit code is 2. */
export class InputError extends Error {
  override name = 'InputError';
}
