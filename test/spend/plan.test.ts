import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addDays, datesOf, daysBefore, type IsoTime, type Period } from '../../shared/period.ts';
import { byAccount, byUsageType, type Grouping } from '../../shared/spend/grouping.ts';
import { emptyLedger, isClosed, type Ledger, lastRead, observe } from '../../shared/spend/ledger.ts';
import { lookbackDays, planQuestions, type Wanted } from '../../shared/spend/plan.ts';

const wanted: Wanted = { historyDays: 180, dailyRequestCap: 24, tags: [], usageTypes: false };
const monday = '2026-11-16T06:00:00Z';
const morning = (date: string): IsoTime => `${date}T06:00:00Z`;

const read = (
  ledger: Ledger,
  time: IsoTime,
  period: Period,
  { grouping = byAccount, requests = 2 }: { grouping?: Grouping; requests?: number } = {},
): Ledger => observe(ledger, time, [], period, { groupings: [grouping], requests });

const history = daysBefore(monday, 180);
const afterFirstRun = read(emptyLedger, monday, history);

/** The day from which each run of a number of days reads the bill. */
function startsOf(ledger: Ledger, first: string, days: number): string[] {
  const dates = datesOf({ start: first, end: addDays(first, days) });
  const starts: string[] = [];
  let known = ledger;
  for (const date of dates) {
    const { bill } = planQuestions(wanted, known, morning(date));
    starts.push(bill.start);
    known = read(known, morning(date), bill);
  }
  return starts;
}

describe('the bill', () => {
  it('is read whole by the first run, once', () => {
    expect(planQuestions(wanted, emptyLedger, monday).bill).toEqual(history);
    expect(planQuestions(wanted, afterFirstRun, '2026-11-17T06:00:00Z')).toEqual({
      bill: { start: '2026-11-01', end: '2026-11-17' },
      details: [],
      leftOut: [],
    });
  });

  it('is read sixteen days back by every run, and to the first of the previous month once a week', () => {
    expect(startsOf(afterFirstRun, '2026-11-17', 9)).toEqual([
      '2026-11-01',
      '2026-11-02',
      '2026-11-03',
      '2026-11-04',
      '2026-11-05',
      '2026-11-06',
      '2026-10-01',
      '2026-11-08',
      '2026-11-09',
    ]);
  });

  it('is read every third day while the invoice of the previous month is made out, from the 3rd to the 10th', () => {
    const read = startsOf(afterFirstRun, '2026-11-17', 30);
    const whole = read.flatMap((start, index) =>
      start.endsWith('-01') && start !== addDays('2026-11-01', index) ? [addDays('2026-11-17', index)] : [],
    );
    expect(whole).toEqual([
      '2026-11-23',
      '2026-11-30',
      '2026-12-03',
      '2026-12-06',
      '2026-12-09',
      '2026-12-16',
    ]);
  });

  it('is read from a day on that was lost, however old', () => {
    const lost = read(read(emptyLedger, monday, { start: '2026-07-01', end: '2026-09-01' }), monday, {
      start: '2026-10-01',
      end: '2026-11-16',
    });
    expect(planQuestions(wanted, lost, '2026-11-17T06:00:00Z').bill.start).toBe('2026-09-01');
  });

  it('is read from the newest day on that a skipped run left out', () => {
    const { bill } = planQuestions(wanted, afterFirstRun, '2026-12-16T06:00:00Z');
    expect(bill).toEqual({ start: '2026-11-01', end: '2026-12-16' });
  });

  it('asks for history that did not fit by and by, as much as half of the requests of a day suffice for', () => {
    const newest = read(emptyLedger, monday, daysBefore(monday, 16), { requests: 4 });
    const { details } = planQuestions(wanted, newest, '2026-11-17T06:00:00Z');
    expect(details).toEqual([{ grouping: byAccount, period: { start: '2026-09-29', end: '2026-10-31' } }]);
  });

  it('leaves no day unread, nor one that is three days old incomplete, whatever runs were skipped', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 70 }), { maxLength: 12 }), (gaps) => {
        let ledger = emptyLedger;
        let date = '2026-11-16';
        for (const gap of [0, ...gaps]) {
          date = addDays(date, gap);
          ledger = read(ledger, morning(date), planQuestions(wanted, ledger, morning(date)).bill);
        }
        const times = lastRead(ledger);
        const days = datesOf(daysBefore(morning(addDays(date, -2)), lookbackDays));
        expect(days.filter((day) => !isClosed(day, times.get(day) ?? ''))).toEqual([]);
      }),
    );
  });
});

describe('what is followed besides', () => {
  const all = { ...wanted, tags: ['team', 'service', 'team'], usageTypes: true };

  it('is nothing unless it is asked for', () => {
    expect(planQuestions(wanted, emptyLedger, monday).details).toEqual([]);
  });

  it('are the tags in the order of the configuration, each once, then usage types: at first the newest days', () => {
    const period = { start: '2026-10-31', end: '2026-11-16' };
    expect(planQuestions(all, emptyLedger, monday)).toMatchObject({
      details: [
        { grouping: ['team'], period },
        { grouping: ['tag:service'], period },
        { grouping: byUsageType, period },
      ],
      leftOut: [],
    });
  });

  it('has its past read when an answer has shown what that takes', () => {
    const known = read(afterFirstRun, monday, daysBefore(monday, 16), { grouping: ['team'], requests: 1 });
    const { details } = planQuestions({ ...wanted, tags: ['team'] }, known, '2026-11-17T06:00:00Z');
    expect(details).toEqual([
      { grouping: ['team'], period: { start: '2026-11-01', end: '2026-11-17' } },
      { grouping: ['team'], period: { start: '2026-07-20', end: '2026-10-31' } },
    ]);
  });

  it('is left out where half of the requests of a day do not suffice, the most detailed first', () => {
    const { details, leftOut } = planQuestions({ ...all, dailyRequestCap: 8 }, emptyLedger, monday);
    expect(details.map(({ grouping }) => grouping)).toEqual([['team'], ['tag:service']]);
    expect(leftOut).toMatchObject([
      { grouping: byUsageType, reason: 'takes about 1 requests, and 0 of the 8 a day are left for it' },
    ]);
  });

  it('is left out where its last answer took too much, and what takes less is asked all the same', () => {
    const known = read(afterFirstRun, monday, daysBefore(monday, 120), { grouping: ['team'], requests: 100 });
    const { details, leftOut } = planQuestions(all, known, '2026-11-17T06:00:00Z');
    expect(details.map(({ grouping }) => grouping)).toEqual([['tag:service'], byUsageType]);
    expect(leftOut).toMatchObject([{ grouping: ['team'], reason: expect.stringContaining('about 14') }]);
  });

  it.each([2, 3, 5, 24, 100])(
    'never plans more than half of a cap of %i, but for the bill',
    (dailyRequestCap) => {
      const { details } = planQuestions({ ...all, dailyRequestCap }, emptyLedger, monday);
      expect(2 + details.length).toBeLessThanOrEqual(Math.max(2, dailyRequestCap / 2));
    },
  );
});
