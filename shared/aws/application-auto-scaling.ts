import {
  type ApplicationAutoScalingClient,
  DescribeScalableTargetsCommand,
} from '@aws-sdk/client-application-auto-scaling';
import { z } from 'zod';
import { inBatches } from '../batches.ts';
import type { ServiceScaling } from '../compute/ecs-service.ts';

const page = z.object({
  ScalableTargets: z
    .array(
      z.object({
        ResourceId: z.string(),
        MinCapacity: z.number(),
        SuspendedState: z
          .object({
            DynamicScalingInSuspended: z.boolean().default(false),
            DynamicScalingOutSuspended: z.boolean().default(false),
            ScheduledScalingSuspended: z.boolean().default(false),
          })
          .prefault({}),
      }),
    )
    .default([]),
  NextToken: z.string().optional(),
});

/** What DescribeScalableTargets takes in one call. */
const idsPerCall = 50;

/** How the counts of these services (`main/api`) are scaled, by id; what isn't registered is absent. */
export async function getServiceScaling(
  client: ApplicationAutoScalingClient,
  serviceIds: readonly string[],
): Promise<Map<string, ServiceScaling>> {
  const scaling = new Map<string, ServiceScaling>();
  for (const ids of inBatches(serviceIds, idsPerCall)) {
    let NextToken: string | undefined;
    do {
      const command = new DescribeScalableTargetsCommand({
        ServiceNamespace: 'ecs',
        ScalableDimension: 'ecs:service:DesiredCount',
        ResourceIds: ids.map((id) => `service/${id}`),
        NextToken,
      });
      const { ScalableTargets, NextToken: next } = page.parse(await client.send(command));
      for (const { ResourceId, MinCapacity: minCapacity, SuspendedState: state } of ScalableTargets) {
        const isSuspended =
          state.DynamicScalingInSuspended &&
          state.DynamicScalingOutSuspended &&
          state.ScheduledScalingSuspended;
        scaling.set(ResourceId.slice('service/'.length), { minCapacity, isSuspended });
      }
      NextToken = next;
    } while (NextToken);
  }
  return scaling;
}
