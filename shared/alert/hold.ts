import { type IsoTime, toTime } from '../period.ts';
import type { ScheduleContext } from '../schedule/schedule.ts';
import { type Alert, isNews } from './alert.ts';
import { type Conversation, hasDoubled, isSnoozed } from './conversation.ts';
import type { Destination } from './destination.ts';
import { quietUntil } from './quiet-hours.ts';

/** Why an alert isn't shown yet, and until when. */
export type Hold = { reason: 'quiet hours' | 'too many'; until: IsoTime };

/** What is told at any hour: what nobody hears of in time is of no use, or has its own hour. */
const urgentKinds: ReadonlySet<Alert['kind']> = new Set(['stop-warning', 'breaker', 'digest', 'self-test']);

const isUrgent = ({ kind, severity }: Alert): boolean => severity === 'critical' || urgentKinds.has(kind);

/** What keeps an alert from a destination at a time; undefined where nothing does. `sent`: messages there in this hour. */
export function holdOf(
  alert: Alert,
  { quietHours, messagesPerHour }: Pick<Destination, 'quietHours' | 'messagesPerHour'>,
  { now, hours, sent }: { now: IsoTime; hours: ScheduleContext; sent: number },
): Hold | undefined {
  if (isUrgent(alert)) return undefined;
  const quietAt = (time: IsoTime) =>
    quietHours === undefined ? undefined : quietUntil(quietHours, hours, time);
  const quiet = quietAt(now);
  if (quiet !== undefined) return { reason: 'quiet hours', until: quiet };
  if (sent < messagesPerHour) return undefined;
  const next = nextHour(now);
  return { reason: 'too many', until: quietAt(next) ?? next };
}

/** The hour in which messages are counted together. */
export const hourOf = (time: IsoTime): string => time.slice(0, 13);

const nextHour = (time: IsoTime): IsoTime => toTime((Math.floor(Date.parse(time) / hour) + 1) * hour);

const hour = 3_600_000; // ms

/**
 * Whether somebody asked not to hear of it: news of a snoozed problem, unless it has doubled since. That it is over is
 * shown, and what the clock says at the end of a snooze.
 */
export const isHushed = (alert: Alert, conversation: Conversation | undefined, now: IsoTime): boolean =>
  conversation !== undefined &&
  isNews(alert) &&
  hushable.has(alert.step) &&
  isSnoozed(conversation, now) &&
  !hasDoubled(conversation, alert);

const hushable: ReadonlySet<string> = new Set(['opened', 'grown', 'escalated']);
