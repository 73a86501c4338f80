import { clockText, type IsoDate, type IsoTime } from '../period.ts';
import type { Alert } from './alert.ts';
import { type ScheduledFunction, scheduledFunctions, staleHeartbeats } from './heartbeat.ts';
import { alertId } from './identity.ts';

/** What a test message tells of. */
type SelfTest = {
  /** The day for which it is due: one message a day at most. */
  date: IsoDate;
  at: IsoTime;
  /** Names of the destinations that it goes to. */
  to: readonly string[];
  lastSuccesses: ReadonlyMap<string, IsoTime>;
  /** The function that sends it, which runs right now. */
  sender?: ScheduledFunction;
};

/** A message that says nothing but that it has arrived, and by which way. */
export function selfTestAlert({ date, at, to, lastSuccesses, sender = 'send-digests' }: SelfTest): Alert {
  const subject = alertId('self-test', date);
  const others = scheduledFunctions.filter((name) => name !== sender);
  const stale = staleHeartbeats(lastSuccesses, at, others);
  const late = new Set(stale.map(({ name }) => name));
  return {
    id: subject,
    subject,
    kind: 'self-test',
    severity: 'info',
    at,
    title: 'This is a test: alerts arrive here',
    summary: `It took this way: recorded in the table by ${sender}, handed to the alert queue, taken from there by notify, delivered here. It went to ${to.join(', ')}: whoever reads it in one of them and misses it in another knows where to look.`,
    facts: others.map((name) => ({
      label: name,
      value: `${successText(lastSuccesses.get(name))}${late.has(name) ? ', overdue' : ''}`,
    })),
    items: [],
    action:
      stale.length === 0
        ? 'Nothing.'
        : 'See the logs of what is overdue, and the failure queue; "watchdog doctor" says what is missing.',
    links: [],
    to,
  };
}

const successText = (time: IsoTime | undefined): string =>
  time === undefined ? 'no success on record' : `last success ${clockText(time)}`;
