import type { Resource } from '../shared/compute/resource.ts';
import type { DeviceHours, Evidence } from '../shared/watch/evidence.ts';
import type { ObservedRow, UtilizationResult } from '../shared/watch/utilization.ts';
import { InputError } from './input-error.ts';
import { printable } from './terminal.ts';

/** A resource as `utilization` lists it: with its devices' last day, hour by hour, where that was read. */
export type Viewed = ObservedRow & { courses?: readonly DeviceHours[] | undefined };

/** What was found in one account and region. */
export type ViewedTarget = Pick<
  UtilizationResult,
  'account' | 'accountName' | 'region' | 'waste' | 'gaps'
> & {
  observations: readonly Viewed[];
};

/** What was measured of an instance, what its devices are called, and up to where traffic is silence, bytes a second. */
export type ViewedEvidence = Evidence & { noun: string; silentTraffic: number };

/** A resource and where it is; several observations where more than one thing is wrong with it. */
export type Found = { target: ViewedTarget; resource: Resource; observations: readonly Viewed[] };

/**
 * The resource that a person means by its id, its name, or the beginning of either. Throws an InputError where there is
 * none, or several.
 */
export function findResource(targets: readonly ViewedTarget[], query: string): Found {
  const found = findNamed(targets.flatMap(resourcesOf), query, ({ resource }) => resource);
  const [first, ...others] = found;
  if (first === undefined) {
    throw new InputError(
      `no resource is called "${printable(query)}": "watchdog utilization" lists them all`,
    );
  }
  if (others.length > 0)
    throw new InputError(`"${printable(query)}" may be any of ${found.map(placeText).join('; ')}`);
  return first;
}

/** What is called so by its id or its name, or else those of which either begins so. */
export function findNamed<Item>(
  items: readonly Item[],
  query: string,
  namesOf: (item: Item) => { id: string; name: string },
): Item[] {
  if (query === '') return [];
  const having = (isMeant: (name: string) => boolean) =>
    items.filter((item) => {
      const { id, name } = namesOf(item);
      return isMeant(id) || isMeant(name);
    });
  const exact = having((name) => name === query);
  return exact.length > 0 ? exact : having((name) => name.startsWith(query));
}

function resourcesOf(target: ViewedTarget): Found[] {
  const groups = Map.groupBy(target.observations, ({ resource: { kind, id } }) => `${kind}#${id}`);
  return [...groups.values()].flatMap((observations) => {
    const resource = observations[0]?.resource;
    return resource === undefined ? [] : [{ target, resource, observations }];
  });
}

const placeText = ({ resource: { name, id, kind }, target: { account, region } }: Found): string =>
  printable(`${name === id ? id : `${name} (${id})`}, ${kind} in ${account} ${region}`);
