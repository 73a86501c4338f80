import type { PowerOptions, PowerOutcome } from '../../aws/power.ts';
import type { Utilization } from '../../compute/utilization.ts';
import type { Config } from '../../config.ts';
import type { Usd } from '../../money.ts';
import type { IsoTime } from '../../period.ts';
import type { ClearedStart, ClearedStop } from '../../schedule/clearance.ts';
import type { ScheduleRecord } from '../../schedule/record.ts';
import type { Schedulable, SchedulableKind } from '../../schedule/schedulable.ts';
import type { Table } from '../../store/table.ts';
import type { Target } from '../../target.ts';
import type { InstanceClients } from '../instance-clients.ts';

/** What a kind works with, in one target and run; a service of its own it reaches by `clientFor`. */
export type KindContext = {
  clients: InstanceClients;
  /** Absent where no stack is deployed: then nothing is remembered of earlier runs. */
  table?: Table | undefined;
  target: Target;
  config: Config;
  now: IsoTime;
  /** Whoever only looks keeps nothing, not even a price that was looked up. */
  readOnly: boolean;
  /** What is remembered, by `schedulableKey`: what was deleted to stop it is known from there alone. */
  records: ReadonlyMap<string, ScheduleRecord>;
  /**
   * The ARNs of all that carries the schedule tag, by resource type as the tagging API names it (`rds:db`). Asked once a
   * run, so that a service with nothing to do costs no call of its own.
   */
  taggedArns: (resourceType: string) => Promise<readonly string[]>;
};

/** What was found of one kind in a target. All maps are by the ids of their kind. */
export type Listed = {
  /** Those that carry the schedule tag. */
  subjects: readonly Schedulable[];
  /** How many are up in the target, opted in or not; undefined where only those with the tag were listed. */
  running?: number | undefined;
  /** What each did in so many minutes before now; who is missing is unknown. */
  measure: (ids: readonly string[], minutes: number) => Promise<Map<string, Utilization>>;
  /** Dollars an hour at the price really paid, of all that it consists of; who is missing has an unknown price. */
  rates: () => Promise<Map<string, Usd>>;
};

/** Nothing of a kind carries the tag, and nobody asked its service. */
export const nothingListed: Listed = {
  subjects: [],
  measure: async () => new Map(),
  rates: async () => new Map(),
};

/**
 * One kind of thing that schedules turn off and on: an adapter to its service. What may be done with it is said by its
 * eligibility (`schedule/kinds/`), and decided where it is decided for all of them.
 */
export type Kind = {
  kind: SchedulableKind;
  /** What people call several of it, and the calls that list them. */
  what: string;
  list: (context: KindContext) => Promise<Listed>;
  /** What AWS says now of some of them, tags included, right before they are changed; who is gone is missing. */
  refresh: (context: KindContext, subjects: readonly Schedulable[]) => Promise<Schedulable[]>;
  /** The same, with what takes a call each to know: asked only of what is about to be warned. */
  confirm?: (context: KindContext, subjects: readonly Schedulable[]) => Promise<Schedulable[]>;
  stop: (
    context: KindContext,
    stops: readonly ClearedStop[],
    options: PowerOptions,
  ) => Promise<PowerOutcome[]>;
  start: (
    context: KindContext,
    starts: readonly ClearedStart[],
    options: PowerOptions,
  ) => Promise<PowerOutcome[]>;
};
