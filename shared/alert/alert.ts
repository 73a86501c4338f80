import { z } from 'zod';
import type { Usd } from '../money.ts';
import type { IsoDate, IsoTime } from '../period.ts';
import { cut } from './text.ts';

/** What alerts are about. */
export const alertKinds = [
  'spend-anomaly',
  'utilization',
  'stop-warning',
  'stop-result',
  'start-result',
  'schedule-problem',
  'breaker',
  'launch',
  'spot-interruption',
  'job-failure',
  'aws-cost-anomaly',
  'aws-budget',
  'aws-health',
  'aws-notice',
  'digest',
  'self-test',
] as const;

type AlertKind = (typeof alertKinds)[number];

export const severities = ['info', 'warning', 'critical'] as const;

export type Severity = (typeof severities)[number];

/**
 * A problem that goes on has steps; a launch or a stop is told and done. What is watched, or the clock, says of it.
 */
const newsSteps = [
  'opened',
  'grown',
  'reminded',
  'escalated',
  'reopened',
  'recovered',
  'restated',
  'accepted',
] as const;

/** What somebody has said of it. */
const answerSteps = ['acknowledged', 'snoozed', 'expected', 'not-an-anomaly'] as const;

const alertSteps = [...newsSteps, ...answerSteps] as const;

/** Daily spend around a problem: what a chart of it shows. Amounts by day from `start` on; null where nothing is known. */
export type AlertChart = {
  currency: string;
  start: IsoDate;
  actual: readonly (number | null)[];
  expected: readonly (number | null)[];
  /** Up to where a day would have been normal. */
  limit: readonly (number | null)[];
  /** The first day that is part of the problem. */
  since: IsoDate;
  /** The first day that no longer is; absent while it goes on. */
  until?: IsoDate;
};

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
  /** Absent for what is told once and over. Alerts with a step share one message for each subject where that can be. */
  step?: (typeof alertSteps)[number];
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
  /** Dollars a day that it costs while it lasts, where that is known: by it a snoozed problem is known to have doubled. */
  costPerDay?: Usd;
  chart?: AlertChart;
  /** The incident of ours that answers to it are kept with. */
  incidentId?: string;
  /** The anomaly of Cost Anomaly Detection that answers to it are passed on to. */
  anomalyId?: string;
  /** What a warning is about: what its buttons keep running, or have stopped. `key` as in the schedule records. */
  schedulables?: readonly { key: string; id: string; name: string }[];
  /** What is alike, for those who say that it is expected: alerts of one pattern are muted together. */
  pattern?: string;
  /** Of an answer: who gave it, a user's id in Slack or a name. */
  by?: string;
  /** The id of the alert that it answers, where that has a message of its own. */
  inThreadOf?: string;
  /** Names of destinations, where it isn't for the routes to say. */
  to?: readonly string[];
};

/** An alert that says what has become of a problem. */
export type News = Alert & { step: (typeof newsSteps)[number] };

/** An alert that says what somebody has answered. */
export type AnswerAlert = Alert & { step: (typeof answerSteps)[number] };

const isOneOf = <Step extends string>(steps: readonly Step[], step: string | undefined): step is Step =>
  (steps as readonly (string | undefined)[]).includes(step);

export const isNews = (alert: Alert): alert is News => isOneOf(newsSteps, alert.step);

/** Whether it says that a problem is over, and nobody need do anything. */
export const isClosing = ({ step }: Pick<Alert, 'step'>): boolean => isOneOf(closingSteps, step);

const closingSteps = ['recovered', 'restated', 'accepted'] as const;

export const isAnswer = (alert: Alert): alert is AnswerAlert => isOneOf(answerSteps, alert.step);

const text = z.string();
const amounts = z.array(z.number().nullable());
const chart = z.object({
  currency: text,
  start: z.iso.date(),
  actual: amounts,
  expected: amounts,
  limit: amounts,
  since: z.iso.date(),
  until: z.iso.date().exactOptional(),
});

/** An alert as it comes back out of the table or the queue. */
export const alertSchema: z.ZodType<Alert> = z.object({
  id: text.min(1),
  subject: text.min(1),
  kind: z.enum(alertKinds),
  severity: z.enum(severities),
  step: z.enum(alertSteps).exactOptional(),
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
  costPerDay: z.number().exactOptional(),
  chart: chart.exactOptional(),
  incidentId: text.exactOptional(),
  anomalyId: text.exactOptional(),
  schedulables: z.array(z.object({ key: text, id: text, name: text })).exactOptional(),
  pattern: text.exactOptional(),
  by: text.exactOptional(),
  inThreadOf: text.exactOptional(),
  to: z.array(text).exactOptional(),
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
