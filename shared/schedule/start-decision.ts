import { type IsoTime, toTime } from '../period.ts';
import {
  type Case,
  defer,
  isBefore,
  keep,
  minutesBetween,
  spanText,
  stopDatedMinutes,
  untilEnd,
} from './case.ts';
import { clockTime } from './clock.ts';
import type { Decision } from './decision.ts';
import { startBackoff } from './start-backoff.ts';

/** For what is stopped within its hours. Who stopped it in this window by hand meant it. */
export function decideStart(input: Case): Decision {
  const { schedule, record, span, now } = input;
  const opened = span.opened ?? span.since ?? toTime(0); // one that never opened has always been open
  if (!schedule.start || span.passive) {
    return keep({
      code: 'stopped',
      reason: `it is stopped, and its schedule does not start it`,
      ...untilEnd(span),
    });
  }
  if (record.startedAt !== undefined && !isBefore(record.startedAt, opened)) {
    const started = clockTime(record.startedAt, schedule.timeZone, now);
    return keep({
      code: 'already-started',
      reason: `started at ${started} in this window, and stopped since`,
      ...untilEnd(span),
    });
  }
  const byHand = stoppedByHand(input, opened);
  if (byHand) return keep({ code: 'stopped-by-hand', reason: byHand, ...untilEnd(span) });
  const wait = startBackoff(record.startRefused, span, now, schedule.timeZone);
  if (wait) return defer({ code: 'start-refused', ...wait });
  return { action: 'start', code: 'window-open', reason: `${spanText(input)}, and its schedule starts it` };
}

/** Why it is not ours to start, in a sentence; undefined where it is. */
function stoppedByHand({ subject, record, schedule, now }: Case, opened: IsoTime): string | undefined {
  const { stoppedAt } = record;
  const { startedAt, stoppedAt: at } = subject;
  const isOurs = stoppedAt !== undefined && !(startedAt !== undefined && isBefore(stoppedAt, startedAt));
  if (at === undefined) {
    return isOurs ? undefined : 'nothing tells when and by whom it was stopped';
  }
  // EC2 dates a stop a little after it was asked for.
  if (isBefore(at, opened) || (isOurs && minutesBetween(stoppedAt, at) < stopDatedMinutes)) return undefined;
  return `stopped by hand at ${clockTime(at, schedule.timeZone, now)} in this window`;
}
