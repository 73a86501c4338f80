import { z } from 'zod';
import type { IsoTime } from '../period.ts';
import { cut } from './text.ts';

type AlertKind =
  | 'spend-anomaly'
  | 'utilization'
  | 'stop-warning'
  | 'stop-result'
  | 'start-result'
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

const text = z.string();

/** An alert as it comes back out of the table or the queue. */
export const alertSchema: z.ZodType<Alert> = z.object({
  id: text.min(1),
  subject: text.min(1),
  kind: z.enum([
    'spend-anomaly',
    'utilization',
    'stop-warning',
    'stop-result',
    'start-result',
    'schedule-problem',
    'breaker',
    'launch',
    'aws-cost-anomaly',
    'aws-budget',
    'aws-health',
    'aws-notice',
  ]),
  severity: z.enum(['info', 'warning', 'critical']),
  at: text,
  title: text,
  summary: text,
  facts: z.array(z.object({ label: text, value: text })),
  items: z.array(text),
  action: text,
  links: z.array(z.object({ label: text, url: text })),
  account: text.exactOptional(),
  region: text.exactOptional(),
  owner: text.exactOptional(),
  team: text.exactOptional(),
});

/** Characters that every outlet, queue and table takes in one alert, with room for the bytes they encode to. */
const maxCharacters = 60_000;

/** The alert, its texts cut only where it would otherwise be too large for the queue: text from outside has no limit. */
export function shortened(alert: Alert): Alert {
  if (JSON.stringify(alert).length <= maxCharacters) return alert;
  const kept = alert.items.slice(0, 40);
  const left = alert.items.length - kept.length;
  return {
    ...alert,
    title: cut(alert.title, 500),
    summary: cut(alert.summary, 3000),
    facts: alert.facts
      .slice(0, 20)
      .map(({ label, value }) => ({ label: cut(label, 100), value: cut(value, 500) })),
    items: [...kept.map((item) => cut(item, 500)), ...(left > 0 ? [`and ${left} more`] : [])],
    action: cut(alert.action, 1000),
    links: alert.links.filter(({ url }) => url.length <= 2000).slice(0, 5),
  };
}
