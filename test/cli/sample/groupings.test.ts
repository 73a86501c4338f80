import { CostExplorerClient } from '@aws-sdk/client-cost-explorer';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSampleAccount, type SampleAccount } from '../../../cli/sample/account.ts';
import { createClient } from '../../../shared/aws/client.ts';
import { getUsage } from '../../../shared/aws/cost-explorer.ts';
import { byAccount, byUsageType, type Grouping } from '../../../shared/spend/grouping.ts';

let sample: SampleAccount;
beforeEach(async () => {
  sample = await openSampleAccount();
});
afterEach(() => sample.close());

const period = { start: '2026-11-02', end: '2026-11-09' };

const usageBy = (grouping: Grouping) =>
  getUsage(createClient(CostExplorerClient), { grouping, period }, ['Usage'], async () => undefined);

describe('the bill of the sample account', () => {
  it.each([
    ['usage type', byUsageType],
    ['team', ['team']],
    ['a tag that is not activated', ['nobody-has-it']],
  ])('adds up to the same by %s as by account', async (_, grouping) => {
    const total = (charges: readonly { amount: number }[]) =>
      charges.reduce((sum, { amount }) => sum + amount, 0);
    expect(total(await usageBy(grouping))).toBeCloseTo(total(await usageBy(byAccount)), 6);
  });

  it('has each team, and untagged spend once a day', async () => {
    const charges = await usageBy(['team']);
    const untagged = charges.filter(({ scope }) => scope['team'] === '');
    expect(untagged.map(({ date }) => date)).toEqual([...new Set(charges.map(({ date }) => date))]);
    expect(new Set(charges.map(({ scope }) => scope['team'])).size).toBeGreaterThan(2);
  });
});
