import { attribute } from '../allocation/owner.ts';
import type { Instance } from '../compute/instance.ts';
import { type Decision, type DecisionInput, decide } from './decision.ts';
import { readSchedule } from './gates.ts';

// Not exported: nobody else can make a value that carries it, so nothing is stopped that did not come through here.
const cleared: unique symbol = Symbol('cleared');

/** An instance that may be stopped now. */
export type ClearedStop = {
  instance: Instance;
  /** It is to hibernate, and can. */
  hibernate: boolean;
  decision: Decision;
  readonly [cleared]: 'stop';
};

/** An instance that may be started now. */
export type ClearedStart = { instance: Instance; decision: Decision; readonly [cleared]: 'start' };

/** The go-ahead, or the decision that takes its place. */
export type Clearance<Cleared> = { cleared: Cleared } | { refused: Decision };

/** What the first decision rested on. What is read off the tags is read again, and so is not part of it. */
export type ClearanceInput = Omit<DecisionInput, 'instance' | 'parsed' | 'attribution'>;

/**
 * The last gate before StopInstances: decides again, by the instance as it is described now, after the grace period.
 * A tag that was removed or changed since, a keep-until that was set, a restart: each of them keeps it.
 */
export function clearForStop(
  decision: Decision,
  fresh: Instance,
  input: ClearanceInput,
): Clearance<ClearedStop> {
  const again = decideAgain(decision, 'stop', fresh, input);
  if (again.action !== 'stop') return { refused: again };
  const parsed = readSchedule(fresh.tags, input.policy);
  const wished = parsed?.kind === 'schedule' && parsed.schedule.hibernate;
  return {
    cleared: {
      instance: fresh,
      hibernate: wished && fresh.hibernationConfigured,
      decision: again,
      [cleared]: 'stop',
    },
  };
}

/** The last gate before StartInstances, as careful as the one before a stop. */
export function clearForStart(
  decision: Decision,
  fresh: Instance,
  input: ClearanceInput,
): Clearance<ClearedStart> {
  const again = decideAgain(decision, 'start', fresh, input);
  if (again.action !== 'start') return { refused: again };
  return { cleared: { instance: fresh, decision: again, [cleared]: 'start' } };
}

function decideAgain(
  decision: Decision,
  action: 'stop' | 'start',
  fresh: Instance,
  input: ClearanceInput,
): Decision {
  if (decision.action !== action) return decision;
  return decide({
    ...input,
    instance: fresh,
    parsed: readSchedule(fresh.tags, input.policy),
    attribution: attribute(fresh.tags, input.policy.tags),
  });
}
