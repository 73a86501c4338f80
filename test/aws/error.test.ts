import type { Pluggable } from '@smithy/types';
import { describe, expect, it } from 'vitest';
import { errorCode, explainErrors } from '../../shared/aws/error.ts';
import { awsError } from '../support/aws-error.ts';

/** What a caller gets to see of an error that AWS answers a call with. */
async function seen(clientName: string, commandName: string, error: unknown): Promise<Error> {
  const plugin: Pluggable<object, object> = explainErrors;
  let outcome: unknown;
  plugin.applyToStack({
    add: async (middleware: (next: unknown, context: object) => (args: object) => Promise<unknown>) => {
      outcome = middleware(() => Promise.reject(error), { clientName, commandName })({ input: {} }).catch(
        (caught: unknown) => caught,
      );
    },
  } as never);
  return (await outcome) as Error;
}

describe('an error that people have to mend', () => {
  it.each([
    [
      'EC2Client',
      'DescribeInstancesCommand',
      'UnauthorizedOperation',
      'You are not authorized to perform this operation.',
      'ec2:DescribeInstances',
    ],
    [
      'EC2Client',
      'StopInstancesCommand',
      'UnauthorizedOperation',
      'You are not authorized to perform this operation. User: arn:aws:sts::123456789012:assumed-role/w/s is not authorized to perform: ec2:StopInstances on resource: i-0 because no identity-based policy allows it',
      'ec2:StopInstances',
    ],
    ['CostExplorerClient', 'GetCostAndUsageCommand', 'AccessDeniedException', 'No.', 'ce:GetCostAndUsage'],
    ['CloudWatchClient', 'GetMetricDataCommand', 'AccessDenied', 'No.', 'cloudwatch:GetMetricData'],
    ['SNSClient', 'PublishCommand', 'AuthorizationError', 'No.', 'sns:Publish'],
    ['SSMClient', 'GetParameterCommand', 'AccessDeniedException', 'No.', 'ssm:GetParameter'],
    [
      'SSMClient',
      'GetParameterCommand',
      'AccessDeniedException',
      'User: arn:aws:sts::123456789012:assumed-role/w/s is not authorized to perform: kms:Decrypt on resource: key/1',
      'kms:Decrypt',
    ],
    ['S3Client', 'ListObjectsV2Command', 'AccessDenied', 'Access Denied', 's3:ListBucket'],
    ['SQSClient', 'SendMessageBatchCommand', 'AccessDenied', 'No.', 'sqs:SendMessage'],
    [
      'DynamoDBClient',
      'TransactWriteItemsCommand',
      'AccessDeniedException',
      'User: arn is not authorized to perform: dynamodb:UpdateItem on resource: table/watchdog',
      'dynamodb:UpdateItem',
    ],
  ])(
    'names the permission that is missing and where it is written: %s %s',
    async (client, command, code, message, action) => {
      const error = await seen(client, command, awsError(code, message));
      expect(error.message).toBe(
        `No permission for ${action}: see docs/permissions.md for the policy it belongs to (${message})`,
      );
    },
  );

  const notEnabled = 'User not enabled for cost explorer access';

  it('says that Cost Explorer is not enabled, and where to do it', async () => {
    const own = awsError('AccessDeniedException', notEnabled);
    const error = await seen('CostExplorerClient', 'GetCostAndUsageCommand', own);
    expect(error.message).toContain('Cost Explorer is not enabled in this account: open it once');
    expect(error.message).toContain('docs/permissions.md#cost-explorer');
  });

  it('says so only of Cost Explorer', async () => {
    const own = awsError('ServiceUnavailable', notEnabled);
    expect(await seen('CloudWatchClient', 'GetMetricDataCommand', own)).toBe(own);
  });

  it('sends nobody to enable Cost Explorer where it has no data of a period', async () => {
    const own = awsError(
      'DataUnavailableException',
      'Data is not available. Please try to adjust the time period.',
    );
    expect(await seen('CostExplorerClient', 'GetCostAndUsageCommand', own)).toBe(own);
  });

  it('keeps its code, and the error of the SDK as its cause', async () => {
    const own = awsError('UnauthorizedOperation', 'No.');
    const error = await seen('EC2Client', 'DescribeInstancesCommand', own);
    expect([errorCode(error), error.cause]).toEqual(['UnauthorizedOperation', own]);
  });
});

describe('any other error', () => {
  it('stays as it is', async () => {
    const own = awsError('RequestLimitExceeded', 'Request limit exceeded.');
    expect(await seen('EC2Client', 'DescribeInstancesCommand', own)).toBe(own);
    expect(await seen('EC2Client', 'DescribeInstancesCommand', 'no error at all')).toBe('no error at all');
  });
});

describe('the code of an error', () => {
  it.each([
    [awsError('IncorrectInstanceState', 'No.'), 'IncorrectInstanceState'],
    [{ name: 'Throttling' }, 'Throttling'],
    [undefined, 'undefined'],
  ])('is its name: %s', (error, code) => {
    expect(errorCode(error)).toBe(code);
  });
});
