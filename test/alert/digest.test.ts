import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { alertSchema } from '../../shared/alert/alert.ts';
import { type Digest, digestAlert, digestId } from '../../shared/alert/digest.ts';
import { cadences } from '../../shared/alert/digest-due.ts';
import { toEmail } from '../../shared/alert/email.ts';
import { toHtmlMail } from '../../shared/alert/html-mail.ts';
import { toSlackMessage } from '../../shared/alert/slack.ts';
import { incidentAbout, incidentsSince } from '../../shared/anomaly/period-incidents.ts';
import { budgetStatus } from '../../shared/budget/budget.ts';
import { type Mover, movers, spendIn } from '../../shared/spend/period-change.ts';
import { digestOf, spendOf } from '../support/digest.ts';
import { findingOf } from '../support/finding.ts';
import { incidentOf } from '../support/incident.ts';
import { figures } from '../support/spend.ts';

const statusOf = (...given: Parameters<typeof budgetStatus>) =>
  [budgetStatus(...given)].flatMap((one) => one ?? []);

const factsOf = (given: Partial<Digest>): Record<string, string> =>
  Object.fromEntries(digestAlert(digestOf(given)).facts.map(({ label, value }) => [label, value]));

describe('a digest', () => {
  it('has one id for each period and audience, and that is its subject too', () => {
    expect(digestAlert(digestOf())).toMatchObject({
      id: 'digest/weekly/2026-11-07/whole',
      subject: 'digest/weekly/2026-11-07/whole',
      kind: 'digest',
      severity: 'info',
    });
    expect(digestId('monthly', '2026-11-01', 'search')).toBe('digest/monthly/2026-11-01/team=search');
    expect(digestId('weekly', '2026-11-07', 'whole')).not.toBe(digestId('weekly', '2026-11-07'));
  });

  it('says in its title what was spent, and how that compares', () => {
    expect(digestAlert(digestOf()).title).toBe(
      'Weekly digest, 7 to 13 Nov: $840.00, 20 % more than in the week before',
    );
    expect(digestAlert(digestOf({ team: 'search' })).title).toMatch(
      /^Weekly digest of search, 7 to 13 Nov: /,
    );
  });

  it('goes where it is told to, and is of the team that it is for', () => {
    expect(digestAlert(digestOf({ team: 'search' }), ['search-channel'])).toMatchObject({
      team: 'search',
      to: ['search-channel'],
    });
    expect(digestAlert(digestOf())).not.toHaveProperty('to');
  });

  it('of a quiet week has no more to say than that', () => {
    const { summary, facts, items, action } = digestAlert(digestOf());
    expect(summary).toBe('31 Oct to 6 Nov cost $700.00.');
    expect(facts).toEqual([
      { label: 'A mean day', value: '$120.00, $100.00 before' },
      { label: 'Incidents', value: '0 opened and 0 closed since 7 Nov, 0 open' },
      { label: 'Idle', value: 'nothing is known to be' },
      { label: 'Saved by stops', value: 'nothing' },
    ]);
    expect([items, action]).toEqual([[], '']);
  });

  it('has a chart of its days, with those before as what was expected, and nothing in it is a problem', () => {
    expect(digestAlert(digestOf()).chart).toEqual({
      currency: 'USD',
      start: '2026-11-07',
      actual: [110, 110, 110, 110, 110, 110, 180],
      expected: [100, 100, 100, 100, 100, 100, 100],
      limit: [null, null, null, null, null, null, null],
      since: '2026-11-14',
    });
  });

  it('says that the newest days still fill, and which are not on record', () => {
    const days = figures([...Array(7).fill(100), undefined, 1, 1, 1, 1, 1, 1], '2026-11-13');
    const filling = days.map((day, index) => (index >= 12 ? { ...day, closed: false } : day));
    expect(digestAlert(digestOf({ spend: spendOf(filling) })).summary).toBe(
      '31 Oct to 6 Nov cost $700.00. Of 7 days only 6 are on record. Its newest 2 days are still filling, and can only rise.',
    );
  });

  it.each([
    [{ spend: spendOf([]) }, 'Nothing of the bill is on record for 7 to 13 Nov: what was spent is unknown.'],
    [{ spend: undefined, unknownSpend: 'No tag.' }, 'No tag.'],
  ])('says that spend is unknown where it is', (given, summary) => {
    const alert = digestAlert(digestOf(given));
    expect(alert.title).toBe('Weekly digest, 7 to 13 Nov: spend unknown');
    expect(alert.summary).toBe(summary);
  });

  it('says that there is nothing to compare with in the first week', () => {
    const first = spendOf(figures(Array(7).fill(10), '2026-11-13'));
    const { title, summary } = digestAlert(digestOf({ spend: first }));
    expect(title).toBe('Weekly digest, 7 to 13 Nov: $70.00');
    expect(summary).toBe('There is nothing yet to compare it with.');
  });

  it.each([
    [100, 'as much as in the week before'],
    [0, '100 % less than in the week before'],
    [1200, '12 times as much as in the week before'],
    [1e9, 'more than 1,000 times as much as in the week before'],
  ])('compares $100 a day with $%d', (now, text) => {
    const days = figures([...Array(7).fill(100), ...Array(7).fill(now)], '2026-11-13');
    expect(digestAlert(digestOf({ spend: spendOf(days) })).title).toContain(text);
  });

  it('of a month compares by the day, and names it', () => {
    const days = figures([...Array(31).fill(100), ...Array(30).fill(150)], '2026-11-30');
    const month = { start: '2026-11-01', end: '2026-12-01' };
    const spend = {
      before: spendIn(days, { start: '2026-10-01', end: '2026-11-01' }),
      now: spendIn(days, month),
      daysBefore: days.slice(0, 31),
      days: days.slice(31),
    };
    const alert = digestAlert(digestOf({ cadence: 'monthly', start: month.start, period: month, spend }));
    expect(alert.title).toBe(
      'Monthly digest, November 2026: $4,500.00, 50 % more than in the month before, by the day',
    );
    expect(alert.summary).toBe('October 2026 cost $3,100.00.');
  });
});

describe('what it tells of', () => {
  it('budgets: what is used, what it comes to, and since when it is too much', () => {
    const month = { start: '2026-11-01', end: '2026-12-01' };
    const days = figures(Array(10).fill(100), '2026-11-10');
    const budgets = [
      ...statusOf({ name: 'all', monthly: 2500 }, days, month),
      ...statusOf({ name: 'small', monthly: 500 }, days, month),
      ...statusOf({ name: 'large', monthly: 20_000 }, days, month),
      ...statusOf({ name: 'late', monthly: 20_000 }, days.slice(8), month),
    ];
    expect(factsOf({ budgets, budgetsUnknown: ['model'] })).toMatchObject({
      'Budget all':
        '$1,000.00 of $2,500.00 in November 2026 (40 %), at this rate $3,000.00 by its end (120 %), exceeded from 26 Nov on',
      'Budget small':
        '$1,000.00 of $500.00 in November 2026 (200 %), at this rate $3,000.00 by its end (600 %), exceeded since 6 Nov',
      'Budget large': '$1,000.00 of $20,000 in November 2026 (5 %), at this rate $3,000.00 by its end (15 %)',
      'Budget late': expect.stringMatching(
        /^\$200\.00 of \$20,000 in November 2026 \(1 %\) without 8 unknown days, at/,
      ),
      'Budget model': 'unknown: its part of the spend is not followed, or not on record for the month',
    });
  });

  it('incidents: how many, what they cost, and the dearest with its id', () => {
    const incidents = incidentsSince(
      [
        incidentOf(),
        incidentOf({ id: 'a', status: 'recovered', start: '2026-11-01', end: '2026-11-09', impact: 300 }),
        incidentOf({ id: 'b', status: 'recovered', start: '2026-10-01', end: '2026-10-09', impact: 9e9 }),
        incidentOf({ id: 'c', partOf: 'a', impact: 8e9 }),
        incidentOf({ id: 'd', status: 'muted', impact: 7e9 }),
      ],
      '2026-11-07',
    );
    expect(factsOf({ incidents })).toMatchObject({
      Incidents: '1 opened and 1 closed since 7 Nov, 1 open: $1,592.00 above expected so far',
      'The dearest':
        'Amazon EC2 in ml-dev, $1,592.00 since 14 Nov (210987654321/Amazon Elastic Compute Cloud - Compute/2026-11-14)',
    });
    expect(digestAlert(digestOf({ incidents })).summary).toContain(
      'One incident is open, $812.00 a day above expected.',
    );
  });

  it('incidents of two currencies beside each other, never added', () => {
    const incidents = incidentsSince([incidentOf(), incidentOf({ id: 'b', currency: 'CNY' })], '2026-11-07');
    expect(digestAlert(digestOf({ incidents })).summary).toMatch(/\$812\.00 and CN¥812\.00 a day above/);
  });

  it('what is idle, whose it is, and what has no price', () => {
    const owner = (name: string | undefined, hourly: number) => ({
      owner: name,
      monthToDate: hourly * 24,
      hourly,
      findings: 1,
      unpriced: 0,
    });
    const waste = [
      owner('dana', 1),
      owner('jonas', 10),
      owner(undefined, 2),
      owner('mei', 3),
      owner('lena', 0.5),
    ];
    expect(factsOf({ waste: [...waste, { ...owner('x', 0), unpriced: 2 }], openFindings: 7 })).toMatchObject({
      Idle: '$16.50 an hour now, $396.00 since 7 Nov; 2 findings of unknown price in neither',
      'Whose, an hour': 'jonas $10.00, mei $3.00, nobody $2.00, others $1.50',
    });
    expect(digestAlert(digestOf({ waste, openFindings: 5, lastingWaste: 10 })).summary).toContain(
      '$16.50 an hour goes into what is idle or hardly used (5 findings), $7,300.00 a month if nobody acts.',
    );
    expect(digestAlert(digestOf({ openFindings: 1 })).summary).toContain('at no known price');
  });

  it('what stops saved, and which hours have no price', () => {
    const saved = { ...digestOf().saved, net: 50, hours: 30.25, unpricedHours: 6, periods: 4 };
    expect(factsOf({ saved })['Saved by stops']).toBe(
      '$50.00 in 30.3 hours, 6 hours of them at no known price, by 4 stops',
    );
    expect(factsOf({ saved: { ...saved, unpricedHours: 30.25 } })['Saved by stops']).toBe(
      '30.3 hours, at no known price, by 4 stops',
    );
  });

  it('tags, its own cost, and what is not watched', () => {
    const ownCost = { amount: 0.21, on: { start: '2026-11-07', end: '2026-11-14' } };
    const stale = [{ name: 'watch-utilization' as const, lastSuccess: '2026-11-16T03:00:00Z' }];
    expect(factsOf({ tagged: { share: 0.874, of: 'spend' }, ownCost })).toMatchObject({
      Tagged: '87 % of the spend has a team',
      'The watchdog': '$0.21 for its own runs, 7 to 13 Nov',
    });
    expect(digestAlert(digestOf({ stale })).summary).toContain(
      'Not everything is watched: utilization was not read since 2026-11-16 03:00 UTC (watch-utilization).',
    );
  });

  it('what to do, numbered, with what it saves and from when on', () => {
    const recommendations = [
      { finding: findingOf(), monthly: 23_922 },
      {
        finding: findingOf({
          check: 'oversized',
          name: 'embedder',
          attribution: {},
          proposal: { type: 'g5.2xlarge' },
        }),
        monthly: 900,
      },
    ];
    expect(digestAlert(digestOf({ recommendations })).action.split('\n')).toEqual([
      '1. Stop reranker-train (p4d.24xlarge in ml-dev, jonas): $23,922 a month, pays from the hour it is done.',
      '2. Take a smaller type for embedder (p4d.24xlarge in ml-dev, no owner, g5.2xlarge instead): $900.00 a month, pays from its next start.',
    ]);
  });

  const moverOf = (given: Partial<Mover & { why: string }>): Digest['movers'][number] => ({
    scope: { account: '210987654321', service: 'Amazon Bedrock' },
    before: spendOf().before,
    now: spendOf().now,
    difference: 140,
    kind: 'risen',
    ...given,
  });

  it.each([
    [{}, 'Up $140.00: Amazon Bedrock in ml-dev, $120.00 a day after $100.00'],
    [
      { difference: -140, why: 'over: incident since 2 Nov' },
      'Down $140.00: Amazon Bedrock in ml-dev, $120.00 a day after $100.00: over: incident since 2 Nov',
    ],
    [{ kind: 'new' as const }, 'New, $140.00: Amazon Bedrock in ml-dev, $120.00 a day'],
    [{ kind: 'ended' as const }, 'Ended, $140.00 less: Amazon Bedrock in ml-dev, $100.00 a day before'],
    [
      { kind: 'new' as const, onlyOn: '2026-11-09' },
      'New, $140.00: Amazon Bedrock in ml-dev, charged on 9 Nov alone',
    ],
  ])('what has moved: %j', (given, text) => {
    expect(digestAlert(digestOf({ movers: [moverOf(given)] })).items).toEqual([text]);
  });
});

describe('the incident about a part of the spend', () => {
  const scope = { account: '210987654321', service: 'Amazon Bedrock' };

  it('is the one that names most of it', () => {
    const account = incidentOf({ id: 'account', scope: { account: '210987654321' }, impact: 9e9 });
    const exact = incidentOf({ id: 'exact', scope });
    expect(incidentAbout([account, exact], scope)?.id).toBe('exact');
    expect(incidentAbout([account], scope)?.id).toBe('account');
  });

  it.each([[{}], [{ team: 'search' }], [{ account: '123456789012' }], [{ service: 'Amazon S3' }]])(
    'is none of %j',
    (other) => {
      expect(incidentAbout([incidentOf({ scope: other })], scope)).toBeUndefined();
    },
  );
});

describe('a daily digest', () => {
  const period = { start: '2026-11-15', end: '2026-11-16' };
  const days = figures([...Array(7).fill(100), 80], '2026-11-15').map((day, index) =>
    index === 7 ? { ...day, closed: false } : day,
  );
  const before = { start: '2026-11-08', end: '2026-11-15' };
  const daily = (given: Partial<Digest> = {}) =>
    digestAlert(
      digestOf({
        cadence: 'daily',
        start: period.start,
        period,
        spend: { before: spendIn(days, before), now: spendIn(days, period), daysBefore: [], days: [] },
        ...given,
      }),
    );

  it('is three lines and nothing else', () => {
    const { title, summary, facts, items, action } = daily();
    expect(title).toBe('Daily digest, Sun 15 Nov: $80.00 so far');
    expect(summary.split('\n')).toEqual([
      'Sun 15 Nov cost $80.00 so far, and is still filling; a mean day of the week before cost $100.00.',
      'No incident is open.',
      'Nothing is known to be idle.',
    ]);
    expect([facts, items, action]).toEqual([[], [], '']);
    expect(daily()).not.toHaveProperty('chart');
  });

  it('names the budget that is used up most', () => {
    const month = { start: '2026-11-01', end: '2026-12-01' };
    const budgets = [1000, 100].flatMap((monthly) => statusOf({ name: `b${monthly}`, monthly }, days, month));
    expect(daily({ budgets }).summary).toContain('Budget b100: $780.00 of $100.00 in November 2026');
  });
});

const amount = fc.oneof(
  fc.constantFrom(0, 1e-12, 1e15, undefined),
  fc.double({ min: -1e6, max: 1e6, noNaN: true }),
);
const rate = fc.oneof(fc.constantFrom(0, 1e-9, 1e9), fc.double({ min: 0, max: 1e5, noNaN: true }));
const name = fc.string({ unit: 'binary', maxLength: 40 });

/** Any digest, from any figures and names that a bill and tags can have. */
const anyDigest = fc
  .record({
    cadence: fc.constantFrom(...cadences),
    team: fc.option(name, { nil: undefined }),
    amounts: fc.array(amount, { maxLength: 14 }),
    monthly: fc.double({ min: 1e-3, max: 1e9, noNaN: true }),
    rates: fc.tuple(rate, rate, rate),
    names: fc.tuple(name, name, name),
    count: fc.nat({ max: 5 }),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .map(({ cadence, team, amounts, monthly, rates: [one, other, third], names: [a, b, c], count, share }) => {
    const days = figures(amounts, '2026-11-13');
    const spend = spendOf(days);
    const series = [{ scope: { account: a, service: b }, currency: 'USD', days }];
    const moved = movers(series, [spend.before.period, spend.now.period], 0);
    const incident = incidentOf({ id: a, scope: { service: b }, impact: one, excessPerDay: other });
    const finding = findingOf({ name: a, type: b, attribution: { owner: c }, wastedHourlyRate: one });
    return digestOf({
      cadence,
      team,
      spend: count === 0 ? undefined : spend,
      budgets: statusOf({ name: c, monthly }, days, { start: '2026-11-01', end: '2026-12-01' }),
      budgetsUnknown: [a],
      movers: moved.map((mover) => ({ ...mover, why: c })),
      incidents: incidentsSince(count > 2 ? [incident] : [], '2026-11-07'),
      waste: [{ owner: b, monthToDate: one, hourly: other, findings: count, unpriced: count }],
      lastingWaste: other,
      openFindings: count,
      saved: { ...digestOf().saved, hours: one, net: other, unpricedHours: Math.min(one, third) },
      recommendations: [{ finding, monthly: one }],
      tagged: { share, of: 'spend' },
      ownCost: { amount: third, on: { start: '2026-11-07', end: '2026-11-08' } },
      stale: [{ name: 'watch-spend' }],
      names: { [a]: b },
    });
  });

describe('whatever is known', () => {
  it('no text of a digest has a NaN, an Infinity or an undefined in it, but where a name has', () => {
    fc.assert(
      fc.property(anyDigest, (digest) => {
        const alert = digestAlert(digest);
        const text = JSON.stringify(alert);
        expect(text.replaceAll(/"(undefined|NaN|Infinity)"/g, '')).not.toMatch(/NaN|undefined|Infinity|∞/);
        expect(alertSchema.parse(JSON.parse(text))).toEqual(JSON.parse(text));
      }),
    );
  });

  it('it makes a message that Slack takes, a mail in its columns, and a page without foreign markup', () => {
    fc.assert(
      fc.property(anyDigest, (digest) => {
        const alert = digestAlert(digest);
        expect(toSlackMessage(alert).blocks.length).toBeLessThanOrEqual(50);
        expect(toEmail(alert).subject.length).toBeLessThanOrEqual(100);
        const page = toHtmlMail(alert);
        expect(page).not.toMatch(/<(script|img|link|iframe)|https?:|url\(/i);
        expect(page).not.toMatch(/NaN|undefined/);
      }),
    );
  });
});
