import type { IsoTime } from '../period.ts';
import { runOut } from './holidays.ts';
import type { ParsedSchedule, ScheduleContext } from './schedule.ts';
import { type Grammar, parseTag } from './schedule-tag.ts';
import { type State, type Transition, transitions } from './window.ts';

export type Explanation =
  | { valid: false; error: string }
  | { valid: true; initial: State; transitions: Transition[] };

/**
 * What a tag's value means between two times: each change within `[from, to)`, and as `initial` the state before the
 * first of them. A change at `from` itself is told as one, and `initial` is then the state that it ends.
 */
export function explainSchedule(
  value: string,
  from: IsoTime,
  to: IsoTime,
  context: ScheduleContext,
  grammar: Grammar = 'watchdog',
): Explanation {
  const parsed = parseTagThrough(value, to, context, grammar);
  if (parsed.kind === 'invalid') return { valid: false, error: parsed.error };
  // What is never touched may always run.
  if (parsed.kind === 'off') return { valid: true, initial: 'up', transitions: [] };
  return { valid: true, ...transitions(parsed.schedule, from, to) };
}

/** What a tag's value says, or that its holidays are not known through that time. */
export function parseTagThrough(
  value: string,
  to: IsoTime,
  context: ScheduleContext,
  grammar: Grammar,
): ParsedSchedule {
  const parsed = parseTag(value, grammar, context);
  const holidays = parsed.kind === 'schedule' ? parsed.schedule.holidays : undefined;
  const ended = holidays && runOut(holidays, to);
  return ended === undefined ? parsed : { kind: 'invalid', error: ended };
}
