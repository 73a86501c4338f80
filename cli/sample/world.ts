import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';

const time = z.iso.datetime().transform((text) => Date.parse(text));
const date = z.iso.date();
const percent = z.number().min(0).max(100);
const tags = z.record(z.string(), z.string()).default({});

/** A course over time: each value holds until its `until`, the last one for good. A bare number always holds. */
const course = (value: z.ZodNumber) =>
  z.union([
    value.transform((constant) => [{ until: Number.POSITIVE_INFINITY, value: constant }]),
    z.array(z.strictObject({ until: time.default(Number.POSITIVE_INFINITY), value })).min(1),
  ]);

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
    .strictObject({ since: date, weekday: z.number().min(0).max(24), weekend: z.number().min(0).max(24) })
    .optional(),
  lifecycle: z.enum(['spot', 'scheduled', 'capacity-block', 'interruptible-capacity-reservation']).optional(),
  spotRequest: z.strictObject({ id: z.string(), type: z.enum(['persistent', 'one-time']) }).optional(),
  reservation: z.string().optional(),
  image: z.string().default('ami-0c5d61202c3b9c33e'),
  root: z.enum(['ebs', 'instance-store']).default('ebs'),
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
  /** What the CloudWatch agent publishes of the devices. */
  agent: z.enum(['full', 'none', 'partial', 'mig', 'without-instance-id']).default('full'),
  agentUntil: time.default(Number.POSITIVE_INFINITY),
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
    /** By account name and region. */
    instances: z.record(z.string(), z.record(z.string(), z.array(instance))).default({}),
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
export type InstanceTypeSpec = z.infer<typeof instanceType>;
export type ChargeSpec = z.infer<typeof charge>;
export type Course = readonly { until: number; value: number }[];

/** The sample that comes with the product, `world.yml` beside this file. */
export const readSampleWorld = (): WorldFile =>
  parseWorld(parse(readFileSync(new URL('world.yml', import.meta.url), 'utf8')));

/** Fills in the defaults; throws one error that names every fault. */
export function parseWorld(document: unknown): WorldFile {
  const { data, error } = worldSchema.safeParse(document);
  if (error) throw new Error(`The sample world is not valid\n${z.prettifyError(error)}`);
  return data;
}

export function valueAt(course: Course, at: number): number {
  for (const { until, value } of course) if (at < until) return value;
  return course.at(-1)?.value ?? 0;
}

type Fault = { message: string; path: PropertyKey[] };

/** What the shape alone doesn't say: every name that is used is also defined, every id is used once. */
function faultsOf(world: WorldFile): Fault[] {
  return [...accountFaults(world), ...placeFaults(world), ...repeatedIds(world)];
}

function accountFaults({ accounts, instances, spend }: WorldFile): Fault[] {
  const names = new Set(accounts.map(({ name }) => name));
  return Object.entries({ instances, spend }).flatMap(([section, entries]) =>
    Object.keys(entries)
      .filter((name) => !names.has(name))
      .map((name) => ({ message: 'no such account', path: [section, name] })),
  );
}

function placeFaults({ instances, regions, types }: WorldFile): Fault[] {
  return Object.entries(instances).flatMap(([account, byRegion]) =>
    Object.entries(byRegion).flatMap(([region, members]) => {
      const path = ['instances', account, region];
      if (!regions[region]) return [{ message: 'no such region', path }];
      return members.flatMap(({ type }, index) =>
        types[type]?.hourly[region] === undefined
          ? [{ message: `${type} has no price in ${region}`, path: [...path, index, 'type'] }]
          : [],
      );
    }),
  );
}

function repeatedIds({ instances }: WorldFile): Fault[] {
  const ids = Object.values(instances).flatMap((byRegion) =>
    Object.values(byRegion)
      .flat()
      .map(({ id }) => id),
  );
  const seen = new Set<string>();
  const repeated = ids.filter((id) => seen.size === seen.add(id).size);
  return repeated.map((id) => ({ message: `${id} is there twice`, path: ['instances'] }));
}
