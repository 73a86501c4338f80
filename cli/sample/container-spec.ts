import { z } from 'zod';
import { course, percent, tags, time } from './course.ts';

const service = z.strictObject({
  cluster: z.string(),
  name: z.string(),
  tags,
  created: time,
  /** Tasks it is to run; 0: somebody has taken it down. */
  desired: z.number().int().nonnegative().default(1),
  /** Percent of the CPU that its tasks reserve. */
  cpu: course(z.number().nonnegative()).prefault(1),
  /** Requests a minute; absent: it is behind no load balancer. */
  requests: course(z.number().nonnegative()).optional(),
  /** Bytes a second, where Container Insights is on. */
  network: course(z.number().nonnegative()).optional(),
  launch: z.enum(['FARGATE', 'EC2']).default('FARGATE'),
  daemon: z.boolean().default(false),
  express: z.boolean().default(false),
  /** GPUs that a task requests. */
  gpus: z.number().int().nonnegative().default(0),
  /** Percent of each of them, where Container Insights tells. */
  gpu: course(percent).optional(),
  /** Application Auto Scaling's; absent: it is not registered there. */
  minCapacity: z.number().int().nonnegative().optional(),
  deploying: z.boolean().default(false),
});

/** What ECS runs in one account and region. */
export const ecsSpec = z.strictObject({ services: z.array(service).default([]) });

const nodegroup = z.strictObject({
  cluster: z.string(),
  name: z.string(),
  tags,
  created: time,
  min: z.number().int().nonnegative().default(0),
  max: z.number().int().positive(),
  capacity: z.enum(['ON_DEMAND', 'SPOT', 'CAPACITY_BLOCK']).default('ON_DEMAND'),
  status: z.enum(['ACTIVE', 'DEGRADED', 'CREATE_FAILED']).default('ACTIVE'),
  /** Keys of its taints. */
  taints: z.array(z.string()).default([]),
  warmPool: z.boolean().default(false),
});

/** EKS's node groups in one account and region; their nodes are the instances that carry EKS's tags for them. */
export const eksSpec = z.strictObject({ nodegroups: z.array(nodegroup).default([]) });

export type ServiceSpec = z.infer<typeof service>;
export type NodegroupSpec = z.infer<typeof nodegroup>;
export type EcsSpec = z.infer<typeof ecsSpec>;
export type EksSpec = z.infer<typeof eksSpec>;
