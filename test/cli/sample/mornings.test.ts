import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSampleAccount, type SampleAccount } from '../../../cli/sample/account.ts';
import watchSpend from '../../../events/watch-spend.json' with { type: 'json' };
import { datesOf, type IsoDate } from '../../../shared/period.ts';
import { context } from '../../support/context.ts';

let sample: SampleAccount;
beforeEach(async () => {
  sample = await openSampleAccount();
});
afterEach(() => sample.close());

type Alert = { id: string; title: string };

/** What the run on a morning tells: its date, what has happened, and the alert's title. */
async function toldOn(date: IsoDate): Promise<[IsoDate, string, string][]> {
  const { handler } = await import('../../../functions/watch-spend.ts');
  const time = `${date}T06:00:00Z`;
  sample.setNow(time);
  await handler({ ...watchSpend, time }, context);
  const url = process.env['ALERT_QUEUE_URL'] ?? '';
  return sample.queues.receive(url).map(({ body, receiptHandle }) => {
    sample.queues.remove(url, receiptHandle);
    const { id, title } = JSON.parse(body) as Alert;
    return [date, id.split('/').at(-1) ?? '', title];
  });
}

async function toldBetween(start: IsoDate, end: IsoDate): Promise<[IsoDate, string, string][]> {
  const told: [IsoDate, string, string][] = [];
  for (const date of datesOf({ start, end })) told.push(...(await toldOn(date)));
  return told;
}

describe('the watch, run on every morning of the sample account', () => {
  it('tells the two leaks of November when they begin, when they have grown, and when they are normal', async () => {
    expect(await toldBetween('2026-11-10', '2026-12-09')).toEqual([
      ['2026-11-14', 'opened', 'Amazon EC2 in ml-dev: $291.13 a day above expected since 13 Nov'],
      ['2026-11-15', 'opened', 'Amazon Bedrock in ml-prod: $867.33 a day above expected since 14 Nov'],
      [
        '2026-11-18',
        'grown-1',
        'Amazon EC2 in ml-dev: $1,865.38 a day above expected by now, $5,295.55 since 13 Nov',
      ],
      [
        '2026-11-23',
        'grown-1',
        'Amazon Bedrock in ml-prod: $1,003.24 a day above expected by now, $8,849.86 since 14 Nov',
      ],
      [
        '2026-11-26',
        'grown-2',
        'Amazon EC2 in ml-dev: $1,902.23 a day above expected by now, $21,305 since 13 Nov',
      ],
      [
        '2026-12-06',
        'accepted',
        'Amazon EC2 in ml-dev: $1,913.97 a day more is the new normal, $37,274 since 13 Nov',
      ],
      [
        '2026-12-07',
        'accepted',
        'Amazon Bedrock in ml-prod: $998.49 a day more is the new normal, $20,847 since 14 Nov',
      ],
    ]);
  }, 60_000);

  it('tells what began weeks before its first run and became normal, and the leak of September when it is over', async () => {
    expect(await toldBetween('2026-09-07', '2026-09-16')).toEqual([
      [
        '2026-09-07',
        'opened',
        'Amazon OpenSearch Service in ml-platform: $26.40 a day above expected ever since 3 Aug',
      ],
      ['2026-09-09', 'opened', 'EC2 - Other in ml-platform: $132.99 a day above expected since 8 Sept'],
      [
        '2026-09-15',
        'recovered',
        'EC2 - Other in ml-platform: back to normal, $505.04 above expected from 8 Sept to 10 Sept',
      ],
    ]);
  }, 60_000);
});
