import { z } from 'zod';
import { course, percent, tags, time } from './course.ts';

const never = Number.POSITIVE_INFINITY;
const count = z.number().int().positive().default(1);

/** Percent at work of each device, of the device memory held, and of all vCPUs. */
const work = {
  gpu: course(percent).prefault(0),
  memory: course(percent).prefault(1),
  cpu: course(percent).prefault(2),
};

/** A minute. */
const invocations = course(z.number().nonnegative()).prefault(0);

const endpoint = z
  .strictObject({
    name: z.string(),
    created: time,
    /** Absent where it is serverless. */
    type: z.string().optional(),
    instances: count,
    serverless: z
      .strictObject({
        memoryMb: z.number().int(),
        maxConcurrency: z.number().int(),
        provisioned: z.number().int().optional(),
      })
      .optional(),
    tags,
    /** Application Auto Scaling scales it. */
    scaled: z.boolean().default(false),
    /** Somebody has deleted its model since. */
    modelGone: z.boolean().default(false),
    invocations,
    /** The models that share it, where it has none of its own. */
    components: z.array(z.strictObject({ name: z.string(), invocations })).default([]),
    ...work,
  })
  .refine(({ type, serverless }) => (type === undefined) !== (serverless === undefined), {
    error: 'expected either a type or serverless',
  });

const notebook = z.strictObject({
  name: z.string(),
  type: z.string(),
  started: time,
  stopped: time.default(never),
  tags,
  /** The CloudWatch agent runs on it: SageMaker itself publishes nothing of it. */
  agent: z.boolean().default(false),
  ...work,
});

const app = z.strictObject({
  name: z.string().default('default'),
  kind: z.enum(['JupyterLab', 'CodeEditor', 'JupyterServer', 'KernelGateway']).default('JupyterLab'),
  type: z.string(),
  domain: z.string().default('d-7h2kq9xw4m1c'),
  /** JupyterLab and CodeEditor run in a space, the others belong to a user. */
  space: z.string().optional(),
  user: z.string().optional(),
  started: time,
  /** When somebody did something in it last; `now`: all the time. */
  lastActive: z.union([time, z.literal('now')]),
  tags,
});

const job = z.strictObject({
  name: z.string(),
  type: z.string(),
  instances: count,
  created: time,
  /** When its instances were there: by default four minutes later, `never` while it waits for capacity. */
  started: z.union([time, z.literal('never').transform(() => never)]).optional(),
  ended: time.default(never),
  outcome: z.enum(['Completed', 'Failed', 'Stopped']).default('Completed'),
  failure: z.string().optional(),
  image: z.string(),
  hyperparameters: z.record(z.string(), z.string()).default({}),
  /** What it reads. */
  data: z.string(),
  /** Minutes for which its instances are kept for the next job; SageMaker takes an hour at most. */
  keepAlive: z.number().int().positive().max(60).optional(),
  tags,
  ...work,
});

const cluster = z.strictObject({
  name: z.string(),
  created: time,
  tags,
  nodes: z.array(
    z.strictObject({
      id: z.string().regex(/^i-[0-9a-f]{17}$/, 'expected i- and 17 hexadecimal digits'),
      group: z.string(),
      type: z.string(),
      launched: time,
      ...work,
    }),
  ),
});

/** What SageMaker runs in one account and region. */
export const sageMakerSpec = z.strictObject({
  endpoints: z.array(endpoint).default([]),
  notebooks: z.array(notebook).default([]),
  apps: z.array(app).default([]),
  trainingJobs: z.array(job).default([]),
  processingJobs: z.array(job).default([]),
  transformJobs: z.array(job).default([]),
  clusters: z.array(cluster).default([]),
});

export type SageMakerSpec = z.infer<typeof sageMakerSpec>;
export type NotebookSpec = SageMakerSpec['notebooks'][number];
/** `deleted`: when somebody did that, epoch milliseconds. */
export type EndpointSpec = SageMakerSpec['endpoints'][number] & { deleted?: number };
export type AppSpec = SageMakerSpec['apps'][number] & { deleted?: number };

/** What becomes of it while the sample is open, and the endpoints' configurations, which outlive them. */
export type SageMaker = Omit<SageMakerSpec, 'endpoints' | 'apps'> & {
  endpoints: EndpointSpec[];
  apps: AppSpec[];
  endpointConfigs: EndpointSpec[];
  /** Grows with every change, so that what was computed before is known to be old. */
  changes: number;
};

/** The same, to be changed as AWS would change it. */
export const openSageMaker = (spec: SageMakerSpec): SageMaker => ({
  ...spec,
  endpoints: spec.endpoints.map((each) => ({ ...each, tags: { ...each.tags } })),
  notebooks: spec.notebooks.map((each) => ({ ...each, tags: { ...each.tags } })),
  apps: spec.apps.map((each) => ({ ...each, tags: { ...each.tags } })),
  endpointConfigs: [...spec.endpoints],
  changes: 0,
});

export type JobSpec = SageMakerSpec['trainingJobs'][number];
export type ClusterSpec = SageMakerSpec['clusters'][number];
export type NodeSpec = ClusterSpec['nodes'][number];

/** The instance types, `ml.` and all, that it is made of. */
export const typesOf = (spec: SageMakerSpec): string[] =>
  [
    ...spec.endpoints,
    ...spec.notebooks,
    ...spec.apps,
    ...spec.trainingJobs,
    ...spec.processingJobs,
    ...spec.transformJobs,
    ...spec.clusters.flatMap(({ nodes }) => nodes),
  ].flatMap(({ type }) => type ?? []);

/** When a job's instances were there. */
export const startOf = ({ created, started }: JobSpec): number => started ?? created + 240_000;
