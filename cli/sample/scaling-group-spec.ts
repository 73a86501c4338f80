import { z } from 'zod';
import { tags } from './course.ts';

export const scalingGroupSpec = z.strictObject({
  name: z.string(),
  tags,
  min: z.number().int().nonnegative(),
  max: z.number().int().nonnegative(),
  desired: z.number().int().nonnegative(),
  suspended: z.array(z.string()).default([]),
  scheduledActions: z.array(z.string()).default([]),
});

export type ScalingGroupSpec = z.infer<typeof scalingGroupSpec>;
