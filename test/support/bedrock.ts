import { type ModelUse, toUse } from '../../shared/compute/bedrock.ts';
import type { Throughput } from '../../shared/compute/bedrock-throughput.ts';
import type { Series, Window } from '../../shared/compute/metric.ts';

type Counts = number | ((at: number) => number | undefined) | undefined;

/** A count for each hour of a window. */
const hourly = ({ start, end }: Window, counts: Counts): Series => ({
  points: Array.from({ length: (Date.parse(end) - Date.parse(start)) / 3_600_000 }, (_, index) => {
    const at = Date.parse(start) + index * 3_600_000;
    return { at, value: typeof counts === 'function' ? counts(at) : counts };
  }).flatMap(({ at, value }) => (value === undefined ? [] : [{ at, value }])),
});

export type Calls = {
  invocations?: Counts;
  input?: Counts;
  output?: Counts;
  cacheRead?: Counts;
  cacheWrite?: Counts;
};

/** What a model did: of what isn't given there is no metric. */
export const used = (window: Window, calls: Calls, failure?: string): ModelUse => {
  const of = (counts: Counts): Series[] =>
    counts === undefined ? [] : [{ ...hourly(window, counts), ...(failure && { failure }) }];
  return toUse(
    {
      invocations: of(calls.invocations),
      input: of(calls.input),
      output: of(calls.output),
      cacheRead: of(calls.cacheRead),
      cacheWrite: of(calls.cacheWrite),
    },
    window,
  );
};

/** One model unit that nothing is odd about. */
export const throughput = (given: Partial<Throughput> = {}): Throughput => ({
  name: 'summaries',
  arn: 'arn:aws:bedrock:eu-west-1:210987654321:provisioned-model/3f2a9c81d0b7',
  model: 'amazon.nova-lite-v1:0:300k',
  units: 1,
  status: 'InService',
  createdAt: '2026-09-01T08:00:00Z',
  changedAt: '2026-09-01T08:00:00Z',
  ...given,
});
