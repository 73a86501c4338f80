/** One account in one region: what a sweep visits, and what a queue message names. */
export type Target = {
  account: string;
  region: string;
  /** What people call the account. */
  accountName?: string;
  /** The role to assume there; absent for the account the watchdog runs in. */
  roleArn?: string;
};
