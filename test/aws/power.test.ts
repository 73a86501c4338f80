import {
  DescribeInstancesCommand,
  EC2Client,
  StartInstancesCommand,
  StopInstancesCommand,
} from '@aws-sdk/client-ec2';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { startInstances, stopInstances } from '../../shared/aws/power.ts';
import { clearedStarts, clearedStops } from '../support/cleared.ts';

const ec2 = mockClient(EC2Client);
const client = new EC2Client({});

/** What EC2 would do: refuses a whole call for one bad id, as it often does. */
let states: Map<string, string>;
let before: string;
let faults: Map<string, { code: string; named: boolean }>;

const awsError = (code: string, message: string) => Object.assign(new Error(message), { name: code });

const change = (to: string) => (input: { InstanceIds?: string[]; Hibernate?: boolean }) => {
  const ids = input.InstanceIds ?? [];
  const bad = ids.find((id) => faults.has(id) && (input.Hibernate || faults.get(id)?.code !== hibernation));
  const fault = bad && faults.get(bad);
  if (fault) throw awsError(fault.code, fault.named ? `The instance '${bad}' is not in a fit state` : 'No.');
  for (const id of ids) states.set(id, to);
  return {};
};

const hibernation = 'UnsupportedHibernationConfiguration';

beforeEach(() => {
  ec2.reset();
  states = new Map();
  before = 'running';
  faults = new Map();
  ec2.on(StopInstancesCommand).callsFake(change('stopping'));
  ec2.on(StartInstancesCommand).callsFake(change('pending'));
  ec2.on(DescribeInstancesCommand).callsFake(({ Filters }) => ({
    Reservations: [
      {
        Instances: (Filters[0].Values as string[]).map((InstanceId) => ({
          InstanceId,
          State: { Name: states.get(InstanceId) ?? before },
        })),
      },
    ],
  }));
});

const ids = (count: number) =>
  Array.from({ length: count }, (_, index) => `i-${String(index + 1).padStart(17, '0')}`);
const [first = '', second = '', third = ''] = ids(3);
const outcomes = (results: readonly { id: string; outcome: string; code?: string }[]) =>
  Object.fromEntries(results.map(({ id, outcome, code }) => [id, code ?? outcome]));

describe('stopInstances', () => {
  it('stops forty-seven of fifty, and says of the other three why not', async () => {
    const fifty = ids(50);
    faults.set(first, { code: 'OperationNotPermitted', named: true });
    faults.set(second, { code: 'UnsupportedOperation', named: false });
    faults.set(third, { code: 'IncorrectInstanceState', named: true });

    const results = await stopInstances(client, clearedStops(fifty));

    expect(results).toHaveLength(50);
    expect(results.filter(({ outcome }) => outcome === 'done')).toHaveLength(47);
    expect(outcomes(results.filter(({ outcome }) => outcome === 'refused'))).toEqual({
      [first]: 'OperationNotPermitted',
      [second]: 'UnsupportedOperation',
      [third]: 'IncorrectInstanceState',
    });
    expect([...states.values()].filter((state) => state === 'stopping')).toHaveLength(47);
  });

  it('sets a named instance aside in two calls, without halving', async () => {
    faults.set(first, { code: 'OperationNotPermitted', named: true });
    await stopInstances(client, clearedStops(ids(50)));
    expect(ec2).toHaveReceivedCommandTimes(StopInstancesCommand, 2);
  });

  it.each(['RequestLimitExceeded', 'Throttling', 'UnauthorizedOperation', 'TimeoutError', 'InternalError'])(
    'never halves after %s',
    async (code) => {
      ec2.on(StopInstancesCommand).rejects(awsError(code, `about ${first}`));
      const results = await stopInstances(client, clearedStops(ids(8)));
      expect(results.map(({ outcome }) => outcome)).toEqual(Array(8).fill('failed'));
      expect(ec2).toHaveReceivedCommandTimes(StopInstancesCommand, 1);
    },
  );

  it('takes the outcome of a partial effect from a fresh describe', async () => {
    ec2.on(StopInstancesCommand).callsFake(() => {
      states.set(first, 'stopping'); // one went down before the call failed
      throw awsError('InternalError', 'try again');
    });
    expect(outcomes(await stopInstances(client, clearedStops([first, second])))).toEqual({
      [first]: 'done',
      [second]: 'InternalError',
    });
  });

  it('knows no outcome where the describe after an error fails too, and tries nothing more', async () => {
    ec2.on(StopInstancesCommand).rejects(awsError('IncorrectInstanceState', 'not in a state for that'));
    ec2.on(DescribeInstancesCommand).rejects(awsError('RequestLimitExceeded', 'slow down'));
    const results = await stopInstances(client, clearedStops([first, second]));
    expect(results.map(({ outcome }) => outcome)).toEqual(['unknown', 'unknown']);
    expect(ec2).toHaveReceivedCommandTimes(StopInstancesCommand, 1);
  });

  it('sends 1,001 ids in chunks, and none in no call', async () => {
    expect(await stopInstances(client, [])).toEqual([]);
    expect(ec2).not.toHaveReceivedCommand(StopInstancesCommand);
    const results = await stopInstances(client, clearedStops(ids(1001)), { chunkSize: 1000 });
    expect(results).toHaveLength(1001);
    expect(ec2).toHaveReceivedCommandTimes(StopInstancesCommand, 2);
  });

  it('hibernates what is to be hibernated, and stops what cannot be', async () => {
    faults.set(second, { code: hibernation, named: true });
    const results = await stopInstances(client, [
      ...clearedStops([first, second], { hibernate: true }),
      ...clearedStops([third]),
    ]);
    expect(outcomes(results)).toEqual({ [first]: 'done', [second]: 'done', [third]: 'done' });
    expect(ec2).toHaveReceivedCommandWith(StopInstancesCommand, { InstanceIds: [first], Hibernate: true });
    expect(ec2).toHaveReceivedCommandWith(StopInstancesCommand, { InstanceIds: [third, second] });
  });

  it('leaves what there is no time for to the next run', async () => {
    const left = [60_000, 9_000];
    const results = await stopInstances(client, clearedStops(ids(4)), {
      chunkSize: 2,
      remainingMs: () => left.shift() ?? 0,
    });
    expect(results.map(({ outcome }) => outcome)).toEqual(['done', 'done', 'left', 'left']);
  });
});

describe('startInstances', () => {
  it('starts the others where one type has no capacity left, and says so', async () => {
    before = 'stopped';
    faults.set(second, { code: 'InsufficientInstanceCapacity', named: false });
    expect(outcomes(await startInstances(client, clearedStarts([first, second, third])))).toEqual({
      [first]: 'done',
      [second]: 'InsufficientInstanceCapacity',
      [third]: 'done',
    });
  });
});
