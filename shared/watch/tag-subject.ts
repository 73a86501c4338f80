import { tagInstance } from '../aws/tag-instance.ts';
import type { Schedulable } from '../schedule/schedulable.ts';
import type { KindContext } from './kinds/kind.ts';

/**
 * Sets one tag of what a schedule applies to, by the API that tags its kind. Apart from the kinds' own adapters: no
 * function of the stack writes a tag.
 */
export async function tagSubject(
  { clients }: KindContext,
  { kind, id }: Schedulable,
  key: string,
  value: string,
): Promise<void> {
  if (kind === 'ec2-instance') return tagInstance(clients.ec2, id, key, value);
  throw new Error(`Nobody knows how to tag ${kind}`);
}
