import { expect, it } from 'vitest';
import { floorOf } from '../../shared/anomaly/floors.ts';
import { parseConfig } from '../../shared/config.ts';

const { spend } = parseConfig({
  spend: {
    floor: 25,
    floors: [
      { account: '210987654321', floor: 100 },
      { service: 'Amazon Bedrock', floor: 5 },
      { account: '210987654321', service: 'Amazon EC2', floor: 400 },
      { team: 'research', floor: 0 },
    ],
  },
});

it.each([
  ['all of the spend', {}, 25],
  ['an account that no entry names', { account: '123456789012' }, 25],
  ['an account that one names', { account: '210987654321' }, 100],
  ['what lies within it', { account: '210987654321', service: 'Amazon S3' }, 100],
  ['what a more specific entry names', { account: '210987654321', service: 'Amazon EC2' }, 400],
  [
    'what two equally specific entries name: the lower',
    { account: '210987654321', service: 'Amazon Bedrock' },
    5,
  ],
  ['a scope whose floor is none', { team: 'research' }, 0],
  ['a sum around the scope of an entry', { service: 'Amazon EC2' }, 25],
])('the floor of %s', (_, scope, floor) => {
  expect(floorOf(spend, scope)).toBe(floor);
});

it('is the general one where no entry says otherwise', () => {
  expect(floorOf({ floor: 25, floors: [] }, { account: '210987654321' })).toBe(25);
});
