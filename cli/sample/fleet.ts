import type { InstanceState } from '../../shared/compute/instance.ts';
import { hexOf, noise, seedOf } from './noise.ts';
import type { InstanceSpec, InstanceTypeSpec, WorldFile } from './world.ts';

/** From start (inclusive) to end (exclusive, absent while it lasts), epoch milliseconds. */
export type Run = { from: number; to?: number };

/** One instance of the sample world; its tags and runs change as it is tagged, stopped and started. */
export type Member = {
  account: string;
  region: string;
  spec: InstanceSpec;
  facts: InstanceTypeSpec;
  reservationId: string;
  tags: Record<string, string>;
  runs: Run[];
  /** Who ended the last run, as EC2 puts it. */
  endedBy: string;
  seed: number;
};

export type Fleet = {
  members: readonly Member[];
  byId: ReadonlyMap<string, Member>;
  /** By account id and region, see `placeOf`. */
  byPlace: ReadonlyMap<string, readonly Member[]>;
};

const transition = 45_000; // milliseconds for which an instance is `pending`, `stopping` or `shutting-down`
const listedAfterTermination = 3_600_000;
const day = 86_400_000;

export const placeOf = (account: string, region: string): string => `${account}/${region}`;

/** The instances of a world file, as they are before anybody touches them. */
export function createFleet({ accounts, instances, types }: WorldFile): Fleet {
  const ids = new Map(accounts.map(({ name, id }) => [name, id]));
  const members = Object.entries(instances).flatMap(([name, byRegion]) =>
    Object.entries(byRegion).flatMap(([region, specs]) =>
      specs.flatMap((spec) => {
        const [account, facts] = [ids.get(name), types[spec.type]];
        return account && facts ? [createMember(account, region, spec, facts)] : [];
      }),
    ),
  );
  return {
    members,
    byId: new Map(members.map((member) => [member.spec.id, member])),
    byPlace: Map.groupBy(members, ({ account, region }) => placeOf(account, region)),
  };
}

function createMember(account: string, region: string, spec: InstanceSpec, facts: InstanceTypeSpec): Member {
  const to = spec.terminated ?? spec.stopped;
  return {
    account,
    region,
    spec,
    facts,
    reservationId: spec.reservation ?? `r-${hexOf(spec.id, 17)}`,
    tags: { ...(spec.name !== undefined && { Name: spec.name }), ...spec.tags },
    runs: [...measuredRuns(spec), { from: spec.launched, ...(to !== undefined && { to }) }],
    endedBy: 'User initiated',
    seed: seedOf(spec.id),
  };
}

/** The run before the present launch, of what ran around the clock and was measured then. */
const measuredRuns = ({ history, launched }: InstanceSpec): Run[] =>
  history?.measured ? [{ from: Date.parse(history.since), to: launched }] : [];

/** The run that is on at `now`, or else the last one before; absent before the first launch. */
export const lastRun = ({ runs }: Member, now: number): Run | undefined =>
  runs.findLast(({ from }) => from <= now);

/** Its state at `now`; absent where EC2 doesn't list it: not launched yet, or terminated more than an hour ago. */
export function stateOf(member: Member, now: number): InstanceState | undefined {
  const run = lastRun(member, now);
  if (!run) return undefined;
  if (run.to === undefined || now < run.to) return now - run.from < transition ? 'pending' : 'running';
  const isTerminated = member.spec.terminated === run.to;
  if (now - run.to < transition) return isTerminated ? 'shutting-down' : 'stopping';
  if (!isTerminated) return 'stopped';
  return now - run.to < listedAfterTermination ? 'terminated' : undefined;
}

/** Ends the run that is on; an instance that doesn't run stays as it is. */
export function stopMember(member: Member, now: number): void {
  const run = lastRun(member, now);
  if (run && (run.to === undefined || run.to > now)) run.to = now;
}

export function startMember(member: Member, now: number): void {
  member.runs.push({ from: now });
}

/** Hours for which it ran between two points in time, its history before the present launch included. */
export function hoursRun({ spec, runs, seed }: Member, from: number, to: number): number {
  const ran = runs.reduce(
    (sum, run) => sum + overlap(run.from, run.to ?? Number.POSITIVE_INFINITY, from, to),
    0,
  );
  return ran / 3_600_000 + hoursBefore(spec, seed, from, to);
}

/** By its history: on the day of the launch only what never stops ran before it. */
function hoursBefore({ history, launched }: InstanceSpec, seed: number, from: number, to: number): number {
  if (!history || history.measured || from < Date.parse(history.since) || from >= launched) return 0;
  const weekday = new Date(from).getUTCDay();
  const hours = weekday === 0 || weekday === 6 ? history.weekend : history.weekday;
  if (hours === 24) return overlap(from, to, from, launched) / 3_600_000;
  const date = Math.floor(from / day);
  return date === Math.floor(launched / day)
    ? 0
    : Math.min(1, (to - from) / day) * jittered(hours, seed, date);
}

/** People don't come and go on the minute. */
const jittered = (hours: number, seed: number, date: number): number =>
  Math.min(24, hours * (0.9 + 0.2 * noise(seed, date)));

export const overlap = (from: number, to: number, start: number, end: number): number =>
  Math.max(0, Math.min(to, end) - Math.max(from, start));

/** The address by which the agent on the instance knows its host. */
export const privateDnsName = ({ spec, seed, region }: Member): string =>
  spec.host ?? `ip-10-${seed & 255}-${(seed >> 8) & 255}-${(seed >> 16) & 255}.${region}.compute.internal`;
