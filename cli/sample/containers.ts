import type { EcsSpec, EksSpec, NodegroupSpec, ServiceSpec } from './container-spec.ts';
import { type Fleet, launchLike, type Member, placeOf, type Run, stateOf, terminateMember } from './fleet.ts';
import { hexOf } from './noise.ts';

/** A service of the sample world; its tags, count and runs change as it is tagged, stopped and started. */
export type SampleService = {
  spec: ServiceSpec;
  tags: Record<string, string>;
  desired: number;
  runs: Run[];
};

/** The services of an account and region, as they are before anybody touches them. */
export const createEcs = ({ services }: EcsSpec): SampleService[] =>
  services.map((spec) => ({
    spec,
    tags: { ...spec.tags },
    desired: spec.desired,
    runs: spec.desired > 0 ? [{ from: spec.created }] : [],
  }));

/** Sets its count, and with it when its tasks run. */
export function setDesired(service: SampleService, desired: number, now: number): void {
  const run = service.runs.at(-1);
  const isUp = run !== undefined && run.to === undefined;
  if (isUp && desired === 0) run.to = now;
  if (!isUp && desired > 0) service.runs.push({ from: now });
  service.desired = desired;
}

/** Milliseconds until a task runs, or has ended. */
const transition = 45_000;

/** How many of its tasks run, and how many wait for that. */
export function tasksOf({ runs, desired }: SampleService, now: number): { running: number; pending: number } {
  const run = runs.at(-1);
  if (run === undefined) return { running: 0, pending: 0 };
  if (run.to !== undefined) return { running: now - run.to < transition ? 1 : 0, pending: 0 };
  return now - run.from < transition ? { running: 0, pending: desired } : { running: desired, pending: 0 };
}

/** A node group of the sample world. */
export type SampleNodegroup = {
  spec: NodegroupSpec;
  tags: Record<string, string>;
  sizes: { minSize: number; maxSize: number; desiredSize: number };
  /** When its sizes were set last. */
  updatedAt: number;
};

/** The node groups of an account and region, with as many nodes as the fleet has for them. */
export const createEks = (
  { nodegroups }: EksSpec,
  fleet: Fleet,
  place: { account: string; region: string },
): SampleNodegroup[] =>
  nodegroups.map((spec) => ({
    spec,
    tags: { ...spec.tags },
    sizes: {
      minSize: spec.min,
      maxSize: spec.max,
      desiredSize: membersOf(spec, fleet, place).filter(({ runs }) => runs.at(-1)?.to === undefined).length,
    },
    updatedAt: spec.created,
  }));

function membersOf(
  { cluster, name }: NodegroupSpec,
  { byPlace }: Fleet,
  { account, region }: { account: string; region: string },
): Member[] {
  return (byPlace.get(placeOf(account, region)) ?? []).filter(
    ({ tags }) => tags['eks:cluster-name'] === cluster && tags['eks:nodegroup-name'] === name,
  );
}

/** Sets its sizes, and terminates or launches nodes for them. */
export function setSizes(
  nodegroup: SampleNodegroup,
  sizes: SampleNodegroup['sizes'],
  { fleet, account, region, now }: { fleet: Fleet; account: string; region: string; now: number },
): void {
  const members = membersOf(nodegroup.spec, fleet, { account, region });
  const up = members.filter((member) => ['pending', 'running'].includes(stateOf(member, now) ?? ''));
  for (const member of up.slice(sizes.desiredSize)) terminateMember(member, now);
  const like = members.at(-1);
  for (let count = up.length; like && count < sizes.desiredSize; count += 1) {
    const { cluster, name } = nodegroup.spec;
    launchLike(fleet, like, `i-${hexOf(`${cluster}/${name} ${now} ${count}`, 17)}`, now);
  }
  nodegroup.sizes = sizes;
  nodegroup.updatedAt = now;
}

/** `UPDATING` for a while after its sizes were set. */
export const statusOf = ({ spec, updatedAt }: SampleNodegroup, now: number): string =>
  now - updatedAt < transition && updatedAt !== spec.created ? 'UPDATING' : spec.status;
