import { beforeAll, describe, expect, it } from 'vitest';
import { toReport } from '../../cli/savings.ts';
import { savingsText } from '../../cli/savings-text.ts';
import { countPeriods } from '../../shared/schedule/savings.ts';
import { type Outcome, watchdog } from '../support/run.ts';
import { offPeriod } from '../support/savings.ts';

type Row = {
  group: string | null;
  name?: string;
  hours: number;
  gross: number;
  net: number;
  unpricedHours: number;
};

const json = async (...args: string[]): Promise<{ rows: Row[]; total: Row; [key: string]: unknown }> => {
  const { code, stdout, stderr } = await watchdog(['savings', '--sample', '--format', 'json', ...args]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
};

describe('savings', () => {
  let text: Outcome;
  beforeAll(async () => {
    text = await watchdog(['savings', '--sample'], { env: { COLUMNS: '140' } });
  });

  it('shows people what the first night of the sample account saved, by team', () => {
    expect(text).toMatchObject({ code: 0, stderr: '' });
    const [heading = '', ...lines] = text.stdout.split('\n');
    expect(heading.trim().split(/ {2,}/)).toEqual([
      'team',
      'resources',
      'stops',
      'hours off',
      'gross',
      'still billed',
      'net',
      'hours unpriced',
    ]);
    expect(lines[0]?.trim().split(/ {2,}/)).toEqual([
      'vision',
      '7',
      '7',
      '86.3',
      '$188.91',
      '$1.34',
      '$187.58',
      '25.0',
    ]);
    expect(text.stdout).toContain('2026-11: $344.04 saved, $348.01 less $3.98 that was billed all the same');
  });

  it('prices a group by what its members cost before it was taken down', async () => {
    const { rows } = await json('--by', 'resource');
    const group = rows.find(({ name }) => name === 'load-test');
    expect(group).toMatchObject({ gross: expect.closeTo(2.675, 3), stillBilled: 0 });
  });

  it('says what the figures leave out, and where the method is', () => {
    expect(text.stdout).toContain('62.1 hours have an unknown price');
    expect(text.stdout).toContain('10 of these stops go on');
    expect(text.stdout).toMatch(/at most 7 days after a stop of the watchdog's[\s\S]*docs\/savings\.md/);
  });

  it('tells a program the same, unrounded, group by group', async () => {
    const { rows, total, ...rest } = await json('--by', 'resource');
    expect(rest).toEqual({
      month: '2026-11',
      from: '2026-11-01T00:00:00Z',
      until: '2026-12-01T00:00:00Z',
      by: 'resource',
      currency: 'USD',
      countedDays: 7,
    });
    // From 18:25 until it was seen off last at 06:30: 500 GB of gp3 are taken off.
    const hours = 12 + 5 / 60;
    const vision = rows.find(({ name }) => name === 'vision-notebook');
    expect(vision).toEqual({
      group: '210987654321/eu-west-1/ec2-instance/i-0d4e7b1c93fa26502',
      name: 'vision-notebook',
      resources: 1,
      periods: 1,
      open: 1,
      hours: expect.closeTo(hours, 10),
      gross: expect.closeTo(hours * 1.123, 6),
      stillBilled: expect.closeTo((hours * 500 * 0.088) / 672, 10),
      net: expect.closeTo(hours * (1.123 - (500 * 0.088) / 672), 6),
      unpricedHours: 0,
      listPricedHours: 0,
    });
    expect(total.net).toBeCloseTo(
      rows.reduce((sum, { net }) => sum + net, 0),
      6,
    );
    expect(total).not.toHaveProperty('group');
  });

  it('knows hours, and no dollars, of what has a volume at an unknown price', async () => {
    const { rows } = await json('--by', 'resource');
    expect(rows.find(({ name }) => name === 'simulation-lab')).toMatchObject({
      hours: 12,
      unpricedHours: 12,
      gross: 0,
      net: 0,
    });
  });

  it('tells of a month without stops that nothing was saved', async () => {
    expect(await json('--month', '2026-10')).toMatchObject({ rows: [], total: { hours: 0, net: 0 } });
  });

  it.each([
    ['--month', '2026-13', 'expected a month such as 2026-11'],
    ['--month', 'november', 'expected a month such as 2026-11'],
    ['--by', 'colour', 'Allowed choices are team, schedule, owner, resource'],
  ])('refuses %s %s in a line', async (option, value, message) => {
    const { code, stdout, stderr } = await watchdog(['savings', '--sample', option, value]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });
});

describe('the text', () => {
  const reportOf = (...given: Parameters<typeof offPeriod>[0][]) => {
    const night = { seenAt: '2026-11-17T00:00:00Z' };
    const periods = given.map((each, index) => offPeriod({ ...night, id: `i-${index}`, ...each }));
    return savingsText(toReport(countPeriods({ periods, ends: new Map() }), '2026-11', 'team'));
  };

  it('says in a line that nothing was saved', () => {
    expect(reportOf()).toBe("  No stop of the watchdog's saved anything in 2026-11.");
  });

  it('shows a dash, and never a 0, where all of a group has an unknown price', () => {
    expect(reportOf({ hourlyRate: undefined })).toMatch(/vision +1 +1 +4\.0 +- +- +- +4\.0\n/);
  });

  it('names what nobody tagged as such, and moves no cursor by what somebody did', () => {
    expect(reportOf({ team: undefined })).toMatch(/^ {2}no team /m);
    expect(reportOf({ team: 'a\u001b[2Jb' })).toContain('a [2Jb');
  });

  it('says what the price list had to tell', () => {
    expect(reportOf({ rateSource: 'pricing-api' })).toContain('4.0 hours are priced by the price list');
    expect(reportOf({})).not.toContain('price list');
  });

  it('says of one stop that it goes on as of one', () => {
    expect(reportOf({})).toContain('1 of these stops goes on, and counts until a run last saw it off.');
  });
});
