import { dateOf, type IsoTime } from '../period.ts';
import { type Alert, isClosing } from './alert.ts';
import type { Conversation } from './conversation.ts';
import type { Hold } from './hold.ts';
import { alertId, handleOf } from './identity.ts';
import { oneLine } from './text.ts';

/** Says again what nobody acknowledged for so many hours, to whoever is to hear of it then. */
export const escalationAlert = (
  newest: Alert,
  { hours, to, at }: { hours: number; to: readonly string[] | undefined; at: IsoTime },
): Alert => ({
  ...newest,
  id: alertId(newest.subject, 'escalated', newest.id),
  step: 'escalated',
  at,
  title: `Nobody has acknowledged for ${hours} h: ${newest.title}`,
  summary: `It was told on ${dateOf(newest.at)} and goes on. ${newest.summary}`,
  ...(to && { to }),
});

/** Says that a problem is still there at the end of its snooze. */
export const reminderAlert = (
  newest: Alert,
  { until }: NonNullable<Conversation['snoozed']>,
  at: IsoTime,
): Alert => ({
  ...newest,
  id: alertId(newest.subject, 'reminded', until),
  step: 'reminded',
  at,
  title: `Still there after its snooze: ${newest.title}`,
});

/** Items that a summary lists; the rest it counts. */
const listed = 20;

/**
 * Says in one message what was held back for a destination until a time: each problem once, as it stands by now, the worst
 * first. What came and went meanwhile is listed last.
 */
export function heldSummary(
  alerts: readonly Alert[],
  { destination, reason, until }: { destination: string; reason: Hold['reason']; until: IsoTime },
): Alert {
  const newest = [...Map.groupBy(alerts, ({ subject, step, id }) => (step ? subject : id)).values()].map(
    (group) => group.toSorted((one, other) => Date.parse(other.at) - Date.parse(one.at))[0] as Alert,
  );
  const sorted = newest.toSorted((one, other) => rankOf(one) - rankOf(other));
  const over = sorted.filter(isClosing).length;
  const counts = [
    ...(sorted.length > over ? [`${sorted.length - over} to look at`] : []),
    ...(over > 0 ? [`${over} over again`] : []),
  ].join(', ');
  const subject = alertId('held', destination);
  return {
    id: alertId(subject, until),
    subject,
    kind: 'digest',
    severity: sorted.some(({ severity }) => severity !== 'info') ? 'warning' : 'info',
    at: until,
    title: `${titles[reason]}: ${counts}`,
    summary: summaries[reason],
    facts: [],
    items: sorted.slice(0, listed).map(lineOf),
    action:
      sorted.length > listed
        ? `${sorted.length - listed} more are not listed. All of them: npm run -s watchdog -- alerts`
        : '',
    links: [],
    to: [destination],
  };
}

const titles: Readonly<Record<Hold['reason'], string>> = {
  'quiet hours': 'Held back in the quiet hours',
  'too many': 'More than this channel takes in an hour',
};

const summaries: Readonly<Record<Hold['reason'], string>> = {
  'quiet hours': 'What was critical, and every warning before a stop, was told at once.',
  'too many':
    'So that nobody drowns, the rest stands here in one message. alerts.messagesPerHour sets how many are told one by one.',
};

const severityRank: Readonly<Record<Alert['severity'], number>> = { critical: 0, warning: 1, info: 2 };

const rankOf = (alert: Alert): number => severityRank[alert.severity] + (isClosing(alert) ? 10 : 0);

function lineOf(alert: Alert): string {
  const { title, owner, step, subject } = alert;
  const which = [owner && oneLine(owner), step && `id ${handleOf({ subject })}`].filter(Boolean).join(', ');
  return `${isClosing(alert) ? 'Over: ' : ''}${oneLine(title)}${which === '' ? '' : ` (${which})`}`;
}
