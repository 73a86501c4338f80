import { afterAll, beforeAll, expect, it } from 'vitest';
import { openSampleAccount, type SampleAccount } from '../../cli/sample/account.ts';
import watchSpend from '../../events/watch-spend.json' with { type: 'json' };
import { context } from '../support/context.ts';

let sample: SampleAccount;
beforeAll(async () => {
  sample = await openSampleAccount({ now: watchSpend.time, groupsPerPage: 2000 });
});
afterAll(() => sample.close());

const handle = async (event: unknown) => {
  const { handler } = await import('../../functions/watch-spend.ts');
  return handler(event, context);
};

const calls = (command: string) =>
  sample.calls.filter((call) => JSON.stringify(call).includes(command)).length;

it('finds the two leaks of the sample account over several pages, and nothing in its fees and rhythms', async () => {
  const result = await handle(watchSpend);
  expect(result).toMatchObject({ opened: 2, grown: 0, recovered: 0, alerts: 2 });
  const { series, seriesStates } = result as { series: number; seriesStates: Record<string, number> };
  expect(seriesStates).toMatchObject({ incident: 2, held: 0 });
  expect(Object.values(seriesStates).reduce((sum, count) => sum + count)).toBe(series);
  const messages = sample.queues.receive(process.env['ALERT_QUEUE_URL'] ?? '', 10);
  const titles = messages.map(({ body }) => (JSON.parse(body) as { title: string }).title);
  expect(titles.toSorted()).toEqual([
    expect.stringMatching(/^Amazon Bedrock in ml-prod: \$\d+\.\d\d a day above expected since 14 Nov$/),
    expect.stringMatching(/^Amazon EC2 in ml-dev: \$\d+\.\d\d a day above expected since 13 Nov$/),
  ]);
});

it('does nothing when the same event comes again', async () => {
  const before = calls('GetCostAndUsage');
  expect(before).toBeGreaterThan(6);
  expect(await handle(watchSpend)).toMatchObject({ requests: 0, opened: 0, alerts: 0 });
  expect(calls('GetCostAndUsage')).toBe(before);
});

it('rejects an event without a time before any work', async () => {
  const before = sample.calls.length;
  await expect(handle({ source: 'aws.events' })).rejects.toThrow('Unexpected event');
  expect(sample.calls).toHaveLength(before);
});
