import { z } from 'zod';
import { course, tags, time } from './course.ts';

const perMinute = course(z.number().nonnegative()).prefault(0);

/** A minute's calls and the tokens in and out of them; what is read from the cache is not among `input`. */
const traffic = {
  invocations: perMinute,
  input: perMinute,
  output: perMinute,
  cacheRead: perMinute,
  cacheWrite: perMinute,
};

const throughput = z.strictObject({
  name: z.string(),
  model: z.string(),
  units: z.number().int().positive().default(1),
  created: time,
  /** Absent: it can be deleted at any time. */
  commitment: z.strictObject({ duration: z.enum(['OneMonth', 'SixMonths']), until: time }).optional(),
  tags,
  ...traffic,
});

const onDemand = z.strictObject({ model: z.string(), ...traffic });

/** What Bedrock serves in one account and region. */
export const bedrockSpec = z.strictObject({
  throughputs: z.array(throughput).default([]),
  models: z.array(onDemand).default([]),
});

export type BedrockSpec = z.infer<typeof bedrockSpec>;
export type ThroughputSpec = BedrockSpec['throughputs'][number];
export type TrafficSpec = Pick<ThroughputSpec, keyof typeof traffic>;
