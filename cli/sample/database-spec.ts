import { z } from 'zod';
import { course, percent, tags, time } from './course.ts';

const database = z.strictObject({
  id: z.string(),
  class: z.string(),
  engine: z.string().default('postgres'),
  created: time,
  tags,
  multiAz: z.boolean().default(false),
  /** The cluster whose member it is; it is up when that is. */
  cluster: z.string().optional(),
  /** What it is a read replica of. */
  replicaOf: z.string().optional(),
  /** What RDS is at work on while it is up: `backing-up`. */
  status: z.string().default('available'),
  /** Clients that are connected. */
  connections: course(z.number().nonnegative()).prefault(0),
  cpu: course(percent).prefault(3),
});

const cluster = z.strictObject({
  id: z.string(),
  engine: z.string().default('aurora-postgresql'),
  engineMode: z.string().default('provisioned'),
  globalCluster: z.string().optional(),
  created: time,
  tags,
});

export const databaseSpec = z.strictObject({
  instances: z.array(database).default([]),
  clusters: z.array(cluster).default([]),
});

export type DatabaseSpec = z.infer<typeof database>;
export type ClusterSpec = z.infer<typeof cluster>;
