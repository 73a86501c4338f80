import type { SampleService } from '../containers.ts';
import { hexOf, seedOf } from '../noise.ts';
import { counted, dimensionsOf, minute, noisy, type Series } from './series.ts';

/** What ECS, the load balancer and, where it is on, Container Insights publish of a service while it has tasks. */
export function ecsSeries(service: SampleService): Series[] {
  const { spec, runs } = service;
  const seed = seedOf(`${spec.cluster}/${spec.name}`);
  const own = { runs, resolution: minute, until: Number.POSITIVE_INFINITY };
  const dimensions = dimensionsOf({ ClusterName: spec.cluster, ServiceName: spec.name });
  const traffic = spec.network && noisy(spec.network, seed ^ 2);
  return [
    { ...own, namespace: 'AWS/ECS', name: 'CPUUtilization', dimensions, sample: noisy(spec.cpu, seed ^ 1) },
    ...(traffic
      ? ['NetworkRxBytes', 'NetworkTxBytes'].map((name) => ({
          ...own,
          namespace: 'ECS/ContainerInsights',
          name,
          dimensions,
          sample: traffic,
        }))
      : []),
    ...balancerSeries(service, own, seed),
    ...gpuSeries(service, own, seed),
  ];
}

/** Of one task; what it holds in memory is next to nothing. */
function gpuSeries(
  { spec }: SampleService,
  own: Pick<Series, 'runs' | 'resolution' | 'until'>,
  seed: number,
): Series[] {
  const { cluster, name, gpus, gpu } = spec;
  if (gpu === undefined) return [];
  return Array.from({ length: gpus }, (_, index) => {
    const dimensions = dimensionsOf({
      ClusterName: cluster,
      ServiceName: name,
      TaskId: hexOf(`${cluster}/${name}`, 32),
      GpuDevice: String(index),
    });
    const metric = (metricName: string, sample: Series['sample']): Series => ({
      ...own,
      namespace: 'ECS/ContainerInsights',
      name: metricName,
      dimensions,
      sample,
    });
    return [
      metric('TaskGPUUtilization', noisy(gpu, seed ^ (index + 16), 100)),
      metric('TaskGPUMemoryUtilization', () => 1),
    ];
  }).flat();
}

function balancerSeries(
  { spec, desired }: SampleService,
  own: Pick<Series, 'runs' | 'resolution' | 'until'>,
  seed: number,
): Series[] {
  if (spec.requests === undefined) return [];
  const dimensions = dimensionsOf({
    TargetGroup: targetGroup(spec.name),
    LoadBalancer: `app/${spec.cluster}/${hexOf(spec.cluster, 16)}`,
  });
  const metric = (name: string, sample: Series['sample']): Series => ({
    ...own,
    namespace: 'AWS/ApplicationELB',
    name,
    dimensions,
    sample,
  });
  return [
    metric('HealthyHostCount', () => desired),
    metric('RequestCount', counted(spec.requests, seed ^ 3)),
  ];
}

/** As CloudWatch names a target group: what its ARN ends with. */
export const targetGroup = (name: string): string => `targetgroup/${name}/${hexOf(name, 16)}`;
