import { hexOf, noise, seedOf } from './noise.ts';
import { parseWorld, readSampleWorld, type WorldDocument, type WorldFile } from './world.ts';

/** How large a world to make, and how much of it is at work. */
export type WorldSize = {
  instances: number;
  /** Share of the instances that are at work, 0 to 1; default a third. */
  busy?: number;
  /** How many targets (account and region) they are spread over, 1 to 6; default all 6. */
  targets?: number;
};

type Place = { account: string; region: string };
type Generated = NonNullable<WorldDocument['instances']>[string][string][number];

const kinds = ['g4dn.xlarge', 'g5.xlarge', 'g5.2xlarge', 'm6i.xlarge', 'g5.12xlarge'];

/**
 * A world of any size with the accounts, regions and types of the sample: dev instances with GPU and without, evenly
 * over its targets, all opted in to office hours. The same size makes the same world.
 */
export function generateWorld({ instances, busy = 1 / 3, targets = 6 }: WorldSize): WorldFile {
  const { now, accounts, regions, costAllocationTags, types } = readSampleWorld();
  const places = accounts
    .flatMap(({ name }) => Object.keys(regions).map((region): Place => ({ account: name, region })))
    .slice(0, targets);
  const made = Array.from({ length: instances }, (_, index) => generated(index, busy));
  const members: WorldDocument['instances'] = {};
  for (const [turn, { account, region }] of places.entries()) {
    const here = made.filter((_, index) => index % places.length === turn);
    members[account] = { ...members[account], [region]: here };
  }
  return parseWorld({ now, accounts, regions, costAllocationTags, types, instances: members });
}

function generated(index: number, busy: number): Generated {
  const id = `i-${hexOf(`generated ${index}`, 17)}`;
  const isBusy = noise(seedOf(id), 1) < busy;
  return {
    id,
    type: kinds[index % kinds.length] ?? 'm6i.xlarge',
    name: `dev-${index}`,
    tags: {
      team: `team-${index % 40}`,
      'auto-stop': 'Mon-Fri 08:00-19:00 Europe/Berlin',
      'auto-stop:instance-store': 'discard',
    },
    launched: '2026-11-16T07:00:00Z',
    gpu: isBusy ? 80 : 0,
    cpu: isBusy ? 40 : 1,
  };
}
