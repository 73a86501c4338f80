import { EC2Client, StartInstancesCommand, TerminateInstancesCommand } from '@aws-sdk/client-ec2';
import { createClient } from '../../shared/aws/client.ts';
import { getInstances } from '../../shared/aws/ec2.ts';
import { scopeFor } from '../../shared/aws/sts.ts';
import { inBatches } from '../../shared/batches.ts';
import { emptyEmulator, launchMany, mlDevIreland } from '../../test/emulator/emulator.ts';
import { type Fault, startFaultProxy } from '../../test/emulator/fault-proxy.ts';
import { type Bad, pickBad } from './bad.ts';
import type { World } from './world.ts';

const codes = {
  protected: 'OperationNotPermitted',
  'one-time spot': 'UnsupportedOperation',
  terminated: 'IncorrectInstanceState',
  pending: 'IncorrectInstanceState',
} as const satisfies Record<Bad['kind'], Fault['code']>;

/**
 * An emulator with so many instances that may be due, and a tenth as many others. What opens one world after the other of
 * them, each with all of them up but those that were terminated: so a larger share has to come after a smaller.
 */
export async function launchEmulated(emulator: string, instances: number) {
  await emptyEmulator();
  const all: string[] = [];
  for (const { length } of inBatches(Array.from({ length: Math.round(instances * 1.1) }), 500)) {
    all.push(...(await launchMany(mlDevIreland, 'm5.large', length)));
  }
  const due = all.slice(0, instances);
  const direct = createClient(EC2Client, scopeFor(mlDevIreland));
  const inState = async (state: 'stopped') =>
    (await getInstances(direct, mlDevIreland, { states: [state] })).map(({ instanceId }) => instanceId);
  return async (share: number): Promise<World> => {
    const bad = pickBad(due, share);
    const stopped = await inState('stopped');
    if (stopped.length > 0) await direct.send(new StartInstancesCommand({ InstanceIds: stopped }));
    const over = bad.flatMap(({ id, kind }) => (kind === 'terminated' ? [id] : []));
    if (over.length > 0) await direct.send(new TerminateInstancesCommand({ InstanceIds: over }));
    const proxy = await startFaultProxy(emulator);
    proxy.setFaults(bad.map(({ id, kind, named }) => ({ code: codes[kind], ids: new Set([id]), named })));
    return {
      client: createClient(EC2Client, scopeFor(mlDevIreland)),
      due,
      bad,
      down: () => inState('stopped'),
      close: proxy.close,
    };
  };
}
