import type { Finding, Observation } from '../compute/finding.ts';
import type { ResourceKind } from '../compute/resource.ts';
import type { Config } from '../config.ts';
import type { IsoTime } from '../period.ts';
import type { Table } from '../store/table.ts';
import type { Target } from '../target.ts';
import type { TargetClients } from './target-clients.ts';

/** What a look at one part of a target rests on. */
export type Watched = {
  clients: TargetClients;
  /** Absent where no stack is deployed: then nothing is remembered of earlier looks. */
  table?: Table | undefined;
  target: Target;
  config: Config;
  now: IsoTime;
  /** The findings that are open, as far as anybody remembers them. */
  open: readonly Finding[];
  /** Whoever only looks keeps nothing in the table. */
  readOnly?: boolean | undefined;
};

/** What couldn't be read, and why, for people: `the CloudWatch namespace CWAgent`, `No permission for ...`. */
export type Gap = { what: string; why: string };

/** What was found in one part of a target. */
export type Observed = {
  observations: readonly Observation[];
  /** Kinds of which every resource was listed: one that isn't among them any more is gone. */
  complete: readonly ResourceKind[];
  gaps: readonly Gap[];
};

/** Looks at one part of a target. What it can't read is a gap; it throws only where nothing at all could be read. */
export type Observer = (watched: Watched) => Promise<Observed>;
