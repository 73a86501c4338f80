import { CostExplorerClient, GetCostAndUsageCommand } from '@aws-sdk/client-cost-explorer';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createClient } from '../../shared/aws/client.ts';
import { readMeter, resetMeter } from '../../shared/aws/meter.ts';
import { isThrottling, untilThrottled } from '../../shared/aws/throttling.ts';
import { awsError } from '../support/aws-error.ts';
import { startAws } from '../support/aws-server.ts';

const throttled = {
  status: 503,
  body: { __type: 'RequestLimitExceeded', message: 'Request limit exceeded.' },
};
const broken = { status: 500, body: { __type: 'InternalError', message: 'An internal error has occurred.' } };
const fine = { body: { ResultsByTime: [] } };

const send = (final?: ReadonlySet<string>) =>
  createClient(CostExplorerClient).send(
    untilThrottled(
      new GetCostAndUsageCommand({
        TimePeriod: { Start: '2026-11-01', End: '2026-11-02' },
        Metrics: ['NetAmortizedCost'],
        Granularity: 'DAILY',
      }),
      final,
    ),
  );

let aws: Awaited<ReturnType<typeof startAws>>;

describe('a command that is sent until it is throttled', () => {
  afterEach(async () => {
    vi.restoreAllMocks();
    await aws.stop();
  });

  it('is told of it by the first attempt, with the code, the message and the count of calls', async () => {
    aws = await startAws('COST_EXPLORER', [throttled, fine]);
    resetMeter();
    await expect(send()).rejects.toMatchObject({
      name: 'RequestLimitExceeded',
      message: 'Request limit exceeded.',
      $metadata: { httpStatusCode: 503, attempts: 1 },
    });
    expect(aws.requests()).toBe(1);
    expect(readMeter().calls).toEqual({ 'CostExplorer:GetCostAndUsage': 1 });
  });

  it('is still sent again by the SDK after an error of the server', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0);
    aws = await startAws('COST_EXPLORER', [broken, broken, fine]);
    expect((await send()).$metadata.attempts).toBe(3);
    expect(aws.requests()).toBe(3);
  });

  it('is told at once of an error that another call would only repeat, whatever its status', async () => {
    aws = await startAws('COST_EXPLORER', [broken, fine]);
    await expect(send(new Set(['InternalError']))).rejects.toMatchObject({ name: 'InternalError' });
    expect(aws.requests()).toBe(1);
  });

  it('counts the attempts before the one that was throttled', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0);
    aws = await startAws('COST_EXPLORER', [broken, throttled, fine]);
    resetMeter();
    await expect(send()).rejects.toMatchObject({ name: 'RequestLimitExceeded' });
    expect(readMeter().calls).toEqual({ 'CostExplorer:GetCostAndUsage': 2 });
  });
});

describe('throttling', () => {
  it.each(['RequestLimitExceeded', 'Throttling', 'ThrottlingException', 'TooManyRequestsException'])(
    'is what %s says',
    (code) => expect(isThrottling(awsError(code, ''))).toBe(true),
  );

  it.each(['UnauthorizedOperation', 'InternalError', 'TimeoutError', 'LimitExceededException'])(
    'is not what %s says',
    (code) => expect(isThrottling(awsError(code, ''))).toBe(false),
  );
});
