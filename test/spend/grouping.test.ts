import { describe, expect, it } from 'vitest';
import { groupingKey, groupingKeyOf, tagDimension, tagKeyOf } from '../../shared/spend/grouping.ts';

describe('a grouping', () => {
  it.each([
    ['team', 'team'],
    ['aws:createdBy', 'aws:createdBy'],
    ['service', 'tag:service'],
    ['tag:service', 'tag:tag:service'],
  ])('follows the tag %s as %s, and finds its key again', (key, dimension) => {
    expect(tagDimension(key)).toBe(dimension);
    expect(tagKeyOf(dimension)).toBe(key);
  });

  it.each(['account', 'service', 'region', 'usageType'])('takes %s for no tag', (dimension) => {
    expect(tagKeyOf(dimension)).toBeUndefined();
  });

  it('is the same in any order, and that of a scope with its dimensions', () => {
    expect(groupingKey(['service', 'account'])).toBe(
      groupingKeyOf({ account: '210987654321', service: 'EC2' }),
    );
  });
});
