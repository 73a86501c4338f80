import { type EC2Client, StopInstancesCommand } from '@aws-sdk/client-ec2';
import { type Clock, type Pace, pacedCall } from '../../shared/aws/paced-call.ts';
import { stopInstances } from '../../shared/aws/power.ts';
import { resetBuckets, sharedBucket } from '../../shared/aws/token-bucket.ts';
import { inBatches } from '../../shared/batches.ts';
import { clearedStops } from '../../test/support/cleared.ts';

/** Stops what is due as far as it gets; returns the ids that it takes for stopped. */
type Way = (client: EC2Client, due: readonly string[], clock: Clock) => Promise<string[]>;

/** Ours; and the naive ones, at the same rate of calls. */
export const ways: Readonly<Record<string, Way>> = {
  ours: async (client, due, clock) => {
    resetBuckets();
    const outcomes = await stopInstances(client, clearedStops(due), { clock });
    return outcomes.flatMap(({ id, outcome }) => (outcome === 'done' ? [id] : []));
  },
  'one call for each': (client, due, clock) => stopNaively(client, due, 1, clock),
  '50 a call, as they come': (client, due, clock) => stopNaively(client, due, 50, clock),
};

/** A call that fails is a batch that runs on. */
async function stopNaively(client: EC2Client, due: readonly string[], size: number, clock: Clock) {
  resetBuckets();
  const place = { account: 'naive', region: 'naive' };
  const pace: Pace = {
    calls: sharedBucket({ ...place, api: 'StopInstances' }, { burst: 50, perSecond: 5 }),
    resources: sharedBucket({ ...place, api: 'instances' }, { burst: 1000, perSecond: 20 }),
    clock,
  };
  const stopped: string[] = [];
  for (const batch of inBatches(due, size)) {
    const command = new StopInstancesCommand({ InstanceIds: batch });
    const called = await pacedCall(() => client.send(command), pace, batch.length);
    if ('answer' in called) stopped.push(...batch);
  }
  return stopped;
}
