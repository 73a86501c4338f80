import { afterAll, beforeAll, expect, it } from 'vitest';
import { openSampleAccount, type SampleAccount } from '../../cli/sample/account.ts';
import event from '../../events/send-digests.json' with { type: 'json' };
import watchSpend from '../../events/watch-spend.json' with { type: 'json' };
import { getRunDays } from '../../shared/store/heartbeats.ts';
import { openTable } from '../../shared/store/table.ts';
import { context } from '../support/context.ts';

let sample: SampleAccount;
beforeAll(async () => {
  sample = await openSampleAccount({ now: watchSpend.time });
});
afterAll(() => sample.close());

const handle = async (given: unknown) => {
  const { handler } = await import('../../functions/send-digests.ts');
  return handler(given, context);
};

const costExplorerCalls = () =>
  sample.calls.filter((call) => JSON.stringify(call).includes('GetCostAndUsage')).length;

it('sends one digest of the bill that watch-spend has read, and asks Cost Explorer nothing', async () => {
  const { handler } = await import('../../functions/watch-spend.ts');
  await handler(watchSpend, context);
  sample.queues.receive(process.env['ALERT_QUEUE_URL'] ?? '', 10);
  const before = costExplorerCalls();
  sample.setNow(event.time);
  expect(await handle(event)).toEqual({
    recorded: ['digest/weekly/2026-11-07/whole'],
    alerts: 1,
    mailed: [],
  });
  expect(costExplorerCalls()).toBe(before);
  const [message] = sample.queues.receive(process.env['ALERT_QUEUE_URL'] ?? '', 10);
  const alert = JSON.parse(message?.body ?? '{}');
  expect(alert.title).toMatch(/^Weekly digest, 7 to 13 Nov: \$\d\d,\d{3}, \d+ % (more|less) than/);
  expect(alert.items).toContainEqual(expect.stringMatching(/Amazon EC2 in ml-dev.*incident since 13 Nov/));
  expect(alert.chart.actual).toHaveLength(7);
});

it('sends nothing when the same event comes again, nor in the hours after', async () => {
  expect(await handle(event)).toMatchObject({ recorded: [], alerts: 0 });
  expect(await handle({ ...event, time: '2026-11-16T12:05:00Z' })).toMatchObject({ recorded: [], alerts: 0 });
});

it('records its own success and cost, as watch-spend has done', async () => {
  const days = await getRunDays(openTable(process.env['TABLE_NAME'] ?? ''));
  expect(days).toEqual([
    {
      name: 'send-digests',
      date: '2026-11-16',
      runs: 3,
      cost: expect.any(Number),
      lastSuccess: '2026-11-16T12:05:00Z',
    },
    expect.objectContaining({ name: 'watch-spend', runs: 1, lastSuccess: watchSpend.time }),
  ]);
  const [digests, spend] = days;
  expect(spend?.cost).toBeGreaterThan(0.06); // its requests to Cost Explorer
  expect(digests?.cost).toBeLessThan(0.001);
});

it('rejects an event without a time before any work', async () => {
  const before = sample.calls.length;
  await expect(handle({ source: 'aws.events' })).rejects.toThrow('Unexpected event');
  expect(sample.calls).toHaveLength(before);
});
