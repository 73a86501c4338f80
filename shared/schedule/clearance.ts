import { attribute } from '../allocation/owner.ts';
import { type Decision, type DecisionInput, decide, isStop } from './decision.ts';
import { readSchedule } from './gates.ts';
import type { Schedulable } from './schedulable.ts';

// Not exported: nobody else can make a value that carries it, so nothing is stopped that did not come through here.
const cleared: unique symbol = Symbol('cleared');

/** What may be stopped now. */
export type ClearedStop = {
  subject: Schedulable;
  /** It is to hibernate, and can. */
  hibernate: boolean;
  decision: Decision;
  readonly [cleared]: 'stop';
};

/** What may be started now. */
export type ClearedStart = {
  subject: Schedulable;
  decision: Decision;
  /** What the start gives back, as it was before the stop; undefined where nothing is known of it. */
  restore?: Schedulable['restore'];
  readonly [cleared]: 'start';
};

/** The go-ahead, or the decision that takes its place. */
export type Clearance<Cleared> = { cleared: Cleared } | { refused: Decision };

/** What the first decision rested on. What is read off the tags is read again, and so is not part of it. */
export type ClearanceInput = Omit<DecisionInput, 'subject' | 'parsed' | 'attribution'>;

/**
 * The last gate before a stop: decides again, by what AWS says of it now, after the grace period. A tag that was removed
 * or changed since, a keep-until that was set, a restart: each of them keeps it.
 */
export function clearForStop(
  decision: Decision,
  fresh: Schedulable,
  input: ClearanceInput,
): Clearance<ClearedStop> {
  if (!isStop(decision)) return { refused: decision };
  const again = decideAgain(fresh, input);
  if (!isStop(again)) return { refused: again };
  const hibernate = again.action === 'hibernate';
  return { cleared: { subject: fresh, hibernate, decision: again, [cleared]: 'stop' } };
}

/** The last gate before a start, as careful as the one before a stop. */
export function clearForStart(
  decision: Decision,
  fresh: Schedulable,
  input: ClearanceInput,
): Clearance<ClearedStart> {
  if (decision.action !== 'start') return { refused: decision };
  const again = decideAgain(fresh, input);
  if (again.action !== 'start') return { refused: again };
  const { restore } = input.record;
  return { cleared: { subject: fresh, decision: again, ...(restore && { restore }), [cleared]: 'start' } };
}

const decideAgain = (fresh: Schedulable, input: ClearanceInput): Decision =>
  decide({
    ...input,
    subject: fresh,
    parsed: readSchedule(fresh.tags, input.policy),
    attribution: attribute(fresh.tags, input.policy.tags),
  });
