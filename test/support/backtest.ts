import { addDays, daysBetween } from '../../shared/period.ts';
import type { Scope } from '../../shared/spend/scope.ts';
import type { BacktestIncident, BacktestResult, BacktestSeries } from '../../shared/watch/backtest.ts';

/** A forgotten machine: told on its second day, stopped four days later. */
export const backtestIncident = (incident: Partial<BacktestIncident> = {}): BacktestIncident => ({
  id: '210987654321/Amazon EC2/2026-03-06',
  series: { account: '210987654321', service: 'Amazon EC2' },
  folded: [{ account: '210987654321' }, {}],
  kind: 'rise',
  status: 'recovered',
  start: '2026-03-06',
  detected: '2026-03-07',
  end: '2026-03-11',
  expected: 100,
  actual: 900,
  impact: 4_000,
  impactAfterAlert: 3_200,
  excessPerDay: 800,
  severity: 'critical',
  reason: '$900.00 on a day that should cost $100.00, and for which up to $130.00 would be usual.',
  told: [
    {
      date: '2026-03-07',
      change: 'opened',
      title: 'Amazon EC2 in ml-dev: $800.00 a day above expected since 6 Mar',
      summary: '$900.00 on a day that should cost $100.00.',
    },
    {
      date: '2026-03-13',
      change: 'recovered',
      title: 'Amazon EC2 in ml-dev: back to normal, $4,000.00 above expected from 6 Mar to 10 Mar',
      summary: '',
    },
  ],
  ...incident,
});

/** A series over the first half of 2026 that costs 100 a day, and 900 from 6 to 10 March. */
export const backtestSeries = (series: Scope = backtestIncident().series): BacktestSeries => {
  const start = '2026-01-01';
  const days = daysBetween(start, '2026-07-01');
  const isJudged = (index: number) => index >= 21;
  const isLeak = (index: number) => {
    const date = addDays(start, index);
    return date >= '2026-03-06' && date < '2026-03-11';
  };
  const fill = (amountOf: (index: number) => number) =>
    Float64Array.from({ length: days }, (_, index) => amountOf(index));
  return {
    series,
    start,
    actual: fill((index) => (isLeak(index) ? 900 : 100)),
    expected: fill((index) => (isJudged(index) ? 100 : Number.NaN)),
    limit: fill((index) => (isJudged(index) ? 130 : Number.NaN)),
  };
};

/** What half a year of one such series comes to. */
export const backtestResult = (result: Partial<BacktestResult> = {}): BacktestResult => ({
  period: { start: '2026-01-01', end: '2026-07-01' },
  currency: 'USD',
  days: 181,
  series: 2,
  tooShort: 0,
  sensitivity: 'balanced',
  floor: 25,
  bitemporal: false,
  incidents: [backtestIncident()],
  summary: {
    text: 'In 6 months: 1 alert, 1 leak worth $4,000.00, $3,200.00 of it after the first alert.',
    alerts: 1,
    incidents: 1,
    impact: 4_000,
    impactAfterAlert: 3_200,
    alertsPerMonth: 0.17,
  },
  apart: { Tax: 1_000, Credit: -200 },
  walks: [backtestSeries(), backtestSeries({ account: '345678901234', service: 'Amazon S3' })],
  ...result,
});

/** A year and more of many noisy series, five of six of which leaked for some days; the same in each run. */
export function busyYear({ series: count, days }: { series: number; days: number }) {
  const start = '2025-10-12';
  const usage = new Float64Array(days);
  const walks = Array.from({ length: count }, (_, index) => noisyWalk(index, start, days));
  for (const { actual } of walks) {
    for (const [day, amount] of actual.entries()) usage[day] = (usage[day] ?? 0) + amount;
  }
  const incidents = walks.flatMap(({ series }, index) => {
    if (index % 6 === 5) return [];
    const { from, to } = leakOf(index, days);
    const [first, end] = [addDays(start, from), addDays(start, to)];
    return [
      backtestIncident({
        id: `incident-${index}`,
        series,
        start: first,
        detected: addDays(first, 1),
        end,
        told: [
          {
            date: addDays(first, 1),
            change: 'opened',
            title: 'It costs more',
            summary: 'Find what uses it.',
          },
          { date: addDays(end, 2), change: 'recovered', title: 'Back to normal', summary: '' },
        ],
      }),
    ];
  });
  const result = backtestResult({
    period: { start, end: addDays(start, days) },
    days,
    series: count,
    incidents,
    walks,
  });
  return { result, usage };
}

const leakOf = (index: number, days: number) => {
  const from = 40 + ((index * 37) % (days - 70));
  return { from, to: from + 3 + (index % 18) };
};

function noisyWalk(index: number, start: string, days: number): BacktestSeries {
  const base = 20 + ((index * 7919) % 900);
  const leak = leakOf(index, days);
  const isLeaking = (day: number) => index % 6 !== 5 && day >= leak.from && day < leak.to;
  const usual = (day: number) => base * ((day + index) % 7 < 5 ? 1 : 0.4);
  const noise = (day: number) => 0.9 + 0.2 * Math.abs(Math.sin(day * 12.9898 + index * 78.233));
  const fill = (amountOf: (day: number) => number) =>
    Float64Array.from({ length: days }, (_, day) => amountOf(day));
  return {
    series: { account: String(100_000_000_000 + (index % 9)), service: `Service ${index}` },
    start,
    actual: fill((day) => usual(day) * noise(day) + (isLeaking(day) ? 3 * base : 0)),
    expected: fill((day) => (day < 21 ? Number.NaN : usual(day))),
    limit: fill((day) => (day < 21 ? Number.NaN : usual(day) * 1.3 + 10)),
  };
}
