/** The tag keys that say whose a resource is; for each the first one that is set wins. */
export type OwnerKeys = {
  owner: readonly string[];
  team: readonly string[];
  project: readonly string[];
  model: readonly string[];
  environment: readonly string[];
  workload: readonly string[];
};

export type Attribution = { [Key in keyof OwnerKeys]?: string };

// By name, and not by whatever else the keys may hold: the tags of the configuration hold other keys as well.
const names = ['owner', 'team', 'project', 'model', 'environment', 'workload'] as const;

/** Whose a resource is, by its tags; what no tag says is absent. */
export function attribute(tags: Readonly<Record<string, string>>, keys: OwnerKeys): Attribution {
  const found = names.flatMap((name) => {
    const value = keys[name].map((key) => tags[key]?.trim()).find(Boolean);
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(found);
}

/** Who to tell: the owner, else the team; absent where neither is tagged. */
export const ownerOf = ({ owner, team }: Attribution): string | undefined => owner ?? team;
