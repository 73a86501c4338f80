import { CostExplorerClient, GetCostAndUsageCommand } from '@aws-sdk/client-cost-explorer';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { InputError } from '../../cli/input-error.ts';
import { fetchSpend } from '../../cli/spend-source.ts';
import { daysBetween } from '../../shared/period.ts';
import { costPage } from '../support/spend.ts';

const mock = mockClient(CostExplorerClient);
const client = new CostExplorerClient({ region: 'us-east-1' });
const period = { start: '2026-11-14', end: '2026-11-16' };
const first = daysBetween('1970-01-01', period.start);

beforeEach(() => mock.reset());

describe('a history from Cost Explorer', () => {
  it('is the usage of each account and service, and the rest apart, every day final', async () => {
    mock
      .on(GetCostAndUsageCommand)
      .resolvesOnce(
        costPage([
          ['2026-11-14', ['Usage', 'Amazon S3'], 3],
          ['2026-11-14', ['Credit', 'Amazon S3'], -1],
        ]),
      )
      .resolvesOnce(
        costPage([
          ['2026-11-15', ['210987654321', 'Amazon S3'], 2],
          ['2026-11-14', ['210987654321', 'Amazon S3'], 1],
        ]),
      );
    const record = await fetchSpend(client, period);
    expect(record).toMatchObject({ currency: 'USD', dimensions: ['account', 'service'], bitemporal: false });
    expect(record.histories.filter(({ category }) => category === 'Usage')).toEqual([
      {
        scope: { account: '210987654321', service: 'Amazon S3' },
        category: 'Usage',
        days: Int32Array.of(first, first + 1),
        observed: Int32Array.of(first + 1, first + 2),
        amounts: Float64Array.of(1, 2),
      },
    ]);
    expect(record.histories.filter(({ category }) => category !== 'Usage')).toMatchObject([
      { category: 'Credit', amounts: Float64Array.of(-1) },
    ]);
  });

  it('counts each request, with what it costs', async () => {
    mock.on(GetCostAndUsageCommand).resolves(costPage([['2026-11-14', ['Usage', 'Amazon S3'], 3]]));
    const told: string[] = [];
    await fetchSpend(client, period, (text) => told.push(text));
    expect(told).toEqual([
      'reading Cost Explorer: request 1, $0.01',
      'reading Cost Explorer: request 2, $0.02',
    ]);
  });

  it('without a charge says so', async () => {
    mock.on(GetCostAndUsageCommand).resolves(costPage([]));
    await expect(fetchSpend(client, period)).rejects.toThrow(
      new InputError('nothing was charged from 2026-11-14 to before 2026-11-16'),
    );
  });

  it('in two currencies is refused: they do not add up', async () => {
    mock
      .on(GetCostAndUsageCommand)
      .resolvesOnce(
        costPage(
          [
            ['2026-11-14', ['Usage', 'Amazon S3'], 3],
            ['2026-11-14', ['Credit', 'Amazon S3'], -1],
          ],
          { currency: 'CNY' },
        ),
      )
      .resolvesOnce(costPage([['2026-11-14', ['210987654321', 'Amazon S3'], 3]]));
    await expect(fetchSpend(client, period)).rejects.toThrow("Amounts in USD and CNY can't be added");
  });
});
