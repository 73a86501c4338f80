import { ec2Instances } from './ec2-instances.ts';
import { ecsServices } from './ecs-services.ts';
import { eksNodegroups } from './eks-nodegroups.ts';
import type { Kind } from './kind.ts';

/** Every kind that schedules turn off and on. */
export const kinds: readonly Kind[] = [ec2Instances, ecsServices, eksNodegroups];
