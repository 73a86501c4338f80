import type { DatabaseSpec } from '../database-spec.ts';
import type { Sampled } from '../databases.ts';
import { seedOf } from '../noise.ts';
import { dimensionsOf, minute, noisy, type Series } from './series.ts';

/** What RDS publishes of each DB instance, every minute while it is up. */
export const rdsSeries = (instances: readonly Sampled<DatabaseSpec>[]): Series[] =>
  instances.flatMap(({ spec, runs }) => {
    const seed = seedOf(`database ${spec.id}`);
    const metric = (name: string, sample: Series['sample']): Series => ({
      namespace: 'AWS/RDS',
      name,
      dimensions: dimensionsOf({ DBInstanceIdentifier: spec.id }),
      resolution: minute,
      sample,
      runs,
      until: Number.POSITIVE_INFINITY,
    });
    const connections = noisy(spec.connections, seed);
    return [
      metric('DatabaseConnections', (at) => Math.round(connections(at))),
      metric('CPUUtilization', noisy(spec.cpu, seed ^ 1, 100)),
    ];
  });
