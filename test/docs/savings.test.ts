import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { stillBilledRate } from '../../shared/compute/storage.ts';
import { formatMoney } from '../../shared/money.ts';
import { offHoursAfter } from '../../shared/schedule/off-period.ts';
import { countPeriods, monthSpan, savedIn } from '../../shared/schedule/savings.ts';
import { watchdog } from '../support/run.ts';
import { offPeriod, scheduleOf } from '../support/savings.ts';

const page = readFileSync(new URL('../../docs/savings.md', import.meta.url), 'utf8');

/** The machine of the example, started at that time. */
function exampleOf(startedAt: string) {
  const stoppedAt = '2026-10-23T17:25:00Z';
  const volumes = [{ type: 'gp3', sizeGb: 500 }];
  const prices = { volumes: new Map([['gp3', { perGb: 0.088 }]]) };
  const period = offPeriod({
    stoppedAt,
    offSince: stoppedAt,
    offHours: offHoursAfter(scheduleOf('Mon-Fri 08:00-19:00 Europe/Berlin'), stoppedAt),
    hourlyRate: 1.123,
    stillBilledHourlyRate: stillBilledRate({ volumes, addresses: 0 }, prices),
  });
  const ends = new Map([['ec2-instance#i-1', [startedAt]]]);
  const [counted] = countPeriods({ periods: [period], ends });
  if (!counted) throw new Error('No period');
  return savedIn(counted, monthSpan('2026-10'));
}

it('works its example out as the ledger does', () => {
  const { hours, dollars } = exampleOf('2026-10-26T06:48:00Z');
  const example = page.slice(page.indexOf('## An example'), page.indexOf('## How to read it'));
  expect(hours).toBeCloseTo(61 + 23 / 60, 10);
  for (const amount of [dollars?.gross, dollars?.stillBilled, dollars?.net]) {
    expect(example).toContain(formatMoney(amount ?? Number.NaN));
  }
  expect(example).toContain('61 h 23 min');
});

it('says until when its example would count at most', () => {
  expect(exampleOf('2026-10-26T08:30:00Z').hours).toBeCloseTo(61 + 35 / 60, 10);
  expect(page).toContain('61 h 35 min');
});

it('shows the figures of the sample account', async () => {
  const { stdout } = await watchdog(['savings', '--sample']);
  const rows = (text: string) => text.split('\n').map((line) => line.trim().replace(/\s+/g, ' '));
  const from = page.indexOf('savings --sample');
  const shown = rows(page.slice(from, page.indexOf('...', from)))
    .slice(1)
    .filter(Boolean);
  expect(shown).toHaveLength(6);
  expect(rows(stdout)).toEqual(expect.arrayContaining(shown));
});
