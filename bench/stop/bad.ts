import { noise, seedOf } from '../../cli/sample/noise.ts';

/** Why an instance can't be stopped, though it was due. */
const badKinds = ['protected', 'one-time spot', 'terminated', 'pending'] as const;

type BadKind = (typeof badKinds)[number];

export type Bad = { id: string; kind: BadKind /** Whether EC2's error names it. */; named: boolean };

/**
 * A share of the instances that can't be stopped, strewn over all of them: of each kind as many, and of each half as many
 * that are named. Of two shares the smaller is a part of the larger.
 */
export const pickBad = (ids: readonly string[], share: number): Bad[] =>
  ids
    .toSorted((a, b) => noise(seedOf(a), 5) - noise(seedOf(b), 5))
    .slice(0, Math.round(share * ids.length))
    .map((id, index) => ({
      id,
      kind: badKinds[index % badKinds.length] ?? 'protected',
      named: Math.floor(index / badKinds.length) % 2 === 0,
    }));
