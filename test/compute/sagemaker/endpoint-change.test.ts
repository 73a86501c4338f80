import { expect, it } from 'vitest';
import { changeSince } from '../../../shared/compute/sagemaker/endpoint-change.ts';

const one = { name: 'AllTraffic', instances: 1, weight: 1 };

it.each([
  ['nothing', [one], [one], undefined],
  ['other digits of one weight', [{ ...one, weight: 0.1 }], [{ ...one, weight: 0.10000000149 }], undefined],
  [
    'more instances',
    [{ ...one, instances: 2 }],
    [one],
    '2 instances of AllTraffic where its configuration says 1',
  ],
  [
    'instances that nobody tells',
    [{ ...one, instances: undefined }],
    [one],
    'unknown instances of AllTraffic where its configuration says 1',
  ],
  [
    'a weight',
    [{ ...one, weight: 0.5 }],
    [one],
    'a weight of 0.5 of AllTraffic where its configuration says 1',
  ],
  [
    'executions kept ready',
    [{ name: 'a', weight: 1, concurrency: 4 }],
    [{ name: 'a', weight: 1 }],
    '4 executions kept ready of a where its configuration says nothing',
  ],
  ['a variant', [{ ...one, name: 'shadow' }], [one], 'its configuration has no variant shadow'],
])('sees that %s has changed', (_, current, configured, text) => {
  expect(changeSince(current, configured)).toBe(text);
});
