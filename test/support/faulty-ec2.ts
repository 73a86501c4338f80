import {
  DescribeInstancesCommand,
  EC2Client,
  StartInstancesCommand,
  StopInstancesCommand,
} from '@aws-sdk/client-ec2';
import { mockClient } from 'aws-sdk-client-mock';
import { awsError } from './aws-error.ts';

/** What EC2 answers for one instance in a batch. */
export type Fault = {
  code: string;
  /** Whether the message names the instance. */
  named: boolean;
  /** It is refused only where it is to hibernate. */
  onHibernate?: boolean;
};

type Input = { InstanceIds?: string[]; Hibernate?: boolean };

/**
 * An EC2 that refuses a whole call for one bad instance, as it often does. What it does with the others of that call is
 * undocumented: here those before the bad one change where `hasPartialEffect` says so.
 */
export function faultyEc2() {
  const client = new EC2Client({});
  const ec2 = mockClient(client);
  const world = {
    client,
    mock: ec2,
    /** By id; what is not among them is in `others`. */
    states: new Map<string, string>(),
    others: 'running',
    faults: new Map<string, Fault>(),
    hasPartialEffect: false,
    /** Errors of the calls to come, whatever they are about. */
    next: [] as Error[],
    /** Whether a call gets through at all: else it throws. */
    beforeEach: () => {},
    /** The ids of each call, and whether they were to hibernate. */
    calls: [] as { ids: string[]; hibernate: boolean }[],
  };
  const change = (to: string) => (input: Input) => {
    const { InstanceIds: ids = [], Hibernate: hibernate = false } = input;
    world.calls.push({ ids, hibernate });
    world.beforeEach();
    const error = world.next.shift();
    if (error) throw error;
    const bad = ids.find((id) => isRefused(world.faults.get(id), hibernate));
    for (const id of changedBefore(bad, ids, world.hasPartialEffect)) world.states.set(id, to);
    refuse(bad, world.faults);
    return {};
  };
  ec2.on(StopInstancesCommand).callsFake(change('stopping'));
  ec2.on(StartInstancesCommand).callsFake(change('pending'));
  ec2.on(DescribeInstancesCommand).callsFake(({ Filters }) => ({
    Reservations: (Filters[0].Values as string[]).flatMap((InstanceId) => {
      const Name = world.states.get(InstanceId) ?? world.others;
      return Name === 'unlisted' ? [] : [{ Instances: [{ InstanceId, State: { Name } }] }];
    }),
  }));
  return world;
}

const isRefused = (fault: Fault | undefined, hibernate: boolean): boolean =>
  fault !== undefined && (hibernate || !fault.onHibernate);

function changedBefore(bad: string | undefined, ids: readonly string[], hasPartialEffect: boolean) {
  if (bad === undefined) return ids;
  return hasPartialEffect ? ids.slice(0, ids.indexOf(bad)) : [];
}

function refuse(id: string | undefined, faults: ReadonlyMap<string, Fault>): void {
  const fault = faults.get(id ?? '');
  if (fault) throw awsError(fault.code, fault.named ? `The instance '${id}' can't do that.` : 'No.');
}

/** So many instance ids. */
export const ids = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `i-${String(index + 1).padStart(17, '0')}`);
