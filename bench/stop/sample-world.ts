import { EC2Client } from '@aws-sdk/client-ec2';
import type { Pluggable } from '@smithy/types';
import { openSampleAccount, readSampleConfig } from '../../cli/sample/account.ts';
import { generateWorld } from '../../cli/sample/generate.ts';
import type { WorldFile } from '../../cli/sample/world.ts';
import { addClientPlugin, createClient } from '../../shared/aws/client.ts';
import { scopeFor } from '../../shared/aws/sts.ts';
import { parseConfig } from '../../shared/config.ts';
import { homeOf, targetsOf } from '../../shared/target.ts';
import { type Bad, pickBad } from './bad.ts';
import type { World } from './world.ts';

type Spec = WorldFile['instances'][string][string][number];

const now = '2026-11-16T18:05:00Z';

/** The sample account in this process, with so many instances due, a share of them bad, and a tenth as many others. */
export async function openSampleWorld(instances: number, share: number): Promise<World> {
  const made = generateWorld({ instances: Math.round(instances * 1.1), targets: 1 });
  const all = Object.values(made.instances).flatMap((regions) => Object.values(regions).flat());
  const due = all.slice(0, instances).map(({ id }) => id);
  const bad = pickBad(due, share);
  const removePlugin = addClientPlugin(
    hidingIds(new Set(bad.flatMap(({ id, named }) => (named ? [] : [id])))),
  );
  const sample = await openSampleAccount({ now, world: spoilt(made, bad) });
  const [target] = targetsOf(parseConfig(readSampleConfig()), homeOf(process.env));
  if (!target) throw new Error('The sample account has no target.');
  return {
    client: createClient(EC2Client, scopeFor(target)),
    due,
    bad,
    down: async () =>
      sample
        .instances()
        .flatMap(({ instanceId, state }) =>
          state === 'stopping' || state === 'stopped' ? [instanceId] : [],
        ),
    close: async () => {
      await sample.close();
      removePlugin();
    },
  };
}

function spoilt(world: WorldFile, bad: readonly Bad[]): WorldFile {
  const kinds = new Map(bad.map(({ id, kind }) => [id, kind]));
  const spoil = (spec: Spec): Spec => ({ ...spec, ...flaws(kinds.get(spec.id), spec.id) });
  const instances = Object.fromEntries(
    Object.entries(world.instances).map(([account, regions]) => [
      account,
      Object.fromEntries(Object.entries(regions).map(([region, specs]) => [region, specs.map(spoil)])),
    ]),
  );
  return { ...world, instances };
}

function flaws(kind: Bad['kind'] | undefined, id: string): Partial<Spec> {
  const at = Date.parse(now);
  if (kind === 'protected') return { stopProtection: true };
  if (kind === 'one-time spot') {
    return { lifecycle: 'spot', spotRequest: { id: id.replace('i-', 'sir-'), type: 'one-time' } };
  }
  if (kind === 'terminated') return { terminated: at - 600_000 };
  return kind === 'pending' ? { launched: at - 10_000 } : {};
}

/** Leaves the id out of errors about some instances, as EC2 does now and then. */
const hidingIds = (hidden: ReadonlySet<string>): Pluggable<object, object> => ({
  applyToStack: (stack) =>
    stack.add(
      (next) => async (args) => {
        try {
          return await next(args);
        } catch (error) {
          if (error instanceof Error && isAbout(hidden, error.message)) {
            error.message = "One of the instances can't be stopped.";
          }
          throw error;
        }
      },
      { step: 'initialize', name: 'hideIds' },
    ),
});

const isAbout = (ids: ReadonlySet<string>, message: string): boolean =>
  message.match(/\bi-[0-9a-f]+\b/g)?.some((id) => ids.has(id)) ?? false;
