import { ec2Instances } from './ec2-instances.ts';
import type { Kind } from './kind.ts';

/** Every kind that schedules turn off and on. */
export const kinds: readonly Kind[] = [ec2Instances];
