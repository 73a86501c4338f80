import type { ClusterSpec, DatabaseSpec } from './database-spec.ts';
import type { Run } from './fleet.ts';
import { placesOf, type WorldFile } from './world.ts';

/** A database or a cluster of the sample world; its tags and runs change as it is tagged, stopped and started. */
export type Sampled<Spec> = {
  account: string;
  region: string;
  spec: Spec;
  tags: Record<string, string>;
  /** Of a member, its cluster's. */
  runs: Run[];
};

export type Databases = { instances: Sampled<DatabaseSpec>[]; clusters: Sampled<ClusterSpec>[] };

const minute = 60_000;
const stoppingFor = 4 * minute;
const startingFor = 6 * minute;
/** AWS starts what has been stopped for so long. */
const stoppedAtMost = 7 * 86_400_000;

/** The databases of a world file, as they are before anybody touches them. */
export function createDatabases({ accounts, databases }: WorldFile): Databases {
  const ids = new Map(accounts.map(({ name, id }) => [name, id]));
  const all: Databases = { instances: [], clusters: [] };
  for (const { account: name, region, here } of placesOf(databases)) {
    const account = ids.get(name) ?? name;
    const clusters = here.clusters.map((spec) => sampled(account, region, spec, [{ from: spec.created }]));
    all.clusters.push(...clusters);
    for (const spec of here.instances) {
      const own = clusters.find(({ spec: { id } }) => id === spec.cluster);
      all.instances.push(sampled(account, region, spec, own?.runs ?? [{ from: spec.created }]));
    }
  }
  return all;
}

const sampled = <Spec extends { tags: Readonly<Record<string, string>> }>(
  account: string,
  region: string,
  spec: Spec,
  runs: Run[],
): Sampled<Spec> => ({ account, region, spec, tags: { ...spec.tags }, runs });

/** Its status at `now`, in RDS's words; absent before it was created. */
export function statusAt({ runs }: Pick<Sampled<unknown>, 'runs'>, now: number): string | undefined {
  const run = runs.findLast(({ from }) => from <= now);
  if (run === undefined) return undefined;
  if (run.to === undefined || now < run.to) {
    const isFirst = run === runs[0];
    return !isFirst && now - run.from < startingFor ? 'starting' : 'available';
  }
  if (now - run.to >= stoppedAtMost) {
    runs.push({ from: run.to + stoppedAtMost });
    return statusAt({ runs }, now);
  }
  return now - run.to < stoppingFor ? 'stopping' : 'stopped';
}

export function stopAt({ runs }: Pick<Sampled<unknown>, 'runs'>, now: number): void {
  const run = runs.at(-1);
  if (run) run.to = now;
}

export const startAt = ({ runs }: Pick<Sampled<unknown>, 'runs'>, now: number): void =>
  void runs.push({ from: now });
