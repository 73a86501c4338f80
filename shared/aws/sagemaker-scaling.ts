import {
  type ApplicationAutoScalingClient,
  DescribeScalableTargetsCommand,
} from '@aws-sdk/client-application-auto-scaling';
import { z } from 'zod';

const page = z.object({
  ScalableTargets: z.array(z.object({ ResourceId: z.string() })).default([]),
  NextToken: z.string().optional(),
});

/** The names of the endpoints that Application Auto Scaling scales, by one variant or all; all pages, free of charge. */
export async function getScaledEndpoints(client: ApplicationAutoScalingClient): Promise<Set<string>> {
  const names = new Set<string>();
  let NextToken: string | undefined;
  do {
    const command = new DescribeScalableTargetsCommand({
      ServiceNamespace: 'sagemaker',
      MaxResults: 50,
      NextToken,
    });
    const { ScalableTargets, NextToken: next } = page.parse(await client.send(command));
    for (const { ResourceId } of ScalableTargets) {
      // `endpoint/ranker/variant/AllTraffic`, and `inference-component/...`, which is no endpoint's own
      const [, name] = /^endpoint\/([^/]+)\//.exec(ResourceId) ?? [];
      if (name !== undefined) names.add(name.toLowerCase());
    }
    NextToken = next;
  } while (NextToken);
  return names;
}
