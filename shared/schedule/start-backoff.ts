import { addMilliseconds, type IsoTime } from '../period.ts';
import { clockTime } from './clock.ts';
import type { Span } from './window.ts';

/** Starts that AWS has refused one after the other: how many, when the last, and with which error code. */
export type StartRefusals = { count: number; at: IsoTime; code: string };

/** What people are to hear of an attempt to start: it was refused for the first time, or has come up after all. */
export type StartNews = 'refused' | 'started-after-all';

const firstWaitMinutes = 5;
const longestWaitMinutes = 60;
const minuteMs = 60_000;

/** When to ask again: 5, 10, 20, 40 minutes after the refusal, then every hour. */
export const nextStartAttempt = ({ count, at }: StartRefusals): IsoTime =>
  addMilliseconds(at, Math.min(longestWaitMinutes, firstWaitMinutes * 2 ** (count - 1)) * minuteMs);

/** The refusals with one more. Those of an earlier window don't count: what was short then may be there again. */
export function countStartRefusal(
  previous: StartRefusals | undefined,
  { at, code }: { at: IsoTime; code: string },
  { since }: Pick<Span, 'since'>,
): StartRefusals {
  const before = previous && isOfWindow(previous, since) ? previous.count : 0;
  return { count: before + 1, at, code };
}

/** Why a start that is due is not asked for yet, and until when; undefined where it is to be asked for now. */
export function startBackoff(
  refusals: StartRefusals | undefined,
  { since }: Pick<Span, 'since'>,
  now: IsoTime,
  timeZone: string,
): { reason: string; until: IsoTime } | undefined {
  if (refusals === undefined || !isOfWindow(refusals, since)) return undefined;
  const until = nextStartAttempt(refusals);
  if (Date.parse(now) >= Date.parse(until) - earlyMs) return undefined;
  const [at, next] = [refusals.at, until].map((time) => clockTime(time, timeZone, now));
  const times = refusals.count === 1 ? '' : `, ${refusals.count} times in this window`;
  return {
    reason: `AWS refused to start it at ${at} (${refusals.code}${times}); asked again at ${next}`,
    until,
  };
}

/** The run that is due at a time may come seconds before it, and the next only five minutes later. */
const earlyMs = minuteMs;

/** What to tell of an attempt in this window. Of a row of refusals only the first is news. */
export function startNews(
  previous: StartRefusals | undefined,
  outcome: 'done' | 'refused',
  { since }: Pick<Span, 'since'>,
): StartNews | undefined {
  const wasRefused = previous !== undefined && isOfWindow(previous, since);
  if (outcome === 'refused') return wasRefused ? undefined : 'refused';
  return wasRefused ? 'started-after-all' : undefined;
}

/**
 * Whether the window in which it was refused is over, and it never came up: to be told once, and the refusals forgotten
 * with it. A window without a beginning never ends.
 */
export const hasMissedWindow = (refusals: StartRefusals | undefined, span: Span): boolean =>
  refusals !== undefined && (span.state === 'down' || !isOfWindow(refusals, span.since));

const isOfWindow = ({ at }: StartRefusals, since: IsoTime | undefined): boolean =>
  since === undefined || Date.parse(at) >= Date.parse(since);
