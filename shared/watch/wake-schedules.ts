import { z } from 'zod';
import type { Config } from '../config.ts';
import type { Table } from '../store/table.ts';
import { pullForward } from '../store/visits.ts';
import { findTarget, type Target, targetName } from '../target.ts';

const place = { account: z.string(), region: z.string(), time: z.iso.datetime() };

/**
 * What EventBridge tells of what may change a decision: an instance's new state, or a tag's new value
 * (https://docs.aws.amazon.com/tag-editor/latest/userguide/monitor-tag-changes.html).
 */
export const changeEvent = z.discriminatedUnion('detail-type', [
  z.object({
    ...place,
    'detail-type': z.literal('EC2 Instance State-change Notification'),
    detail: z.object({ 'instance-id': z.string(), state: z.string() }),
  }),
  z.object({
    ...place,
    'detail-type': z.literal('Tag Change on Resource'),
    detail: z.object({ 'changed-tag-keys': z.array(z.string()), 'resource-type': z.string().optional() }),
  }),
]);

type ChangeEvent = z.infer<typeof changeEvent>;

/** States in which something new has to be decided; through the others it passes on its way. */
const settledStates = new Set(['running', 'stopped']);

/** Pulls the next visit to the event's target forward, where it tells of a change that counts. */
export async function wakeSchedules(
  table: Table,
  config: Config,
  targets: readonly Target[],
  event: ChangeEvent,
): Promise<{ woken: string } | { ignored: string }> {
  const target = findTarget(targets, event.account, event.region);
  if (target === undefined) return { ignored: `${event.account}, ${event.region} is not watched` };
  const irrelevant = irrelevance(event, config);
  if (irrelevant !== undefined) return { ignored: irrelevant };
  await pullForward(table, target, event.time);
  return { woken: targetName(target) };
}

/** Why an event changes no decision; undefined where it may. */
function irrelevance(event: ChangeEvent, { tags }: Config): string | undefined {
  if (event['detail-type'] === 'EC2 Instance State-change Notification') {
    const { state } = event.detail;
    return settledStates.has(state) ? undefined : `${event.detail['instance-id']} is ${state}`;
  }
  const changed = event.detail['changed-tag-keys'].map((key) => key.toLowerCase());
  const counting = [tags.schedule, tags.keepUntil, tags.instanceStore, ...tags.environment];
  return counting.some((key) => changed.includes(key.toLowerCase()))
    ? undefined
    : `no tag of ours: ${changed.join(', ')}`;
}
