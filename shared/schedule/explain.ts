import type { IsoTime } from '../period.ts';
import type { ScheduleContext } from './schedule.ts';
import { parseScheduleTag } from './tag.ts';
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
): Explanation {
  const parsed = parseScheduleTag(value, context);
  if (parsed.kind === 'invalid') return { valid: false, error: parsed.error };
  // What is never touched may always run.
  if (parsed.kind === 'off') return { valid: true, initial: 'up', transitions: [] };
  return { valid: true, ...transitions(parsed.schedule, from, to) };
}
