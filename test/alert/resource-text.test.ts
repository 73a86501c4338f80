import { describe, expect, it } from 'vitest';
import { calledText } from '../../shared/alert/resource-text.ts';

describe('what a resource is called', () => {
  it.each([
    ['ec2-instance', 'trainer', 'g5.xlarge', 1, 'trainer (g5.xlarge)'],
    ['sagemaker-endpoint', 'ranker', 'ml.g5.2xlarge', 2, 'Endpoint ranker (2 x ml.g5.2xlarge)'],
    ['sagemaker-app', 'dana-lab', 'ml.g5.xlarge', 1, 'Studio app dana-lab (ml.g5.xlarge)'],
    ['container-gpus', 'search/trainer', 'g5.12xlarge', 2, 'Workload search/trainer (2 GPUs of g5.12xlarge)'],
    ['container-gpus', 'search/trainer', '', 1, 'Workload search/trainer (1 GPU)'],
    ['bedrock-throughput', 'sums', 'amazon.titan', 1, 'Provisioned throughput sums (1 unit of amazon.titan)'],
    ['bedrock-model', 'amazon.nova-pro-v1:0', 'amazon.nova-pro-v1:0', 1, 'amazon.nova-pro-v1:0'],
  ] as const)('%s %s of type %j, %i of them: %s', (kind, name, type, count, called) => {
    expect(calledText({ kind, name, type, count })).toBe(called);
  });
});
