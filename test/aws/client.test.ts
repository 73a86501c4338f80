import { CostExplorerClient, GetCostAndUsageCommand } from '@aws-sdk/client-cost-explorer';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { addClientPlugin, createClient } from '../../shared/aws/client.ts';
import { readMeter, resetMeter } from '../../shared/aws/meter.ts';
import { startAws } from '../support/aws-server.ts';

const command = () =>
  new GetCostAndUsageCommand({
    TimePeriod: { Start: '2026-11-01', End: '2026-11-02' },
    Metrics: ['NetAmortizedCost'],
    Granularity: 'DAILY',
  });

const throttled = { status: 400, body: { __type: 'ThrottlingException', message: 'Rate exceeded' } };
const fine = { body: { ResultsByTime: [] } };

let aws: Awaited<ReturnType<typeof startAws>>;
afterEach(async () => {
  vi.restoreAllMocks();
  await aws.stop();
});

describe('a client', () => {
  it('asks again when it is throttled', async () => {
    aws = await startAws('COST_EXPLORER', [throttled, throttled, fine]);
    vi.spyOn(Math, 'random').mockReturnValue(0);
    const { $metadata } = await createClient(CostExplorerClient).send(command());
    expect($metadata.attempts).toBe(3);
    expect(aws.requests()).toBe(3);
  });

  it('waits longer from one attempt to the next, by chance and not in step with the others', async () => {
    const waits: number[] = [];
    for (const chance of [0, 0.05, 0.1]) {
      aws = await startAws('COST_EXPLORER', [throttled, throttled, fine]);
      vi.spyOn(Math, 'random').mockReturnValue(chance);
      const { $metadata } = await createClient(CostExplorerClient).send(command());
      waits.push($metadata.totalRetryDelay ?? Number.NaN);
      if (chance < 0.1) await aws.stop();
    }
    expect(waits[0]).toBe(0);
    expect(waits[1]).toBeGreaterThan(0);
    expect(waits[2]).toBe(2 * (waits[1] ?? 0));
  });

  it('gives up after five attempts, and keeps the code', async () => {
    aws = await startAws('COST_EXPLORER', Array(6).fill(throttled));
    vi.spyOn(Math, 'random').mockReturnValue(0);
    await expect(createClient(CostExplorerClient).send(command())).rejects.toMatchObject({
      name: 'ThrottlingException',
    });
    expect(aws.requests()).toBe(5);
  });

  it('counts each attempt, for AWS may charge each', async () => {
    aws = await startAws('COST_EXPLORER', [throttled, fine]);
    vi.spyOn(Math, 'random').mockReturnValue(0);
    resetMeter();
    await createClient(CostExplorerClient).send(command());
    expect(readMeter()).toEqual({
      calls: { 'CostExplorer:GetCostAndUsage': 2 },
      metricQueries: 0,
      cost: 0.02,
    });
  });

  it('does not ask again for what a person has to mend', async () => {
    const denied = {
      status: 400,
      body: {
        __type: 'AccessDeniedException',
        message:
          'User: arn:aws:sts::123456789012:assumed-role/w/s is not authorized to perform: ce:GetCostAndUsage',
      },
    };
    aws = await startAws('COST_EXPLORER', [denied]);
    await expect(createClient(CostExplorerClient).send(command())).rejects.toThrow(
      /^No permission for ce:GetCostAndUsage: see docs\/permissions.md/,
    );
    expect(aws.requests()).toBe(1);
  });

  it('passes each call through the plugins that were there when it was built', async () => {
    aws = await startAws('COST_EXPLORER', [fine, fine, fine]);
    const seen: string[] = [];
    const remove = addClientPlugin({
      applyToStack: (stack) =>
        stack.add(
          (next, { commandName }) =>
            (args) => {
              seen.push(String(commandName));
              return next(args);
            },
          { step: 'initialize' },
        ),
    });
    const during = createClient(CostExplorerClient);
    remove();
    await createClient(CostExplorerClient).send(command());
    expect(seen).toEqual([]);
    await during.send(command());
    expect(seen).toEqual(['GetCostAndUsageCommand']);
  });

  it('works in the region it is given, with the credentials it is given', async () => {
    aws = await startAws('COST_EXPLORER', []);
    const credentials = async () => ({ accessKeyId: 'role', secretAccessKey: 'secret' });
    const client = createClient(CostExplorerClient, { region: 'us-east-1', credentials });
    expect(await client.config.region()).toBe('us-east-1');
    expect(await client.config.credentials()).toMatchObject({ accessKeyId: 'role' });
    expect(await createClient(CostExplorerClient).config.region()).toBe('eu-west-1');
  });
});
