import { describe, expect, it } from 'vitest';
import { findMethod } from '../../shared/anomaly/methods/find-method.ts';
import { daysBetween } from '../../shared/period.ts';
import type { ChargeCategory } from '../../shared/spend/charge.ts';
import type { Scope } from '../../shared/spend/scope.ts';
import { compareMethods } from '../../shared/watch/compare-methods.ts';
import { backtestIncident, backtestResult, backtestSeries } from '../support/backtest.ts';

const series = { account: '210987654321', service: 'Amazon EC2' };

/** The half year of the sample series: 100 a day, 900 from 6 to 10 March. */
function historyOf(scope: Scope, category: ChargeCategory = 'Usage') {
  const { start, actual } = backtestSeries();
  const days = Int32Array.from(actual, (_, index) => daysBetween('1970-01-01', start) + index);
  return { scope, category, days, observed: days.map((day) => day + 1), amounts: actual };
}

const recordOf = (...histories: ReturnType<typeof historyOf>[]) => ({
  currency: 'USD',
  dimensions: ['account', 'service'],
  bitemporal: false,
  histories,
});

const method = findMethod('weekday-median') ?? expect.fail('no such method');

describe('another method over the same spend', () => {
  it('alarms on each day of the leak anew, all of them on our incident', () => {
    const [row] = compareMethods(recordOf(historyOf(series)), backtestResult(), [method], 25);
    expect(row).toEqual({
      method: 'weekday-median',
      alarms: 5,
      alarmsPerMonth: expect.closeTo(0.84, 2),
      onIncidents: 5,
      others: 0,
      incidentsSeen: 1,
    });
  });

  it('is on its own where we told nothing of that series, or at that time', () => {
    const other = historyOf({ account: '345678901234', service: 'Amazon EC2' });
    expect(compareMethods(recordOf(other), backtestResult(), [method], 25)).toMatchObject([
      { alarms: 5, onIncidents: 0, others: 5, incidentsSeen: 0 },
    ]);
    const later = backtestResult({
      incidents: [backtestIncident({ start: '2026-05-01', detected: '2026-05-02', end: '2026-05-04' })],
    });
    expect(compareMethods(recordOf(historyOf(series)), later, [method], 25)).toMatchObject([
      { alarms: 5, onIncidents: 0, others: 5, incidentsSeen: 0 },
    ]);
  });

  it('has seen an incident that we told of the whole account', () => {
    const result = backtestResult({
      incidents: [backtestIncident({ series: { account: series.account } })],
    });
    expect(compareMethods(recordOf(historyOf(series)), result, [method], 25)).toMatchObject([
      { onIncidents: 5, incidentsSeen: 1 },
    ]);
  });

  it('keeps to the same floor, and judges usage alone', () => {
    expect(compareMethods(recordOf(historyOf(series)), backtestResult(), [method], 1_000)).toMatchObject([
      { alarms: 0 },
    ]);
    expect(compareMethods(recordOf(historyOf(series, 'Tax')), backtestResult(), [method], 25)).toMatchObject([
      { alarms: 0 },
    ]);
  });

  it('tells how far it is', () => {
    const steps: string[] = [];
    const record = recordOf(historyOf(series), historyOf({ service: 'Amazon S3' }));
    compareMethods(record, backtestResult(), [method, method], 25, (done, of) => steps.push(`${done}/${of}`));
    expect(steps).toEqual(['0/4', '1/4', '2/4', '3/4']);
  });
});
