import { SESv2Client, SendEmailCommand } from '@aws-sdk/client-sesv2';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Alert } from '../../shared/alert/alert.ts';
import { type Config, parseConfig } from '../../shared/config.ts';
import { datesOf, type IsoDate } from '../../shared/period.ts';
import { byAccount } from '../../shared/spend/grouping.ts';
import { openFinding } from '../../shared/store/findings.ts';
import { heartbeat } from '../../shared/store/heartbeats.ts';
import { putIncident } from '../../shared/store/incidents.ts';
import { getAlert } from '../../shared/store/outbox.ts';
import { endPeriod, openPeriod } from '../../shared/store/savings.ts';
import { recordAnswers } from '../../shared/store/spend-ledger.ts';
import type { Table } from '../../shared/store/table.ts';
import { mailDigests, recordDue } from '../../shared/watch/digest.ts';
import { openBucket } from '../support/bucket.ts';
import { findingOf } from '../support/finding.ts';
import { incidentOf } from '../support/incident.ts';
import { offPeriod } from '../support/savings.ts';
import { chargeOf, chargeOn } from '../support/spend.ts';
import { startTable } from '../support/table.ts';

const monday = '2026-11-16T09:05:00Z';
const whole = 'digest/weekly/2026-11-07/whole';
const targets = [{ account: '210987654321', region: 'eu-west-1' }];
const ses = mockClient(SESv2Client);

let table: Table;
let stop: () => Promise<void>;
let bucket: ReturnType<typeof openBucket>;
beforeEach(async () => {
  ({ table, stop } = await startTable());
  bucket = openBucket();
  ses.reset();
  ses.on(SendEmailCommand).resolves({ MessageId: 'm-1' });
});
afterEach(async () => {
  bucket.mock.restore();
  await stop();
});

const stores = () => ({ table, ledger: bucket.store });

const record = (config: Config = parseConfig({}), time = monday) =>
  recordDue(stores(), config, targets, time);

async function told(id = whole): Promise<Alert> {
  const alert = await getAlert(table, id);
  if (!alert) throw new Error(`${id} was not recorded`);
  return alert;
}

const factsOf = ({ facts }: Alert): Record<string, string> =>
  Object.fromEntries(facts.map(({ label, value }) => [label, value]));

/** What was charged a day, read on Monday morning. */
const bill = (
  amountOn: (date: IsoDate) => number,
  { currency = 'USD', observed = '2026-11-16T06:00:00Z' } = {},
) => {
  const period = { start: '2026-10-01', end: '2026-11-16' };
  const charges = datesOf(period).flatMap((date) => [
    chargeOf({ date, amount: amountOn(date), currency }),
    chargeOn({ team: 'search' }, amountOn(date) / 4, { date, currency }),
    chargeOn({ team: '' }, amountOn(date) / 2, { date, currency }),
    chargeOn({ team: 'vision' }, amountOn(date) / 4, { date, currency }),
  ]);
  const reading = { observed, period, groupings: [byAccount, ['team']] };
  return recordAnswers(bucket.store, [{ reading, charges }]);
};

const byTeam = { tags: ['team'] };
const searchRoute = {
  destinations: { search: { webhook: 'ssm:/search' }, ops: { webhook: 'ssm:/ops' } },
  routes: [{ team: 'search', to: ['search'] }],
};

describe('a weekly digest', () => {
  it('tells what the ledger, the table and the runs know, and asks Cost Explorer nothing', async () => {
    await bill((date) => (date < '2026-11-07' ? 100 : date < '2026-11-13' ? 120 : 400));
    await putIncident(table, incidentOf({ start: '2026-11-13' }));
    await openFinding(table, findingOf());
    const night = offPeriod({
      stoppedAt: '2026-11-09T20:00:00Z',
      offSince: '2026-11-09T20:00:00Z',
      offHours: [{ from: '2026-11-09T20:00:00Z', until: '2026-11-10T08:00:00Z' }],
    });
    await openPeriod(table, night);
    await endPeriod(table, night, night, '2026-11-10T08:00:00Z');
    await heartbeat(table, 'watch-spend')({ at: '2026-11-12T06:00:00Z', cost: 0.04 });
    const budgets = [
      { name: 'all', monthly: 10_000 },
      { name: 'search', monthly: 500, team: 'search' },
    ];
    expect(await record(parseConfig({ spend: byTeam, budgets }))).toEqual([whole]);
    const alert = await told();
    expect(alert.title).toBe('Weekly digest, 7 to 13 Nov: $1,120.00, 60 % more than in the week before');
    expect(alert.summary).toContain('One incident is open, $812.00 a day above expected.');
    expect(alert.summary).toContain('the bill was not read since 2026-11-12 06:00 UTC (watch-spend)');
    expect(factsOf(alert)).toMatchObject({
      'A mean day': '$160.00, $100.00 before',
      'Budget all': expect.stringMatching(/^\$2,520\.00 of \$10,000 in November 2026 \(25 %\)/),
      'Budget search': expect.stringMatching(/^\$630\.00 of \$500\.00 .*exceeded since 14 Nov$/),
      Incidents: expect.stringMatching(/^1 opened and 0 closed since 7 Nov, 1 open/),
      Idle: expect.stringMatching(/^\$32\.77 an hour now/),
      'Whose, an hour': 'jonas $32.77',
      'Saved by stops': '$21.00 in 12 hours, by 1 stop',
      Tagged: '50 % of the spend has a team',
      'The watchdog': '$0.04 for its own runs, Thu 12 Nov',
    });
    expect(alert.items).toEqual([
      'Up $420.00: Amazon EC2 in 210987654321, $160.00 a day after $100.00: incident since 13 Nov',
    ]);
    expect(alert.action).toMatch(/^1\. Stop reranker-train .*: \$23,922 a month/);
    expect(alert.chart?.actual).toEqual([120, 120, 120, 120, 120, 120, 400]);
  });

  it('is recorded once, however often the event comes, and made up for when an hour was missed', async () => {
    await bill(() => 100);
    expect((await Promise.all([record(), record()])).flat()).toEqual([whole]);
    expect(await record()).toEqual([]);
    expect(await record(undefined, '2026-11-17T07:05:00Z')).toEqual([]);
  });

  it('is late where hours were missed, and about the same days', async () => {
    await bill(() => 100);
    expect(await record(undefined, '2026-11-16T21:05:00Z')).toEqual([whole]);
    expect((await told()).title).toMatch(/7 to 13 Nov/);
  });

  it('is not due on another day, and asks nothing then', async () => {
    const before = bucket.mock.calls().length;
    expect(await record(undefined, '2026-11-18T09:05:00Z')).toEqual([]);
    expect(bucket.mock.calls()).toHaveLength(before);
  });

  it('says so where nothing is known yet, on the first day', async () => {
    expect(await record()).toEqual([whole]);
    const alert = await told();
    expect(alert.title).toBe('Weekly digest, 7 to 13 Nov: spend unknown');
    expect(alert.summary).toContain('what was spent is unknown');
    expect(JSON.stringify(alert)).not.toMatch(/NaN|undefined/);
  });

  it('tells what was known then, where an old event comes again', async () => {
    await bill(() => 100);
    await bill(() => 999, { observed: '2026-11-20T06:00:00Z' });
    await record();
    expect((await told()).title).toContain('$700.00, as much as');
  });

  it('keeps to one currency, the newest', async () => {
    await bill(() => 100, { currency: 'CNY' });
    await record();
    expect((await told()).title).toContain('CN¥700.00');
  });
});

describe('the digest of a team', () => {
  it('is its own, and goes where its route goes', async () => {
    await bill((date) => (date < '2026-11-07' ? 100 : 200));
    await openFinding(table, findingOf());
    await openFinding(table, findingOf({ id: 'i-2', attribution: { team: 'vision' } }));
    const config = parseConfig({ spend: byTeam, alerts: { ...searchRoute, digests: { to: ['ops'] } } });
    const own = 'digest/weekly/2026-11-07/team=search';
    expect(await record(config)).toEqual([whole, own]);
    const alert = await told(own);
    expect(alert).toMatchObject({ team: 'search', to: ['search'] });
    expect(alert.title).toContain('of search, 7 to 13 Nov: $350.00, 100 % more');
    expect(factsOf(alert)['Whose, an hour']).toBe('jonas $32.77');
    expect((await told()).to).toEqual(['ops']);
  });

  it('knows its team in whatever case the tag and the routes have it, once', async () => {
    await bill(() => 100);
    await openFinding(table, findingOf({ attribution: { team: 'search', owner: 'jonas' } }));
    const routes = ['SEARCH', 'Search'].map((team, index) => ({ team, to: [['search', 'ops'][index]] }));
    const config = parseConfig({ spend: byTeam, alerts: { ...searchRoute, routes } });
    const own = 'digest/weekly/2026-11-07/team=SEARCH';
    expect(await record(config)).toEqual([whole, own]);
    const alert = await told(own);
    expect(alert.to).toEqual(['search', 'ops']);
    expect(alert.title).toContain('7 to 13 Nov: $175.00');
    expect(factsOf(alert)['Whose, an hour']).toBe('jonas $32.77');
  });

  it('says that its spend is unknown where no tag of teams is followed', async () => {
    await bill(() => 100);
    await record(parseConfig({ alerts: searchRoute }));
    const alert = await told('digest/weekly/2026-11-07/team=search');
    expect(alert.summary).toContain('What was spent is unknown: no tag of teams is in spend.tags.');
  });

  it.each([
    ['digests.teams is off', { digests: { teams: false } }],
    ['its route takes other kinds', { routes: [{ team: 'search', kind: 'launch', to: ['search'] }] }],
    [
      'its route takes what is critical',
      { routes: [{ team: 'search', severity: 'critical', to: ['search'] }] },
    ],
    [
      'its route is for one account',
      { routes: [{ team: 'search', account: '210987654321', to: ['search'] }] },
    ],
  ])('is not made where %s', async (_, alerts) => {
    expect(await record(parseConfig({ alerts: { ...searchRoute, ...alerts } }))).toEqual([whole]);
  });

  it('goes to all the places that its routes name, once', async () => {
    const routes = [
      { team: ['search', 'vision'], to: ['search'] },
      { team: 'search', kind: ['digest', 'launch'], to: ['ops', 'search'] },
    ];
    const recorded = await record(parseConfig({ alerts: { ...searchRoute, routes } }));
    expect(recorded).toHaveLength(3);
    expect((await told('digest/weekly/2026-11-07/team=search')).to).toEqual(['search', 'ops']);
  });
});

describe('a daily digest', () => {
  const daily = parseConfig({ alerts: { digests: { daily: true, weekly: false } } });

  it('is about yesterday', async () => {
    await bill((date) => (date === '2026-11-15' ? 80 : 100));
    expect(await record(daily)).toEqual(['digest/daily/2026-11-15/whole']);
    expect((await told('digest/daily/2026-11-15/whole')).summary.split('\n')[0]).toBe(
      'Sun 15 Nov cost $80.00 so far, and is still filling; a mean day of the week before cost $100.00.',
    );
  });

  it('is about the newest day that was read, where yesterday was not', async () => {
    await bill(() => 100);
    await record(daily, '2026-11-17T09:05:00Z');
    const { id, title } = await told('digest/daily/2026-11-16/whole');
    expect([id, title]).toEqual([
      'digest/daily/2026-11-16/whole',
      'Daily digest, Sun 15 Nov: $100.00 so far',
    ]);
  });
});

describe('the self-test', () => {
  const weekly = parseConfig({
    alerts: { ...searchRoute, selfTest: 'weekly', digests: { weekly: false, monthly: false } },
  });

  it('goes to every destination once a week', async () => {
    expect(await record(weekly)).toEqual(['self-test/2026-11-16']);
    expect(await record(weekly, '2026-11-16T10:05:00Z')).toEqual([]);
    expect(await record(weekly, '2026-11-18T10:05:00Z')).toEqual([]);
    expect((await told('self-test/2026-11-16')).to).toEqual(['email', 'search', 'ops']);
  });

  it('is not sent unless it is asked for, nor where there is no destination', async () => {
    const digests = { weekly: false, monthly: false };
    expect(await record(parseConfig({ alerts: { digests } }))).toEqual([]);
    expect(await record(parseConfig({ alerts: { digests, selfTest: 'weekly', email: false } }))).toEqual([]);
  });
});

describe('the digest as a mail', () => {
  const html = { from: 'watchdog@example.com', to: ['finops@example.com'] };
  const mailing = parseConfig({ alerts: { ...searchRoute, digests: { html } } });
  const mail = (time = monday, config = mailing) =>
    mailDigests({ table, ses: new SESv2Client({ region: 'eu-west-1' }) }, config, time);
  const sent = () => ses.commandCalls(SendEmailCommand).map(({ args: [{ input }] }) => input);

  it('is sent once, to those that the configuration names, as HTML and text', async () => {
    await bill(() => 100);
    await record(mailing);
    expect(await mail()).toEqual([whole]);
    expect(await mail()).toEqual([]);
    expect(await mail('2026-11-16T10:05:00Z')).toEqual([]);
    expect(sent()).toEqual([
      {
        FromEmailAddress: 'watchdog@example.com',
        Destination: { ToAddresses: ['finops@example.com'] },
        Content: {
          Simple: {
            Subject: {
              Data: 'Weekly digest, 7 to 13 Nov: $700.00, as much as in the week before',
              Charset: 'UTF-8',
            },
            Body: {
              Html: { Data: expect.stringMatching(/^<!doctype html>/), Charset: 'UTF-8' },
              Text: { Data: expect.stringContaining('A mean day'), Charset: 'UTF-8' },
            },
          },
        },
      },
    ]);
  });

  it('is sent by the next run where SES did not take it', async () => {
    await record(mailing);
    ses.on(SendEmailCommand).rejectsOnce(new Error('Email address is not verified'));
    await expect(mail()).rejects.toThrow('not verified');
    expect(await mail('2026-11-16T10:05:00Z')).toEqual([whole]);
    expect(sent()).toHaveLength(2);
  });

  it('is taken over by a later run where an attempt died, and never by the same event again', async () => {
    await record(mailing);
    let answer: (() => void) | undefined;
    ses.on(SendEmailCommand).callsFakeOnce(() => new Promise<void>((resolve) => (answer = resolve)));
    const hanging = mail();
    await expect.poll(() => sent().length).toBe(1);
    await expect(mail()).rejects.toThrow('again later');
    expect(sent()).toHaveLength(1);
    expect(await mail('2026-11-16T10:05:00Z')).toEqual([whole]);
    answer?.();
    await hanging;
    expect(await mail('2026-11-16T11:05:00Z')).toEqual([]);
    expect(sent()).toHaveLength(2);
  });

  it('is not sent where nobody asks for it, nor before it is recorded', async () => {
    expect(await mail()).toEqual([]);
    await record(mailing);
    expect(await mail(monday, parseConfig({}))).toEqual([]);
    expect(sent()).toEqual([]);
  });
});
