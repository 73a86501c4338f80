import { type Fleet, launchLike, type Member, stateOf, terminateMember } from './fleet.ts';
import { hexOf } from './noise.ts';
import type { ScalingGroupSpec } from './scaling-group-spec.ts';
import { placesOf, type WorldFile } from './world.ts';

/** An Auto Scaling group of the sample world; its sizes and tags change as it is scaled and tagged. */
export type ScalingGroup = {
  account: string;
  region: string;
  spec: ScalingGroupSpec;
  tags: Record<string, string>;
  min: number;
  max: number;
  desired: number;
  /** Instances launched so far. */
  launches: number;
};

const memberTag = 'aws:autoscaling:groupName';

export function createScalingGroups({ accounts, scalingGroups }: WorldFile): ScalingGroup[] {
  const ids = new Map(accounts.map(({ name, id }) => [name, id]));
  return placesOf(scalingGroups).flatMap(({ account, region, here }) =>
    here.map((spec) => ({
      account: ids.get(account) ?? account,
      region,
      spec,
      tags: { ...spec.tags },
      min: spec.min,
      max: spec.max,
      desired: spec.desired,
      launches: 0,
    })),
  );
}

/** Its members as they are at `now`, those on their way out among them. */
export const membersAt = ({ members }: Fleet, group: ScalingGroup, now: number): Member[] =>
  ownOf(members, group).filter((member) => {
    const state = stateOf(member, now);
    return state !== undefined && state !== 'terminated';
  });

const ownOf = (members: readonly Member[], { account, region, spec }: ScalingGroup): Member[] =>
  members.filter(
    (member) =>
      member.account === account && member.region === region && member.tags[memberTag] === spec.name,
  );

/** Terminates the members that are too many, or launches the ones that are missing, each like the first it ever had. */
export function settleGroup(fleet: Fleet, group: ScalingGroup, now: number): void {
  const up = membersAt(fleet, group, now).filter((member) => stateOf(member, now) !== 'shutting-down');
  for (const member of up.slice(group.desired)) terminateMember(member, now);
  const [first] = ownOf(fleet.members, group);
  for (let count = up.length; first && count < group.desired; count++) {
    group.launches += 1;
    launchLike(fleet, first, `i-${hexOf(`${group.spec.name} ${group.launches}`, 17)}`, now);
  }
}
