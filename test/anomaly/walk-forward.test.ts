import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { changeOf, type Incident, markTold } from '../../shared/anomaly/incident.ts';
import { toPolicy } from '../../shared/anomaly/policy.ts';
import { reasonOf } from '../../shared/anomaly/verdict.ts';
import { walkForward } from '../../shared/anomaly/walk-forward.ts';
import { addDays, type IsoDate } from '../../shared/period.ts';
import type { DailyFigure } from '../../shared/spend/series.ts';
import { figures, figuresBetween, isWeekend, seriesOf } from '../support/spend.ts';

const policy = toPolicy('balanced', 25);
const at = '2026-11-17T06:00:00Z';

const walk = (days: readonly DailyFigure[], from: IsoDate, known: readonly Incident[] = [], time = at) =>
  walkForward(seriesOf(days), known, { policy, from, at: time }).incidents;

/** Every incident of the days, the first 60 of which are history. */
const incidentsOf = (amounts: readonly number[]): readonly Incident[] => {
  const days = figures([...Array(60).fill(100), ...amounts], '2026-11-20');
  return walk(days, days[60]?.date ?? '');
};

describe('one leak is one incident', () => {
  it('that is open while it lasts, and counts what it costs', () => {
    const [incident, ...others] = incidentsOf([100, 400, 410, 390]);
    expect(others).toEqual([]);
    expect(incident).toMatchObject({
      id: '210987654321/Amazon Elastic Compute Cloud - Compute/2026-11-18',
      status: 'open',
      kind: 'rise',
      start: '2026-11-18',
    });
    expect(incident?.impact).toBeCloseTo(900, 3);
    expect(incident?.excessPerDay).toBeCloseTo(290, 3);
  });

  it('that has recovered after two calm days, without them', () => {
    const [incident] = incidentsOf([400, 400, 100, 100]);
    expect(incident).toMatchObject({ status: 'recovered', start: '2026-11-17', end: '2026-11-19' });
    expect(incident?.impact).toBeCloseTo(600, 3);
  });

  it('that is not over after one calm day', () => {
    const [incident] = incidentsOf([400, 100, 400, 400]);
    expect(incident).toMatchObject({ status: 'open', start: '2026-11-17' });
  });

  it('that is the new normal after three weeks, and no incident from then on', () => {
    const incidents = incidentsOf(Array(40).fill(400));
    expect(incidents).toMatchObject([{ status: 'accepted', start: '2026-10-12', end: '2026-11-02' }]);
  });

  it('of which there is at most one while a series grows steadily', () => {
    const growing = Array.from({ length: 120 }, (_, index) => 100 + 2 * index);
    expect(incidentsOf(growing).length).toBeLessThanOrEqual(1);
  });

  it('that comes back within a week, as large as it was', () => {
    const [incident, ...others] = incidentsOf([400, 100, 100, 100, 100, 700]);
    expect(others).toEqual([]);
    expect(incident).toMatchObject({ status: 'open', start: '2026-11-15' });
    expect(incident?.impact).toBeCloseTo(900, 3);
  });

  it.each([
    ['larger', [400, 100, 100, 100, 100, 900]],
    ['later', [400, 100, 100, 100, 100, 100, 100, 100, 100, 700]],
  ])('and the next one, where it is %s, is the next incident', (_, amounts) => {
    expect(incidentsOf(amounts).map(({ status }) => status)).toEqual(['recovered', 'open']);
  });

  it('that begins with the day on which it began, though that was no whole one', () => {
    const [incident, ...others] = incidentsOf([100, 118, 400]);
    expect(others).toEqual([]);
    expect(incident).toMatchObject({ start: '2026-11-19', kind: 'rise' });
    expect(incident?.impact).toBeCloseTo(318, 3);
  });

  it('that does not begin with a day as high as many are', () => {
    const [incident] = incidentsOf([100, 110, 400]);
    expect(incident?.start).toBe('2026-11-20');
  });

  it('that begins with the first of the days that only together are too many', () => {
    const [incident, ...others] = incidentsOf(Array(12).fill(118));
    expect(others).toEqual([]);
    expect(incident).toMatchObject({ start: '2026-11-09', kind: 'drift' });
  });
});

describe('the 1st of a month', () => {
  const through = (last: IsoDate, amounts: Record<IsoDate, number>) =>
    figuresBetween('2026-08-05', last, (date) => amounts[date] ?? 100);

  it('makes no incident of a fee', () => {
    const days = through('2026-11-03', { '2026-11-01': 2100 });
    expect(walk(days, '2026-10-25')).toEqual([]);
  });

  it('begins the incident that the next day confirms', () => {
    const days = through('2026-11-03', { '2026-11-01': 600, '2026-11-02': 600, '2026-11-03': 600 });
    expect(walk(days, '2026-10-25')).toMatchObject([{ start: '2026-11-01', status: 'open' }]);
  });
});

describe('what happens every weekend', () => {
  it('is told at first, and learnt', () => {
    const days = figuresBetween('2026-06-01', '2026-11-15', (date) =>
      isWeekend(date) && date >= '2026-09-01' ? 300 : 100,
    );
    const starts = walk(days, '2026-08-01').map(({ start }) => start);
    expect(starts[0]).toBe('2026-09-05');
    expect(starts.filter((start) => start > '2026-10-10')).toEqual([]);
  });
});

/** What a first run found, brought up to what a later one reads. */
const again = (known: Incident | undefined, days: readonly DailyFigure[], time = at) => {
  if (known === undefined) throw new Error('nothing was found');
  const told = markTold(known, 'opened', at);
  const changed = walkForward(seriesOf(days), [told], { policy, from: '2026-11-01', at: time }).incidents;
  return { told, changed, changes: changed.map(changeOf) };
};

describe('a day that still fills', () => {
  const history = figures(Array(60).fill(100), '2026-11-14');
  const open = (date: IsoDate, amount: number) => ({ date, amount, closed: false });

  it('is told as soon as it is too high, and has come to more by the next run', () => {
    const [found] = walk([...history, open('2026-11-15', 300)], '2026-11-15', [], '2026-11-16T06:00:00Z');
    expect(found).toMatchObject({ start: '2026-11-15', days: [{ actual: 300, closed: false }] });
    const { changed, changes } = again(found, [...history, open('2026-11-15', 340)]);
    expect(changed).toMatchObject([{ id: found?.id, days: [{ actual: 340, closed: false }] }]);
    expect(changes).toEqual([undefined]);
  });

  it('is no drop, however little of it is there', () => {
    expect(walk([...history, open('2026-11-15', 0), open('2026-11-16', 2)], '2026-11-01')).toEqual([]);
  });

  it('is no evidence of calm', () => {
    const days = [...history, ...figures([300], '2026-11-15'), open('2026-11-16', 2), open('2026-11-17', 1)];
    expect(walk(days, '2026-11-15')).toMatchObject([{ status: 'open' }]);
  });

  it('that made an incident and comes to nothing unusual ends it, once', () => {
    const [found] = walk([...history, open('2026-11-15', 300)], '2026-11-15', [], '2026-11-16T06:00:00Z');
    const calm = [...history, ...figures([104], '2026-11-15')];
    const waiting = again(found, [...history, open('2026-11-15', 104)]);
    expect(waiting.changed).toEqual([]);
    const { changed, changes } = again(found, calm, '2026-11-18T06:00:00Z');
    expect(changed).toMatchObject([{ id: found?.id, status: 'recovered', end: '2026-11-16' }]);
    expect(changes).toEqual(['recovered']);
    const [ended] = changed;
    const known = ended ? [markTold(ended, 'recovered', at)] : [];
    expect(walk([...calm, ...figures([100], '2026-11-16')], '2026-11-02', known)).toEqual([]);
  });
});

describe('days that are restated', () => {
  const history = figures(Array(60).fill(100), '2026-11-14');
  const filling = { date: '2026-11-15', amount: 300, closed: false };
  const [open] = walk([...history, filling], '2026-11-15');
  const through = (amounts: readonly number[]) =>
    figures([...Array(60).fill(100), ...amounts], addDays('2026-11-13', amounts.length));

  it.each([
    ['up by 30 %', 390, 290],
    ['down by 30 %', 210, 110],
  ])('%s update the same incident without a word', (_, amount, impact) => {
    const days = [...history, { ...filling, amount, closed: true }];
    const { changed, changes } = again(open, days);
    expect(changed).toMatchObject([{ id: open?.id, status: 'open' }]);
    expect(changed[0]?.impact).toBeCloseTo(impact, 3);
    expect(changes).toEqual([undefined]);
  });

  it('to nothing end it, and nothing is left of it', () => {
    const { changed, changes } = again(open, [...history, ...figures([100, 100, 100], '2026-11-17')]);
    expect(changed).toMatchObject([{ status: 'recovered', end: '2026-11-16', impact: 0 }]);
    expect(changes).toEqual(['recovered']);
  });

  it('to nothing end it as soon as no day of it is left that fills', () => {
    const filled = [
      ...history,
      ...figures([100], '2026-11-15'),
      { date: '2026-11-16', amount: 90, closed: false },
    ];
    expect(again(open, filled).changed).toMatchObject([{ status: 'recovered', end: '2026-11-16' }]);
  });

  it('upwards within the last weeks open an incident, once', () => {
    const up = through([100, 100, 2000, 100, 100, 100]);
    const [found] = walk(up, '2026-11-06');
    expect(found).toMatchObject({ start: '2026-11-16', status: 'recovered' });
    expect(again(found, up).changed).toEqual([]);
  });

  it('upwards before that are no news', () => {
    expect(walk(through([100, 100, 2000, 100, 100, 100]), '2026-11-17')).toEqual([]);
  });

  it('open an incident, count in it, and end it, as if they had always been so', () => {
    const [before] = walk(through([900, 900, 100, 100, 100, 100, 100]), '2026-11-11');
    const { changed } = again(before, through([100, 100, 100, 100, 2000, 100, 100]));
    expect(changed).toMatchObject([
      { start: '2026-11-14', status: 'recovered', end: '2026-11-16', impact: 0 },
      { start: '2026-11-18', status: 'recovered', end: '2026-11-19' },
    ]);
    expect(changed[1]?.impact).toBeCloseTo(1900, 3);
  });

  it('leave an incident that has ended its end, and correct what it came to', () => {
    const [before] = walk(through([900, 900, 100, 100]), '2026-11-11');
    const { changed } = again(before, through([500, 900, 100, 100]));
    expect(changed).toMatchObject([{ id: before?.id, status: 'recovered', end: '2026-11-16' }]);
    expect(changed[0]?.impact).toBeCloseTo(1200, 3);
  });

  it('at the beginning of an incident make it begin later, under the id that people know', () => {
    const [before] = walk(through([900, 900, 900]), '2026-11-11');
    const { changed, changes } = again(before, through([100, 900, 900]));
    expect(changed).toMatchObject([{ id: before?.id, status: 'open', start: '2026-11-15' }]);
    expect(changed[0]?.impact).toBeCloseTo(1600, 3);
    expect(changes).toEqual([undefined]);
  });

  it('right before an incident are its beginning, under the id that people know', () => {
    const [before] = walk(through([100, 900, 900]), '2026-11-11');
    const { told, changed, changes } = again(before, through([900, 900, 900]));
    expect(changed).toMatchObject([{ id: before?.id, start: '2026-11-14', status: 'open', told: told.told }]);
    expect(changed[0]?.impact).toBeCloseTo(2400, 3);
    expect(changes).toEqual([undefined]);
  });

  it('and restored after that are told again', () => {
    const { changed } = again(walk(through([900, 900, 900]), '2026-11-14')[0], through([100, 100, 100]));
    expect(changed.map(changeOf)).toEqual(['recovered']);
    const [taken] = changed;
    const [back] = walk(
      through([900, 900, 900]),
      '2026-11-14',
      taken ? [markTold(taken, 'recovered', at)] : [],
    );
    expect(back).toMatchObject({ id: taken?.id, status: 'open' });
    expect(back && changeOf(back)).toBe('grown');
  });

  it('long after an incident has ended change nothing of it', () => {
    const past = [...Array(40).fill(100), 900, 900];
    const days = (first: number) => figures([...past.with(40, first), ...Array(30).fill(100)], '2026-11-20');
    const [before] = walk(days(900), '2026-09-01');
    expect(before?.status).toBe('recovered');
    expect(again(before, days(700)).changed).toEqual([]);
  });
});

describe('an incident that began before all that is known now', () => {
  const since = (first: IsoDate, days: number) =>
    walk(
      figuresBetween('2026-06-01', addDays(first, days), (date) => (date >= first ? 900 : 100)),
      first,
    );
  const plan = { plannedUntil: '2026-11-18' };

  it('has lasted for so long that it is the new normal', () => {
    const [known] = since('2026-07-20', 9);
    const { changed } = again(known, figures(Array(110).fill(900), '2026-11-16'));
    expect(changed).toMatchObject([{ id: known?.id, status: 'accepted', start: '2026-07-20' }]);
  });

  it('but not while somebody said it to be planned', () => {
    const [known] = since('2026-07-20', 9);
    const planned = known && { ...known, ...plan };
    expect(again(planned, figures(Array(110).fill(900), '2026-11-16')).changed).toEqual([]);
    expect(again(planned, figures(Array(112).fill(900), '2026-11-18')).changed).toMatchObject([
      { status: 'accepted' },
    ]);
  });

  it('keeps the days that nobody reads any more as they were', () => {
    const days = figuresBetween('2026-06-01', '2026-11-16', (date) => (date >= '2026-09-20' ? 900 : 100));
    const [whole] = walk(days, '2026-09-20', []);
    expect(whole?.status).toBe('accepted');
    const [known] = since('2026-09-20', 9);
    const later = days.filter(({ date }) => date >= '2026-08-20').map((day) => day);
    expect(again(known, later).changed).toMatchObject([{ start: '2026-09-20', status: 'accepted' }]);
  });
});

describe('runs that were skipped', () => {
  it('are made up for by the next one', () => {
    const days = figures([...Array(60).fill(100), 900, 900, ...Array(20).fill(100)], '2026-11-20');
    expect(walk(days, '2026-10-31')).toMatchObject([{ start: '2026-10-30', end: '2026-11-01' }]);
  });

  it('do not leave an incident open that has ended meanwhile', () => {
    const calm = Array(20).fill(100);
    const [known] = walk(figures([...Array(60).fill(100), 900, 900], '2026-10-31'), '2026-10-30');
    const { changed, changes } = again(
      known,
      figures([...Array(60).fill(100), 900, 900, ...calm], '2026-11-20'),
    );
    expect(changed).toMatchObject([{ id: known?.id, status: 'recovered', end: '2026-11-01' }]);
    expect(changes).toEqual(['recovered']);
  });
});

describe('a series that is judged', () => {
  const silent = (amounts: readonly number[], floor = 25) =>
    walkForward(seriesOf(figures(amounts, '2026-11-16')), [], {
      policy: toPolicy('balanced', floor),
      from: '2026-01-01',
      at,
    }).incidents;
  const flat = (amount: number, ...last: number[]) => [...Array(60).fill(amount), ...last];

  it.each([
    ['a cent more than ever', flat(100, 100.01), 25],
    ['a cent more than nothing', flat(0, 0.01), 25],
    ['a cent more, without a floor', flat(100, 100.01), 0],
    ['ten decimals', flat(0.0000008, 0.0000009), 25],
    ['a refund', flat(100, -500, 100), 25],
    ['refunds every other day', Array.from({ length: 90 }, (_, index) => (index % 2 ? -40 : 100)), 25],
    ['nothing at all', flat(0, 0), 25],
  ])('is silent about %s, and every figure is a number', (_, amounts, floor) => {
    expect(silent(amounts, floor)).toEqual([]);
    const days = figures(amounts, '2026-11-16');
    const { verdicts } = walkForward(seriesOf(days), [], { policy, from: '2026-10-20', at });
    const figuresOf = verdicts.flatMap(({ expected, limit, actual }) => [expected, limit, actual]);
    expect(figuresOf.filter((figure) => !Number.isFinite(figure))).toEqual([]);
  });

  it('is told above the floor where it is new, with what there is to say of it', () => {
    const [incident] = silent(flat(0, 300));
    expect(incident).toMatchObject({
      kind: 'new',
      impact: 300,
      days: [{ expected: 0, actual: 300 }],
      reason: 'New: $300.00 on a day, where it cost nothing so far.',
    });
    expect(silent(flat(0, 20))).toEqual([]);
  });

  it('has at most one incident of steady growth, and one of a step', () => {
    expect(silent(Array.from({ length: 120 }, (_, index) => 100 + 2 * index)).length).toBeLessThanOrEqual(1);
    expect(silent(flat(100, ...Array(40).fill(400)))).toHaveLength(1);
  });

  it('shows a leak behind the one before it', () => {
    const incidents = silent([...flat(100, ...Array(70).fill(400)), ...Array(3).fill(1200)]);
    expect(incidents.map(({ start, status }) => [start, status])).toEqual([
      ['2026-09-05', 'accepted'],
      ['2026-11-14', 'open'],
    ]);
  });

  it('says where it is too young to be judged', () => {
    const days = figures(Array(20).fill(100), '2026-11-16');
    const { verdicts } = walkForward(seriesOf(days), [], { policy, from: '2026-11-16', at });
    expect(verdicts.map((verdict) => reasonOf(verdict, 'USD'))).toEqual([
      'Too little history to judge: 19 of 21 days.',
    ]);
  });

  it('takes a day that was never read for unknown, and one without a figure for nothing', () => {
    const unread = walk(figures([...flat(100), undefined, 100, 100], '2026-11-16'), '2026-11-01');
    expect(unread).toEqual([]);
    const days = figures([...flat(100), undefined], '2026-11-16');
    const [verdict] = walkForward(seriesOf(days), [], { policy, from: '2026-11-16', at }).verdicts;
    expect(verdict && reasonOf(verdict, 'USD')).toBe('The day was never read.');
  });

  it('makes no incident of a fee on the 1st after its third month', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5000 }), (fee) => {
        const days = figuresBetween(
          '2026-01-01',
          '2026-11-16',
          (date) => 100 + (date.endsWith('-01') ? fee : 0),
        );
        expect(walk(days, '2026-01-01').filter(({ start }) => start >= '2026-04-01')).toEqual([]);
      }),
      { numRuns: 20, endOnFailure: true },
    );
  });
});

describe('what is told of an incident', () => {
  const tell = (incident: Incident, time: string) => markTold(incident, 'opened', time);
  const leak = (amounts: readonly number[]) => {
    const days = figures([...Array(60).fill(100), ...amounts], addDays('2026-11-14', amounts.length));
    return { days, from: '2026-11-15' };
  };
  const toldAfter = (first: readonly number[], then: readonly number[]) => {
    const before = leak(first);
    const [opened] = walk(before.days, before.from);
    if (opened === undefined) throw new Error('nothing leaks');
    const known = tell(opened, `${addDays('2026-11-15', first.length)}T06:00:00Z`);
    const now = leak([...first, ...then]);
    const [incident] = walk(now.days, addDays('2026-11-15', first.length), [known]);
    return incident && changeOf(incident);
  };

  it('is nothing while it goes on', () => expect(toldAfter([400], [400, 400])).toBeUndefined());
  it('is nothing where the leak began in the middle of its first day', () =>
    expect(toldAfter([200], [400, 400])).toBeUndefined());
  it('is that it has grown, where it costs twice as much a day', () =>
    expect(toldAfter([400], [400, 800])).toBe('grown'));
  it('is that it has grown, a week later', () => expect(toldAfter([400], Array(8).fill(400))).toBe('grown'));
  it('is that it has recovered', () => expect(toldAfter([400, 400], [100, 100])).toBe('recovered'));
  it('is that it is the new normal', () => expect(toldAfter([400], Array(20).fill(400))).toBe('accepted'));
});

describe('a walk', () => {
  const noise = fc.array(fc.integer({ min: 0, max: 600 }), { minLength: 35, maxLength: 80 });
  // Steps of any size and length on steady spend: rises, drifts, dips, and what is accepted in between.
  const steps = fc
    .array(fc.tuple(fc.integer({ min: 70, max: 400 }), fc.integer({ min: 1, max: 20 })), {
      minLength: 1,
      maxLength: 6,
    })
    .map((parts) => [
      ...Array.from({ length: 40 }, (_, index) => 100 + (index % 5)),
      ...parts.flatMap(([level, length]) => Array.from({ length }, (_, index) => level + (index % 3))),
    ]);
  const spend = fc.oneof(noise, steps);
  const quick = { numRuns: 40, endOnFailure: true };

  /** What is kept of incidents from run to run, on disk. */
  const remember = (known: readonly Incident[], changed: readonly Incident[]): Incident[] => {
    const kept = new Map([...known, ...changed].map((one) => [one.id, one]));
    return [...kept.values()].map((one) => JSON.parse(JSON.stringify(one)) as Incident);
  };
  const inOrder = (incidents: readonly Incident[]) =>
    incidents.toSorted((a, b) => a.start.localeCompare(b.start));

  it('that is interrupted on any day and taken up by another process gives the same incidents', () => {
    fc.assert(
      fc.property(spend, fc.nat({ max: 30 }), (amounts, left) => {
        const days = figures(amounts, '2026-11-20');
        const [first, pause] = [days[0]?.date ?? '', addDays('2026-11-20', -left)];
        const before = remember([], walk(days.slice(0, days.length - left), first));
        expect(inOrder(remember(before, walk(days, pause, before)))).toEqual(inOrder(walk(days, first)));
      }),
      quick,
    );
  });

  it('every morning gives the same incidents as one at the end', () => {
    fc.assert(
      fc.property(spend, (amounts) => {
        const days = figures(amounts, '2026-11-20');
        const first = days[0]?.date ?? '';
        let known: Incident[] = [];
        for (let count = 25; count <= days.length; count++) {
          known = remember(known, walk(days.slice(0, count), first, known));
        }
        expect(inOrder(known)).toEqual(inOrder(walk(days, first)));
      }),
      { ...quick, numRuns: 15 },
    );
  });

  it('that is repeated changes nothing', () => {
    fc.assert(
      fc.property(spend, fc.nat({ max: 3 }), (amounts, filling) => {
        const days = figures(amounts, '2026-11-20').map((day, index) =>
          index < amounts.length - filling ? day : { ...day, closed: false },
        );
        const first = days[0]?.date ?? '';
        const known = remember([], walk(days, first));
        expect(walk(days, first, known)).toEqual([]);
      }),
      quick,
    );
  });

  it('never sees the future: what was said of a day stays, whatever comes after it', () => {
    fc.assert(
      fc.property(spend, fc.nat({ max: 20 }), (amounts, cut) => {
        const days = figures(amounts, '2026-11-20');
        const verdicts = (seen: readonly DailyFigure[]) =>
          walkForward(seriesOf(seen), [], { policy, from: days[0]?.date ?? '', at }).verdicts;
        const early = verdicts(days.slice(0, days.length - cut));
        expect(verdicts(days).slice(0, early.length)).toEqual(early);
      }),
      quick,
    );
  });

  it('is the same in dollars and in cents, where the floor is', () => {
    fc.assert(
      fc.property(steps, fc.constantFrom(2, 64, 1024), (amounts, factor) => {
        const found = (scale: number) => {
          const days = figures(
            amounts.map((amount) => amount * scale),
            '2026-11-20',
          );
          const task = { policy: toPolicy('balanced', 25 * scale), from: days[0]?.date ?? '', at };
          return walkForward(seriesOf(days), [], task).incidents;
        };
        const scaled = found(factor);
        expect(scaled.map(({ start, end, status }) => [start, end, status])).toEqual(
          found(1).map(({ start, end, status }) => [start, end, status]),
        );
      }),
      quick,
    );
  });
});
