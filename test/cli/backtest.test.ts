import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addDays } from '../../shared/period.ts';
import { watchdog } from '../support/run.ts';

let folder: string;
let file: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backtest-'));
  file = join(folder, 'spend.csv');
  await writeFile(file, spendCsv());
});
afterAll(() => rm(folder, { recursive: true }));

/** 150 days of a service that costs 100 and a bit; a machine is forgotten for a week, for 700 a day. */
function spendCsv(): string {
  const rows = Array.from({ length: 150 }, (_, day) => {
    const leak = day >= 100 && day < 107 ? 700 : 0;
    return `${addDays('2026-01-01', day)},${100 + ((day * 7) % 5) + leak},Amazon EC2,210987654321`;
  });
  return ['date,amount,service,account', ...rows].join('\n');
}

const backtest = (...args: string[]) => watchdog(['backtest', ...args]);

describe('backtest --spend', () => {
  it('finds the week that leaked, on the next morning, and nothing else', async () => {
    const { code, stdout, stderr } = await backtest('--spend', file, '--format', 'json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { incidents, summary, period, currency, series, ...rest } = JSON.parse(stdout);
    expect({ period, currency, series }).toEqual({
      period: { start: '2026-01-01', end: '2026-05-31' },
      currency: 'USD',
      series: expect.any(Number),
    });
    expect(incidents).toMatchObject([
      {
        series: { service: 'Amazon EC2', account: '210987654321' },
        kind: 'rise',
        status: 'recovered',
        start: '2026-04-11',
        detected: '2026-04-12',
        end: '2026-04-18',
      },
    ]);
    const [{ expected, actual, impact, impactAfterAlert }] = incidents;
    expect(expected).toBeCloseTo(102, -1);
    expect(actual).toBeCloseTo(802, -1);
    expect(impact).toBeGreaterThan(4_800);
    expect(impact).toBeLessThan(5_000);
    expect(impactAfterAlert).toBeCloseTo((impact * 6) / 7, -2);
    expect(summary).toMatchObject({ alerts: 1, incidents: 1, impact });
    expect(rest).not.toHaveProperty('walks');
  });

  it('says the same to people, the worth of it first', async () => {
    const { code, stdout, stderr } = await backtest('--spend', file);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.split('\n')[0]).toMatch(
      /^In 5 months: 1 alert, 1 leak worth \$4,\d{3}\.\d{2}, \$4,\d{3}\.\d{2} of it after/,
    );
    expect(stdout).toMatch(/2026-04-12 +2026-04-11 +rise .* Amazon EC2 in 210987654321/);
  });

  it('sees no more of a file than was known at --now', async () => {
    const { stdout } = await backtest('--spend', file, '--now', '2026-04-14', '--format', 'json');
    const { incidents, period } = JSON.parse(stdout);
    expect(period.end).toBe('2026-04-14');
    expect(incidents).toMatchObject([
      { start: '2026-04-11', detected: '2026-04-12', end: null, status: 'open' },
    ]);
  });

  it('writes the page', async () => {
    const page = join(folder, 'page.html');
    const { code, stdout } = await backtest('--spend', file, '--html', page);
    expect(code).toBe(0);
    expect(stdout).toContain(`The page: ${page}`);
    expect(await readFile(page, 'utf8')).toMatch(
      /^<!doctype html>.*1\. Amazon EC2 in 210987654321.*<\/html>\n$/s,
    );
  });

  it('compares, and proposes settings, for programs too', async () => {
    const { stdout } = await backtest(
      '--spend',
      file,
      '--compare',
      'seed,z-score',
      '--tune',
      '--format',
      'json',
    );
    const { comparison, tuning } = JSON.parse(stdout);
    expect(comparison).toMatchObject([
      { method: 'seed', incidentsSeen: 1 },
      { method: 'z-score', incidentsSeen: 1 },
    ]);
    expect(tuning).toMatchObject({ wanted: 4, isEnough: true, recommended: { incidents: 1 } });
    expect(tuning.trials).toHaveLength(18);
  });

  it('calls accounts as the configuration does', async () => {
    const config = join(folder, 'watchdog.yml');
    await writeFile(config, 'targets: { accounts: [{ id: "210987654321", name: ml-dev }] }');
    const { stdout } = await backtest('--spend', file, '--config', config);
    expect(stdout).toContain('Amazon EC2 in ml-dev');
  });
});

describe('backtest --sample', () => {
  it('finds the two leaks of the weekend, among what happened in the year before', async () => {
    const { code, stdout, stderr } = await backtest('--sample', '--format', 'json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { incidents, apart } = JSON.parse(stdout);
    const open = incidents.filter(({ status }: { status: string }) => status === 'open');
    expect(open).toMatchObject([{ start: '2026-11-13' }, { start: '2026-11-14' }]);
    expect(Object.keys(apart).toSorted()).toEqual(['Adjustment', 'Credit', 'Purchase', 'Tax']);
  });
});

describe('a backtest of what can not be read', () => {
  it.each([
    ['no source', [], 'backtest what? One of --spend FILE, --profile NAME, --sample'],
    [
      'two sources',
      ['--sample', '--spend', 'x.csv'],
      'backtest what? One of --spend FILE, --profile NAME, --sample',
    ],
    ['a file that is not there', ['--spend', 'nowhere.csv'], 'nowhere.csv: no such file'],
    [
      'an unknown method',
      ['--sample', '--compare', 'seed,crystal-ball'],
      '--compare: no method crystal-ball: expected all',
    ],
    ['the days of a file', ['--spend', 'x.csv', '--days', '30'], '--days goes with --profile or --sample'],
    ['the cost of an account', ['--sample', '--cost', 'billed'], '--cost goes with --spend'],
    ['too many days', ['--sample', '--days', '400'], 'expected a whole number from 1 to 396'],
    ['a floor below the ground', ['--sample', '--floor', '-1'], 'expected an amount such as 25'],
    [
      'a sensitivity that nobody has',
      ['--sample', '--sensitivity', 'nervous'],
      'Allowed choices are quiet, balanced, eager',
    ],
    ['an unwanted number of alerts', ['--sample', '--tune', 'few'], 'expected a number such as 4'],
  ])('is told in a line: %s', async (_, args, expected) => {
    const { code, stdout, stderr } = await backtest(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(expected);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  it('names the place where the page can not be written', async () => {
    const { code, stderr } = await backtest('--spend', file, '--html', '/nowhere/page.html');
    expect({ code, stderr }).toEqual({ code: 2, stderr: '/nowhere/page.html: no such folder\n' });
  });

  it('says so where nothing was known yet', async () => {
    const { code, stderr } = await backtest('--spend', file, '--now', '2025-12-01');
    expect({ code, stderr }).toEqual({ code: 2, stderr: '--now 2025-12-01: nothing was known by then\n' });
  });
});
