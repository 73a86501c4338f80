import type { Instance } from '../shared/compute/instance.ts';

/** The AWS CLI's line that sets these tags on an instance, quoted for a POSIX shell: to be copied as it is. */
export const tagCommand = (
  { region, instanceId }: Pick<Instance, 'region' | 'instanceId'>,
  tags: Readonly<Record<string, string>>,
): string => {
  // As JSON: the CLI's shorthand would part a value at its commas.
  const json = JSON.stringify(Object.entries(tags).map(([Key, Value]) => ({ Key, Value })));
  return `aws ec2 create-tags --region ${region} --resources ${instanceId} --tags ${quoted(json)}`;
};

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
