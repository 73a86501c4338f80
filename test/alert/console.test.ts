import { describe, expect, it } from 'vitest';
import { instancesLink } from '../../shared/alert/console.ts';

describe('a link to the EC2 console', () => {
  it.each([
    [
      'eu-west-1',
      'https://eu-west-1.console.aws.amazon.com/ec2/home?region=eu-west-1#Instances:instanceId=i-1',
    ],
    [
      'cn-north-1',
      'https://cn-north-1.console.amazonaws.cn/ec2/home?region=cn-north-1#Instances:instanceId=i-1',
    ],
    [
      'us-gov-west-1',
      'https://us-gov-west-1.console.amazonaws-us-gov.com/ec2/home?region=us-gov-west-1#Instances:instanceId=i-1',
    ],
  ])('leads to the console of %s', (region, url) => {
    expect(instancesLink(region, ['i-1'])).toEqual([{ label: 'Instance in the EC2 console', url }]);
  });

  it('shows twenty instances at most, and needs one at least', () => {
    const ids = Array.from({ length: 50 }, (_, index) => `i-${index}`);
    expect(instancesLink('eu-west-1', ids)[0]?.url).toMatch(/#Instances:instanceId=i-0,.*,i-19$/);
    expect(instancesLink('eu-west-1', [])).toEqual([]);
  });
});
