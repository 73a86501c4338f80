import type { InstanceTypeFacts } from '../../compute/instance.ts';
import type { Refusal } from '../refusal.ts';

/** Local disks of something that is to be stopped, and what allows to lose what is on them. */
export type InstanceStoreCase = {
  type: string;
  /** What is known of its type; undefined is unknown. */
  facts: InstanceTypeFacts | undefined;
  tags: Readonly<Record<string, string>>;
  /** The key of the tag whose value `discard` allows a stop that loses local disks. */
  instanceStoreTag: string;
};

/** What a stop would lose: data on local disks is gone for good. */
export function instanceStoreRefusal({
  type,
  facts,
  tags,
  instanceStoreTag: key,
}: InstanceStoreCase): Refusal | undefined {
  if (facts === undefined) return { code: 'unknown-type', reason: `nothing is known of the type ${type}` };
  if (facts.instanceStoreGb === 0 || tags[key]?.trim().toLowerCase() === 'discard') return undefined;
  const reason = `a stop would lose ${facts.instanceStoreGb} GB on instance-store volumes; "${key}: discard" allows it`;
  return { code: 'instance-store-data', reason };
}
