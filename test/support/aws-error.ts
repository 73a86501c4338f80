/** An error as the SDK throws it: its code is its name. */
export const awsError = (code: string, message: string): Error =>
  Object.assign(new Error(message), { name: code });
