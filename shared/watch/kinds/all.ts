import type { SchedulableKind } from '../../schedule/schedulable.ts';
import { ec2Instances } from './ec2-instances.ts';
import type { Kind } from './kind.ts';

/** Every kind that schedules turn off and on. */
export const kinds: readonly Kind[] = [ec2Instances];

/** The adapter of a kind; throws where there is none. */
export function kindOf(name: SchedulableKind): Kind {
  const kind = kinds.find((each) => each.kind === name);
  if (kind === undefined) throw new Error(`Nobody knows how to stop or start ${name}`);
  return kind;
}
