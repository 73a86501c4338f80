import type { Luck } from './luck.ts';
import type { Fault } from './region.ts';

/** What goes wrong with AWS, with the process, or with whoever sends the events. */
export type Weather = { name: string; faults: Fault[]; callsLeft?: number; remainingMs?: number };

const writes = /^DynamoDB\w*:(Update|Put|TransactWrite)/;

type Maker = (luck: Luck, ids: readonly string[]) => Omit<Weather, 'name'>;

const bad: Readonly<Record<string, Maker>> = {
  'DescribeInstances is throttled': (luck) => ({
    faults: [
      { call: /:DescribeInstances$/, code: 'RequestLimitExceeded', skip: luck.between(0, 2), times: 2 },
    ],
  }),
  'DescribeInstanceAttribute fails': () => ({
    faults: [{ call: /:DescribeInstanceAttribute$/, code: 'UnauthorizedOperation', times: 1000 }],
  }),
  'ListMetrics fails': () => ({ faults: [{ call: /:ListMetrics$/, code: 'Throttling', times: 20 }] }),
  'GetMetricData fails': (luck) => ({
    faults: [{ call: /:GetMetricData$/, code: 'InternalServiceFault', skip: luck.between(0, 3), times: 2 }],
  }),
  'EC2 refuses an instance by name': (luck, ids) => {
    const instance = luck.pick(ids);
    const message = `The instance '${instance}' may not be stopped.`;
    return {
      faults: [{ call: /:(Stop|Start)Instances$/, code: 'OperationNotPermitted', message, instance }],
    };
  },
  'EC2 refuses an instance without a name': (luck, ids) => ({
    faults: [
      { call: /:(Stop|Start)Instances$/, code: 'UnsupportedOperation', instance: luck.pick(ids) },
      { call: /:StopInstances$/, code: 'UnsupportedOperation', instance: luck.pick(ids) },
    ],
  }),
  'StopInstances is not allowed': () => ({
    faults: [{ call: /:StopInstances$/, code: 'UnauthorizedOperation', times: 10 }],
  }),
  'the answer to StopInstances is lost': () => ({
    faults: [{ call: /:StopInstances$/, code: 'TimeoutError', effect: 'after' }],
  }),
  'StopInstances stops a part': (luck) => ({
    faults: [
      {
        call: /:StopInstances$/,
        code: luck.pick(['InternalError', 'IncorrectInstanceState', 'RequestLimitExceeded']),
        effect: 'part',
      },
    ],
  }),
  'StopInstances stops a part, and nobody can ask which': () => ({
    faults: [
      { call: /:StopInstances$/, code: 'InternalError', effect: 'part' },
      { call: /:DescribeInstances$/, code: 'RequestLimitExceeded', skip: 2, times: 1 },
    ],
  }),
  'there is no capacity': () => ({
    faults: [{ call: /:StartInstances$/, code: 'InsufficientInstanceCapacity', times: 100 }],
  }),
  'the table refuses a write': (luck) => ({
    faults: [{ call: writes, code: 'InternalServerError', skip: luck.between(0, 40), times: 1 }],
  }),
  'the answer to a write is lost': (luck) => ({
    faults: [{ call: writes, code: 'TimeoutError', skip: luck.between(0, 40), effect: 'after' }],
  }),
  'the outcome of a stop can not be recorded': (luck) => ({
    faults: [
      {
        call: /:TransactWrite/,
        code: 'InternalServerError',
        skip: luck.between(0, 3),
        times: luck.between(1, 5),
      },
    ],
  }),
  'the table can not be read': (luck) => ({
    faults: [{ call: /:(Query|GetItem)$/, code: 'InternalServerError', skip: luck.between(0, 6) }],
  }),
  'the process is killed': (luck) => ({ faults: [], callsLeft: luck.between(1, luck.pick([10, 60])) }),
  'the function is near its time-out': () => ({ faults: [], remainingMs: 9_000 }),
};

/** One thing or two that go wrong with this run. */
export function badWeather(luck: Luck, ids: readonly string[]): Weather {
  const names = [luck.pick(Object.keys(bad)), ...(luck.oneIn(3) ? [luck.pick(Object.keys(bad))] : [])];
  const made = names.map((name) => bad[name]?.(luck, ids) ?? { faults: [] });
  return Object.assign({ name: names.join(', ') }, ...made, { faults: made.flatMap(({ faults }) => faults) });
}
