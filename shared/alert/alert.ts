import type { IsoTime } from '../period.ts';

export type AlertKind =
  | 'spend-anomaly'
  | 'idle-accelerator'
  | 'stop-warning'
  | 'stop-result'
  | 'schedule-problem'
  | 'breaker'
  | 'launch'
  | 'aws-cost-anomaly'
  | 'aws-budget'
  | 'aws-health'
  | 'aws-notice';

export type Severity = 'info' | 'warning' | 'critical';

/**
 * One thing worth telling somebody. Its text is plain: names, tags and event texts stand in it as they are, and
 * each outlet escapes and cuts them for itself.
 */
export type Alert = {
  /** What it is about and which change of it: the same change has the same id in every run. At most 200 characters. */
  id: string;
  /** What it is about, the same for every change of it: an incident, a stop, a launch. */
  subject: string;
  kind: AlertKind;
  severity: Severity;
  /** The time of the event that caused it. */
  at: IsoTime;
  /** One line: what and how much. */
  title: string;
  /** One or two sentences: since when, how sure, why. */
  summary: string;
  /** Label and value pairs for those who read on: account, owner, expected, actual, cause. */
  facts: readonly { label: string; value: string }[];
  /** One line each for what it lists, the most costly first. */
  items: readonly string[];
  /** What to do about it. */
  action: string;
  links: readonly { label: string; url: string }[];
  account?: string;
  region?: string;
  owner?: string;
  team?: string;
};
