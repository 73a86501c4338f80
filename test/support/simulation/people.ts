import { toTime } from '../../../shared/period.ts';
import type { Luck } from './luck.ts';
import {
  giveHours,
  gpusOf,
  hour,
  lastRun,
  type Machine,
  minute,
  type Protection,
  start,
  stateOf,
  stop,
} from './machine.ts';
import { type TagValue, tagValues } from './schedules.ts';

const protections: readonly Protection[] = [
  'production',
  'auto-scaling',
  'managed',
  'one-time-spot',
  'capacity-block',
  'instance-store-root',
  'local-disk',
  'stop-protection',
];

const types = ['m6i.xlarge', 'm6i.xlarge', 'p3.2xlarge', 'p3.8xlarge'] as const;

/** A new instance, launched at that time, its hours known until `until`. */
export function launchMachine(luck: Luck, number: number, at: number, until: number): Machine {
  const protection = luck.oneIn(7) ? luck.pick(protections) : undefined;
  const type = protection === 'local-disk' ? 'm5d.large' : luck.pick(types);
  const machine: Machine = {
    id: `i-${String(number).padStart(17, '0')}`,
    type,
    tags: { ...(!luck.oneIn(12) && { owner: `owner-${luck.between(1, 12)}` }) },
    meaning: { kind: 'never' },
    open: [],
    taggedAt: at,
    protection,
    canHibernate: luck.oneIn(3),
    holdsMemory: type.startsWith('p3') && luck.oneIn(5),
    runs: [{ from: at, by: 'person' }],
    work: [],
    silent: [],
    keptUntil: 0,
    keptAt: 0,
    refusedAt: 0,
    seed: number,
  };
  if (protection === 'production') machine.tags['Environment'] = 'Production';
  if (protection === 'auto-scaling') machine.tags['aws:autoscaling:groupName'] = 'training';
  if (!luck.oneIn(15)) retag(machine, luck.pick(tagValues), at, until);
  return machine;
}

export function retag(machine: Machine, { value, meaning }: TagValue, at: number, until: number): void {
  machine.tags['auto-stop'] = value;
  // Two keys that differ only in case are no schedule at all.
  giveHours(machine, 'Auto-Stop' in machine.tags ? { kind: 'never' } : meaning, at, until);
}

export function untag(machine: Machine, at: number): void {
  delete machine.tags['auto-stop'];
  giveHours(machine, { kind: 'never' }, at, at);
}

function doubleTag(machine: Machine, at: number): void {
  machine.tags['Auto-Stop'] = 'office-hours';
  giveHours(machine, { kind: 'never' }, at, at);
}

export function keepUntil(machine: Machine, at: number, until: number): void {
  machine.keptAt = at;
  machine.keptUntil = until;
  machine.tags['auto-stop:keep-until'] = Number.isFinite(until) ? toTime(until) : 'tomorrow';
}

function letGo(machine: Machine, at: number): void {
  if (machine.tags['auto-stop:keep-until'] === undefined) return;
  delete machine.tags['auto-stop:keep-until'];
  machine.keptUntil = 0;
  machine.keptAt = at;
}

type Happening = {
  /** Once in so many hours, to each of whom it can happen to. */
  everyHours: number;
  canHappen?: (machine: Machine, at: number) => boolean;
  happen: (machine: Machine, at: number, luck: Luck, until: number) => void;
};

const isUp = (machine: Machine, at: number): boolean => stateOf(machine, at) === 'running';
const isDown = (machine: Machine, at: number): boolean => stateOf(machine, at) === 'stopped';
const isAtWork = ({ work }: Machine, at: number): boolean =>
  work.some(({ from, to }) => from <= at && to > at);

const happenings: readonly Happening[] = [
  {
    everyHours: 5,
    canHappen: (machine, at) => isUp(machine, at) && !isAtWork(machine, at),
    happen: (machine, at, luck) => {
      const on = gpusOf(machine) > 0 && luck.oneIn(2) ? 'gpu' : 'cpu';
      const from = Math.ceil(at / minute) * minute;
      machine.work.push({ from, to: from + luck.between(2, luck.pick([20, 60, 400])) * minute, on });
    },
  },
  { everyHours: 9, canHappen: isDown, happen: (machine, at) => start(machine, at, 'person') },
  { everyHours: 30, canHappen: isUp, happen: (machine, at) => stop(machine, at, 'person') },
  {
    everyHours: 24 * 40,
    happen: (machine, at) => {
      stop(machine, at, 'person');
      machine.terminatedAt ??= at;
    },
  },
  {
    everyHours: 24 * 5,
    happen: (machine, at, luck, until) => retag(machine, luck.pick(tagValues), at, until),
  },
  { everyHours: 24 * 30, happen: (machine, at) => untag(machine, at) },
  { everyHours: 24 * 60, happen: (machine, at) => doubleTag(machine, at) },
  {
    everyHours: 24 * 4,
    happen: (machine, at, luck) =>
      keepUntil(machine, at, luck.oneIn(6) ? Number.POSITIVE_INFINITY : at + luck.between(1, 30) * hour),
  },
  { everyHours: 24, happen: (machine, at) => letGo(machine, at) },
  {
    everyHours: 24 * 6,
    canHappen: (machine) => gpusOf(machine) > 0,
    happen: (machine, at, luck) =>
      void machine.silent.push({ from: at, to: at + luck.between(10, 600) * minute }),
  },
];

/** What people do to one machine between two sweeps, and the machine to itself: at any second, one thing at most. */
export function live(machine: Machine, from: number, to: number, luck: Luck, until: number): void {
  if (machine.terminatedAt !== undefined) return;
  const happening = luck.pick(happenings);
  const share = ((to - from) / hour) * happenings.length;
  if (!luck.oneIn(Math.max(1, happening.everyHours / share))) return;
  const since = lastRun(machine)?.from ?? 0;
  const at = Math.max(since + minute, from + luck.between(1, Math.floor((to - from) / 1000)) * 1000);
  if (at > to || (happening.canHappen && !happening.canHappen(machine, at))) return;
  happening.happen(machine, at, luck, until);
}
