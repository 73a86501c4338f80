/** One thing looked at, what was found, and what to do about it. */
export type Finding = {
  check: string;
  status: 'ok' | 'warn' | 'fail';
  detail: string;
  fix?: string;
  /** The action that a role lacks: `sagemaker:ListEndpoints`. */
  missing?: string;
  /** What to put into a file, to mend it. */
  config?: object;
};

export const ok = (check: string, detail: string): Finding => ({ check, status: 'ok', detail });

export const warn = (check: string, detail: string, fix: string): Finding => ({
  check,
  status: 'warn',
  detail,
  fix,
});

export const fail = (check: string, detail: string, fix: string): Finding => ({
  check,
  status: 'fail',
  detail,
  fix,
});
