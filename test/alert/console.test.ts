import { describe, expect, it } from 'vitest';
import { instancesLink, resourceLink } from '../../shared/alert/console.ts';
import type { ResourceKind } from '../../shared/compute/resource.ts';

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

describe('a link to a resource', () => {
  const page = (kind: ResourceKind, id: string, name = id): string | undefined =>
    resourceLink({ kind, region: 'eu-west-1', id, name })[0]?.url;

  it.each([
    ['sagemaker-endpoint', 'ranker', 'sagemaker/home?region=eu-west-1#/endpoints/ranker'],
    ['sagemaker-notebook', 'dana', 'sagemaker/home?region=eu-west-1#/notebook-instances/dana'],
    ['sagemaker-app', 'd-1/space/x/JupyterLab/default', 'sagemaker/home?region=eu-west-1#/studio/d-1'],
    ['sagemaker-training-job', 'pretrain', 'sagemaker/home?region=eu-west-1#/jobs/pretrain'],
    ['bedrock-throughput', 'arn:x', 'bedrock/home?region=eu-west-1#/provisioned-throughput'],
    ['ec2-instance', 'i-1', 'ec2/home?region=eu-west-1#Instances:instanceId=i-1'],
  ] as const)('of kind %s with id %s', (kind, id, path) => {
    expect(page(kind, id)).toBe(`https://eu-west-1.console.aws.amazon.com/${path}`);
  });

  it('shows a node in its cluster', () => {
    expect(page('hyperpod-node', 'i-1', 'research/workers')).toMatch(/#\/cluster-management\/research$/);
  });

  it('lets no name lead elsewhere', () => {
    expect(page('sagemaker-endpoint', 'a?b#c d')).toMatch(/#\/endpoints\/a%3Fb%23c%20d$/);
  });
});
