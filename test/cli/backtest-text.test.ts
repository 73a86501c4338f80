import { describe, expect, it } from 'vitest';
import { type BacktestAnswer, backtestText, tuningYaml } from '../../cli/backtest-text.ts';
import { barText } from '../../cli/progress.ts';
import { type TuneTrial, tune } from '../../shared/watch/tune.ts';
import { backtestIncident, backtestResult } from '../support/backtest.ts';

const textOf = (answer: Partial<BacktestAnswer> = {}): string =>
  backtestText({
    result: backtestResult(),
    source: 'spend.csv',
    accountNames: { '210987654321': 'ml-dev' },
    ...answer,
  });

const linesOf = (answer: Partial<BacktestAnswer> = {}): string[] => textOf(answer).split('\n');

const trial: TuneTrial = {
  sensitivity: 'quiet',
  floor: 50,
  alerts: 12,
  alertsPerMonth: 1,
  incidents: 8,
  impact: 9_000,
  impactAfterAlert: 6_000,
};

describe('the answer of a backtest on a terminal', () => {
  it('begins with what it was worth', () => {
    expect(linesOf()[0]).toBe(
      'In 6 months: 1 alert, 1 leak worth $4,000.00, $3,200.00 of it after the first alert.',
    );
    expect(linesOf()[1]).toBe(
      'spend.csv: 181 days from 2026-01-01, 2 series. Sensitivity balanced, floor $25.00 a day.',
    );
  });

  it('has a line for each incident', () => {
    const words = linesOf()
      .find((line) => line.includes('2026-03-07'))
      ?.split(/ {2,}/);
    expect(words?.slice(1)).toEqual([
      '2026-03-07',
      '2026-03-06',
      'rise',
      '$100.00',
      '$900.00',
      '$4,000.00',
      '$3,200.00',
      'Amazon EC2 in ml-dev',
    ]);
  });

  it('says which incident goes on, and where there is none', () => {
    const open = backtestResult({ incidents: [backtestIncident({ status: 'open', end: null })] });
    expect(textOf({ result: open })).toContain('Amazon EC2 in ml-dev (goes on)');
    expect(textOf({ result: backtestResult({ incidents: [] }) })).toContain('No incident');
  });

  it('says what was left apart', () => {
    expect(textOf()).toContain('Apart from usage, and not judged: Tax $1,000.00, Credit -$200.00.');
    expect(textOf({ result: backtestResult({ apart: {} }) })).toContain('All of it is usage.');
  });

  it('says what to do next, and leaves out what was done', () => {
    expect(textOf()).toMatch(/--html .*\n.*--tune .*\n.*--compare /);
    const done = textOf({ page: 'page.html', comparison: [], tuning: tune([trial], 4) });
    expect(done).toContain('The page: page.html');
    expect(done).not.toContain('Where to go next');
  });

  it('puts other methods beside ours', () => {
    const comparison = [
      { method: 'z-score', alarms: 31, alarmsPerMonth: 5.2, onIncidents: 4, others: 27, incidentsSeen: 1 },
    ];
    const text = textOf({ comparison });
    expect(text).toMatch(/ai-cost-watchdog +1 +0\.2 +- +- +1\n/);
    expect(text).toMatch(/z-score +31 +5\.2 +4 +27 +1 of 1\n/);
    expect(text).toContain('Nobody has labelled this data');
  });

  it('proposes a setting to paste into the configuration', () => {
    const text = textOf({ tuning: tune([trial], 4) });
    expect(text).toMatch(/quiet +\$50\.00 +12 +1 +8 +\$9,000\.00 +\$6,000\.00 +<- this one/);
    expect(text).toContain('For at most 4 alerts a month, what tells most of what could be saved:');
    expect(tuningYaml(trial)).toBe('    spend:\n      sensitivity: quiet\n      floor: 50');
    expect(textOf({ tuning: tune([trial], 0.5) })).toContain(
      'No setting tells as little as 0.5 alerts a month',
    );
  });

  it('lets no name move the cursor', () => {
    const incidents = [backtestIncident({ series: { team: 'red\u001b[2J' } })];
    const text = textOf({ result: backtestResult({ incidents }) });
    expect(text).toContain('team red [2J');
    expect(text).not.toContain('\u001b');
  });
});

describe('the bar of a long command', () => {
  it.each([
    [0, `judging  ${'░'.repeat(30)}    0 %`],
    [50, `judging  ${'█'.repeat(15)}${'░'.repeat(15)}   50 %`],
    [100, `judging  ${'█'.repeat(30)}  100 %`],
  ])('shows %i percent', (percent, expected) => {
    expect(barText('judging', percent)).toBe(expected);
  });
});
