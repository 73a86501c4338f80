import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type BacktestReport, backtestPage } from '../../cli/backtest-page.ts';
import { backtestIncident, backtestResult, backtestSeries, busyYear } from '../support/backtest.ts';

const pageOf = (report: Partial<BacktestReport> = {}): string => {
  const result = report.result ?? backtestResult();
  return backtestPage({
    result,
    usage: new Float64Array(181).fill(200),
    source: 'spend.csv',
    accountNames: { '210987654321': 'ml-dev' },
    ...report,
  });
};

/** The text between tags, in one line. */
const textOf = (page: string): string =>
  page
    .replace(/<(style|script)[^>]*>.*?<\/\1>/gs, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ');

describe('the page of a backtest', () => {
  it('begins with what it was worth', () => {
    const text = textOf(pageOf());
    expect(text).toContain(
      'In 6 months: 1 alert, 1 leak worth $4,000.00, $3,200.00 of it after the first alert',
    );
    expect(text).toContain('Leaked $4,000.00 11 % of $36,200 of usage');
    expect(text).toContain('From leak to alert 1 day');
  });

  it('tells of an incident where, since when, what it cost, and what would have been said and when', () => {
    const text = textOf(pageOf());
    expect(text).toContain('1. Amazon EC2 in ml-dev');
    expect(text).toContain('Since 6 Mar 2026 5 days');
    expect(text).toContain('Told 7 Mar 2026 the next morning');
    expect(text).toContain('A day $900.00 $100.00 expected');
    expect(text).toContain('7 Mar 2026 Amazon EC2 in ml-dev: $800.00 a day above expected since 6 Mar');
    expect(text).toContain('13 Mar 2026 Amazon EC2 in ml-dev: back to normal');
    expect(text).toContain('The same leak was seen in ml-dev and All spend: one incident, not 3.');
  });

  it('says of an incident that goes on what is still at stake', () => {
    const open = backtestIncident({ end: null, status: 'open' });
    const text = textOf(pageOf({ result: backtestResult({ incidents: [open] }) }));
    expect(text).toContain('goes on');
    expect(text).toContain('Still at stake $800.00 a day $24,000 a month');
  });

  it('marks the alert and the end in the chart of the series', () => {
    const marks = [...pageOf().matchAll(/class="mark (\w+)[^>]*><b>([^<]+)</g)].map(([, ...mark]) => mark);
    expect(marks).toEqual([
      ['told', 'told'],
      ['calm', 'recovered'],
    ]);
  });

  it('shows the other series, and what is no usage', () => {
    const text = textOf(pageOf());
    expect(text).toContain('Amazon S3 in 345678901234 $122.10 a day, at most $900.00');
    expect(text).toContain('Apart from it, and not judged: tax $1,000.00 and credit -$200.00.');
  });

  it('says so where there was nothing to tell', () => {
    const result = backtestResult({ incidents: [], walks: [] });
    expect(textOf(pageOf({ result }))).toContain('Incidents None: on no day did a series lie so far above');
  });

  it('compares with other methods where that was asked for, and says what it can not know', () => {
    const comparison = [
      { method: 'seed', alarms: 120, alarmsPerMonth: 20.2, onIncidents: 4, others: 116, incidentsSeen: 1 },
    ];
    const text = textOf(pageOf({ comparison }));
    expect(text).toContain('seed 120 20 4 116 1 of 1');
    expect(text).toContain('Nobody has labelled this data');
    expect(textOf(pageOf())).not.toContain('Nobody has labelled this data');
  });

  it('writes other currencies as theirs', () => {
    expect(textOf(pageOf({ result: backtestResult({ currency: 'CNY' }) }))).toContain('Impact CN¥4,000.00');
  });

  it('has no place for markup from outside, in texts, attributes or data', () => {
    const evil = '"><img src=x onerror=alert(1)>\'</script><!--';
    const series = { account: evil, team: evil };
    const incident = backtestIncident({
      series,
      folded: [{ service: evil }],
      reason: evil,
      told: [{ date: '2026-03-07', change: evil, title: evil, summary: evil }],
    });
    const page = pageOf({
      result: backtestResult({
        incidents: [incident],
        walks: [backtestSeries(series), backtestSeries({ service: evil })],
        summary: { ...backtestResult().summary, text: evil },
      }),
      source: evil,
      accountNames: { [evil]: evil },
    });
    expect(page).not.toContain('<img');
    expect(page).not.toContain(evil);
    expect(page.match(/<\/script>/g)).toHaveLength(1);
  });

  it('asks the network for nothing, and runs its own script alone', () => {
    const page = pageOf();
    const [, script = ''] = /<script>(.*)<\/script>/s.exec(page) ?? [];
    const hash = createHash('sha256').update(script).digest('base64');
    expect(page).toContain(`script-src 'sha256-${hash}'`);
    expect(page).toContain("default-src 'none'");
    expect(page).not.toMatch(/(src|href)="(?!#)/);
    expect(page).not.toMatch(/url\(|@import|https?:/);
  });

  it('is the same for the same result', () => {
    expect(pageOf()).toBe(pageOf());
  });

  it('stays below 3 MB for 300 series over 400 days, nearly all of which leaked', () => {
    const { result, usage } = busyYear({ series: 300, days: 400 });
    const page = pageOf({ result, usage });
    expect(result.incidents).toHaveLength(250);
    expect(page.match(/<article class="incident"/g)).toHaveLength(200);
    expect(textOf(page)).toContain('The other 50 are in the table only.');
    expect(Buffer.byteLength(page)).toBeLessThan(3_000_000);
    expect(page).not.toContain('NaN');
  });
});
