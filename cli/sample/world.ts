import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { bedrockSpec } from './bedrock-spec.ts';
import { ecsSpec, eksSpec } from './container-spec.ts';
import { course, percent, tags, time } from './course.ts';
import { databaseSpec } from './database-spec.ts';
import { sageMakerSpec, typesOf } from './sagemaker-spec.ts';
import { scalingGroupSpec } from './scaling-group-spec.ts';

const date = z.iso.date();

const accelerators = z.strictObject({
  name: z.string(),
  count: z.number().int().positive(),
  memoryMib: z.number().positive(),
  /** What nvidia-smi calls the device and its architecture. */
  device: z.string().default(''),
  arch: z.string().default(''),
});

const hourly = z.record(z.string(), z.number().positive());

const instanceType = z.strictObject({
  vcpus: z.number().int().positive(),
  memoryGib: z.number().positive(),
  gpu: accelerators.optional(),
  neuron: accelerators.optional(),
  instanceStoreGb: z.number().default(0),
  /** Dollars an hour by region, on demand and spot. */
  hourly,
  spot: hourly.default({}),
});

const pod = z.strictObject({
  namespace: z.string().default('default'),
  /** Of the workload; its pod has a suffix of its own. */
  name: z.string(),
  /** The node's devices that it holds, and so how many it requests. */
  devices: z.array(z.number().int().nonnegative()).min(1),
  gpu: course(percent).prefault(0),
  memory: course(percent).prefault(1),
});

const volume = z.strictObject({
  type: z.string(),
  sizeGb: z.number().positive(),
  iops: z.number().optional(),
  throughput: z.number().optional(),
});

const instance = z.strictObject({
  id: z.string().regex(/^i-[0-9a-f]{17}$/, 'expected i- and 17 hexadecimal digits'),
  type: z.string(),
  name: z.string().optional(),
  tags,
  launched: time,
  /** Who started it, where the watchdog was told when it did. */
  startedBy: z.string().optional(),
  stopped: time.optional(),
  terminated: time.optional(),
  /** Hours it ran on each day before its present launch. */
  history: z
    .strictObject({
      since: date,
      weekday: z.number().min(0).max(24),
      weekend: z.number().min(0).max(24),
      /** What it published then is still there; only of what ran around the clock. */
      measured: z.boolean().default(false),
    })
    .optional(),
  lifecycle: z.enum(['spot', 'scheduled', 'capacity-block', 'interruptible-capacity-reservation']).optional(),
  spotRequest: z.strictObject({ id: z.string(), type: z.enum(['persistent', 'one-time']) }).optional(),
  reservation: z.string().optional(),
  image: z.string().default('ami-0c5d61202c3b9c33e'),
  root: z.enum(['ebs', 'instance-store']).default('ebs'),
  /** Its EBS volumes; absent: one that its kind of root usually has. */
  volumes: z.array(volume).optional(),
  /** Elastic IP addresses. */
  addresses: z.number().int().nonnegative().default(0),
  platform: z.enum(['linux', 'windows']).default('linux'),
  hibernation: z.boolean().default(false),
  /** The AWS service that runs it. */
  managedBy: z.string().optional(),
  stopProtection: z.boolean().default(false),
  /** Percent at work, of each device unless `busyDevices` says of how many. */
  gpu: course(percent).prefault(0),
  busyDevices: z.number().int().optional(),
  /** Percent of the device memory held. */
  memory: course(percent).prefault(1),
  cpu: course(percent).prefault(2),
  /** Bytes a second. */
  network: course(z.number().nonnegative()).prefault(1500),
  /** What is published of the devices, and by whom: the CloudWatch agent where nothing else is said. */
  agent: z
    .enum(['full', 'none', 'partial', 'mig', 'without-instance-id', 'gpumon', 'container-insights'])
    .default('full'),
  agentUntil: time.default(Number.POSITIVE_INFINITY),
  /** Its private host name, where it must not be its own: two networks may use the same one. */
  host: z.string().optional(),
  /** The EKS cluster whose node it is, and what runs on its devices. */
  cluster: z.string().optional(),
  pods: z.array(pod).default([]),
});

const charge = z.strictObject({
  service: z.string(),
  region: z.string(),
  usageType: z.string(),
  /** Absent: the one that its usage type usually comes with. */
  operation: z.string().optional(),
  /** The ARN of what it is for, as resource-level data has it. */
  resource: z.string().optional(),
  recordType: z.string().default('Usage'),
  tags,
  /** Dollars on a working day (with `dayOfMonth`: on that day). */
  perDay: z.number(),
  /** NetAmortizedCost in place of `perDay`, where the two differ. */
  netPerDay: z.number().optional(),
  weekend: z.number().nonnegative().default(1),
  /** 0 is Sunday: the only weekdays on which there is a charge. */
  weekdays: z.array(z.number().int().min(0).max(6)).optional(),
  dayOfMonth: z.number().int().min(1).max(28).optional(),
  /** Relative standard deviation from day to day. */
  noise: z.number().min(0).max(0.3).default(0.04),
  /** Relative growth in 30 days; `perDay` is what it has come to by the world's now. */
  growth: z.number().default(0),
  since: date.optional(),
  until: date.optional(),
  unit: z.string().default('N/A'),
  /** Dollars a unit. */
  price: z.number().positive().default(1),
  events: z
    .array(
      z.strictObject({
        from: time,
        until: time.default(Number.POSITIVE_INFINITY),
        perHour: z.number(),
        why: z.string(),
      }),
    )
    .default([]),
});

const worldSchema = z
  .strictObject({
    now: z.iso.datetime(),
    accounts: z
      .array(
        z.strictObject({
          id: z.string().regex(/^\d{12}$/),
          name: z.string(),
          payer: z.boolean().default(false),
          role: z.string().optional(),
        }),
      )
      .min(1),
    regions: z.record(z.string(), z.strictObject({ usagePrefix: z.string(), location: z.string() })),
    costAllocationTags: z.array(z.string()),
    types: z.record(z.string(), instanceType),
    /** Dollars an hour by SageMaker's instance type and region, whatever runs there. */
    sageMakerTypes: z.record(z.string(), hourly).default({}),
    /** Dollars a GB-month by type of EBS volume and region. */
    volumeTypes: z.record(z.string(), z.record(z.string(), z.number().positive())).default({}),
    /** By account name and region. */
    instances: z.record(z.string(), z.record(z.string(), z.array(instance))).default({}),
    /** Their members are the instances that carry the group's name in their tag. */
    scalingGroups: z.record(z.string(), z.record(z.string(), z.array(scalingGroupSpec))).default({}),
    /** Dollars an hour by RDS's instance class and region, whatever the engine. */
    databaseClasses: z.record(z.string(), hourly).default({}),
    databases: z.record(z.string(), z.record(z.string(), databaseSpec)).default({}),
    sageMaker: z.record(z.string(), z.record(z.string(), sageMakerSpec)).default({}),
    bedrock: z.record(z.string(), z.record(z.string(), bedrockSpec)).default({}),
    ecs: z.record(z.string(), z.record(z.string(), ecsSpec)).default({}),
    eks: z.record(z.string(), z.record(z.string(), eksSpec)).default({}),
    /** By account name. */
    spend: z.record(z.string(), z.array(charge)).default({}),
  })
  .check(({ value, issues }) => {
    for (const fault of faultsOf(value)) {
      issues.push({ code: 'custom', message: fault.message, path: fault.path, input: value });
    }
  });

/** The sample account as its file describes it: times in epoch milliseconds, dates `YYYY-MM-DD`, money in dollars. */
export type WorldFile = z.infer<typeof worldSchema>;
/** The same as somebody writes it. */
export type WorldDocument = z.input<typeof worldSchema>;
export type InstanceSpec = z.infer<typeof instance>;
export type VolumeSpec = z.infer<typeof volume>;
export type InstanceTypeSpec = z.infer<typeof instanceType>;
export type PodSpec = z.infer<typeof pod>;
export type ChargeSpec = z.infer<typeof charge>;

/** The sample that comes with the product, `world.yml` beside this file. */
export const readSampleWorld = (): WorldFile =>
  parseWorld(parse(readFileSync(new URL('world.yml', import.meta.url), 'utf8'), { merge: true }));

/** Fills in the defaults; throws one error that names every fault. */
export function parseWorld(document: unknown): WorldFile {
  const { data, error } = worldSchema.safeParse(document);
  if (error) throw new Error(`The sample world is not valid\n${z.prettifyError(error)}`);
  return data;
}

type Fault = { message: string; path: PropertyKey[] };

/** What the shape alone doesn't say: every name that is used is also defined, every id is used once. */
function faultsOf(world: WorldFile): Fault[] {
  return [...accountFaults(world), ...placeFaults(world), ...typeFaults(world), ...repeatedIds(world)];
}

function accountFaults({ accounts, spend, ...world }: WorldFile): Fault[] {
  const names = new Set(accounts.map(({ name }) => name));
  return [...sectionsOf(world), ['spend', spend] as const].flatMap(([section, entries]) =>
    Object.keys(entries)
      .filter((name) => !names.has(name))
      .map((name) => ({ message: 'no such account', path: [section, name] })),
  );
}

/** What there is by account and region. */
const placedSections = [
  'instances',
  'scalingGroups',
  'databases',
  'sageMaker',
  'bedrock',
  'ecs',
  'eks',
] as const satisfies readonly (keyof WorldFile)[];

const sectionsOf = (world: Pick<WorldFile, (typeof placedSections)[number]>) =>
  placedSections.map((section) => [section, world[section]] as const);

function placeFaults({ regions, ...world }: WorldFile): Fault[] {
  return sectionsOf(world).flatMap(([section, byAccount]) =>
    Object.entries(byAccount).flatMap(([account, byRegion]) =>
      Object.keys(byRegion)
        .filter((region) => !regions[region])
        .map((region) => ({ message: 'no such region', path: [section, account, region] })),
    ),
  );
}

/** Every type has a price where it is used, and what SageMaker runs on is described as EC2's type. */
function typeFaults({ instances, sageMaker, types, sageMakerTypes }: WorldFile): Fault[] {
  return [
    ...placesOf(instances).flatMap(({ account, region, here }) =>
      here
        .map(({ type }, index) => ({ type, path: ['instances', account, region, index, 'type'] }))
        .filter(({ type }) => types[type]?.hourly[region] === undefined)
        .map(({ type, path }) => ({ message: `${type} has no price in ${region}`, path })),
    ),
    ...placesOf(sageMaker).flatMap(({ account, region, here }) =>
      typesOf(here)
        .filter((type) => !isKnown(type, region, sageMakerTypes, types))
        .map((type) => ({
          message: `${type} has no price in ${region}, or is no EC2 type`,
          path: ['sageMaker', account, region],
        })),
    ),
  ];
}

const isKnown = (
  type: string,
  region: string,
  prices: WorldFile['sageMakerTypes'],
  types: WorldFile['types'],
): boolean => prices[type]?.[region] !== undefined && types[type.replace(/^ml\./, '')] !== undefined;

/** What a section holds, place by place. */
export const placesOf = <Here>(
  section: Readonly<Record<string, Readonly<Record<string, Here>>>>,
): { account: string; region: string; here: Here }[] =>
  Object.entries(section).flatMap(([account, byRegion]) =>
    Object.entries(byRegion).map(([region, here]) => ({ account, region, here })),
  );

function repeatedIds({ instances, sageMaker }: WorldFile): Fault[] {
  const ids = [
    ...placesOf(instances).flatMap(({ here }) => here.map(({ id }) => id)),
    ...placesOf(sageMaker).flatMap(({ here }) =>
      here.clusters.flatMap(({ nodes }) => nodes.map(({ id }) => id)),
    ),
  ];
  const seen = new Set<string>();
  const repeated = ids.filter((id) => seen.size === seen.add(id).size);
  return repeated.map((id) => ({ message: `${id} is there twice`, path: ['instances'] }));
}
