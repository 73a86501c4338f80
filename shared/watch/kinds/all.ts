import { ec2Instances } from './ec2-instances.ts';
import type { Kind } from './kind.ts';
import { sageMakerApps } from './sagemaker-apps.ts';
import { sageMakerEndpoints } from './sagemaker-endpoints.ts';
import { sageMakerNotebooks } from './sagemaker-notebooks.ts';

/** Every kind that schedules turn off and on. */
export const kinds: readonly Kind[] = [ec2Instances, sageMakerNotebooks, sageMakerApps, sageMakerEndpoints];
