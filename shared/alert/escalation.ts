import { type News, type Severity, severities } from './alert.ts';

/** Whether somebody has to acknowledge a problem, or it is told again: the severity from which on that is wanted. */
export const isEscalated = ({ step, severity }: News, from: { severity: Severity }): boolean =>
  starting.has(step) && severities.indexOf(severity) >= severities.indexOf(from.severity);

const starting: ReadonlySet<News['step']> = new Set(['opened', 'grown', 'reopened']);
