import { openSpans, type Span, spanAround } from './hours.ts';
import type { Meaning } from './schedules.ts';

export const minute = 60_000;
export const hour = 60 * minute;

/** From start to stop; absent while it lasts. Who started and who ended it, in truth. */
export type Run = { from: number; to?: number; by: 'person' | 'watchdog'; endedBy?: 'person' | 'watchdog' };

/** Why it may never be stopped, whatever its tag says. */
export type Protection =
  | 'production'
  | 'auto-scaling'
  | 'managed'
  | 'one-time-spot'
  | 'capacity-block'
  | 'instance-store-root'
  | 'local-disk'
  | 'stop-protection';

/** One simulated instance, and all that is really so of it, whether anybody can see it or not. */
export type Machine = {
  id: string;
  type: 'm6i.xlarge' | 'm5d.large' | 'p3.2xlarge' | 'p3.8xlarge';
  tags: Record<string, string>;
  /** What its schedule tag is meant to say. */
  meaning: Meaning;
  /** When it may run by that, and when the tag was set. */
  open: readonly Span[];
  taggedAt: number;
  protection?: Protection | undefined;
  canHibernate: boolean;
  /** Its devices' memory is never given back while it is up: a notebook that nobody closes. */
  holdsMemory: boolean;
  runs: Run[];
  terminatedAt?: number;
  /** When it was at work, and on what. */
  work: (Span & { on: 'cpu' | 'gpu' })[];
  /** When its agent was dead. */
  silent: Span[];
  /** Until when somebody keeps it by a tag; infinity where the tag can't be read. */
  keptUntil: number;
  /** When that tag changed. */
  keptAt: number;
  /** When somebody who was warned asked for its stop. */
  askedAt?: number;
  /** When AWS refused to stop or start it. */
  refusedAt: number;
  seed: number;
};

export const gpusOf = ({ type }: Machine): number =>
  ({ 'p3.2xlarge': 1, 'p3.8xlarge': 4 })[type as string] ?? 0;

/** For so long an instance is `pending` or `stopping`. */
const transition = 45_000;

export const lastRun = ({ runs }: Machine): Run | undefined => runs.at(-1);

export type MachineState = 'pending' | 'running' | 'stopping' | 'stopped' | 'terminated';

/** Undefined where EC2 doesn't list it any more. */
export function stateOf(machine: Machine, now: number): MachineState | undefined {
  if (machine.terminatedAt !== undefined) {
    return now - machine.terminatedAt < hour ? 'terminated' : undefined;
  }
  const run = lastRun(machine);
  if (!run) return undefined;
  if (run.to === undefined) return now - run.from < transition ? 'pending' : 'running';
  return now - run.to < transition ? 'stopping' : 'stopped';
}

/** Ends the run that is on, and the work with it. */
export function stop(machine: Machine, at: number, endedBy: 'person' | 'watchdog'): void {
  const run = lastRun(machine);
  if (!run || run.to !== undefined) return;
  run.to = at;
  run.endedBy = endedBy;
  for (const work of machine.work) work.to = Math.min(work.to, at);
}

export function start(machine: Machine, at: number, by: 'person' | 'watchdog'): void {
  machine.runs = [...machine.runs.slice(-5), { from: at, by }];
}

/** Gives it a schedule tag that means this from now on. */
export function giveHours(machine: Machine, meaning: Meaning, at: number, until: number): void {
  machine.meaning = meaning;
  machine.taggedAt = at;
  machine.open = meaning.kind === 'hours' ? openSpans(meaning, at, until) : [];
}

/** The span of its hours, open or closed, around a time. */
export const spanOf = ({ open }: Machine, at: number): { open: boolean } & Span => spanAround(open, at);

/** Whether it did any work in that span, or any on that. */
export const workedIn = ({ work }: Machine, from: number, to: number, on?: 'cpu' | 'gpu'): boolean =>
  work.some((one) => one.from < to && one.to > from && (on ?? one.on) === one.on);

/** Share of a span in which it was at work on that. */
export function workShare({ work }: Machine, on: 'cpu' | 'gpu', from: number, to: number): number {
  const worked = work
    .filter((one) => one.on === on)
    .reduce((sum, one) => sum + Math.max(0, Math.min(one.to, to) - Math.max(one.from, from)), 0);
  return Math.min(1, worked / (to - from));
}

/** For how long it must have done nothing: what holds memory for longer. Minutes. */
export const idleMinutes = (machine: Machine, loadedWindow: number): number => {
  const { meaning } = machine;
  const idle = meaning.kind === 'hours' ? meaning.idle : 0;
  return machine.holdsMemory ? Math.max(idle, loadedWindow) : idle;
};

/** Forgets what is too long ago to matter. */
export function forget(machine: Machine, before: number): void {
  machine.work = machine.work.filter(({ to }) => to >= before);
  machine.silent = machine.silent.filter(({ to }) => to >= before);
}
