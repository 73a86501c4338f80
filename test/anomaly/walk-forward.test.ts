import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { changeOf, type Incident, markTold } from '../../shared/anomaly/incident.ts';
import { toPolicy } from '../../shared/anomaly/policy.ts';
import { walkForward } from '../../shared/anomaly/walk-forward.ts';
import { addDays, type IsoDate } from '../../shared/period.ts';
import type { DailyFigure } from '../../shared/spend/series.ts';
import { figures, figuresBetween, isWeekend, seriesOf } from '../support/spend.ts';

const policy = toPolicy('balanced', 25);
const at = '2026-11-17T06:00:00Z';

const walk = (days: readonly DailyFigure[], from: IsoDate, known: readonly Incident[] = []) =>
  walkForward(seriesOf(days), known, from, policy, at).incidents;

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

  it('and the next leak is the next incident', () => {
    const incidents = incidentsOf([400, 100, 100, 100, 100, 700]);
    expect(incidents.map(({ status }) => status)).toEqual(['recovered', 'open']);
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

describe('days that are restated', () => {
  const history = figures(Array(60).fill(100), '2026-11-14');
  const filling = { date: '2026-11-15', amount: 300, closed: false };
  const [open] = walk([...history, filling], '2026-11-15');
  const told = open && markTold(open, 'opened', '2026-11-16T06:00:00Z');

  it.each([
    ['up by 30 %', 390, 290],
    ['down by 30 %', 210, 110],
  ])('%s update the same incident without a word', (_, amount, impact) => {
    const days = [...history, { ...filling, amount, closed: true }];
    const [updated, ...others] = walk(days, '2026-11-15', told ? [told] : []);
    expect(others).toEqual([]);
    expect(updated).toMatchObject({ id: open?.id, status: 'open' });
    expect(updated?.impact).toBeCloseTo(impact, 3);
    expect(updated && changeOf(updated)).toBeUndefined();
  });

  it('to nothing end it', () => {
    const days = [...history, ...figures([100, 100, 100], '2026-11-17')];
    const [ended] = walk(days, '2026-11-15', told ? [told] : []);
    expect(ended).toMatchObject({ status: 'recovered', impact: 0 });
  });

  it('after they were judged open an incident, count in it, and end it, as if they had always been so', () => {
    const through = (amounts: readonly number[]) =>
      figures([...Array(60).fill(100), ...amounts], '2026-11-20');
    const from = '2026-11-11';
    const before = walk(through([100, 100, 100, 900, 900, 100, 100, 100, 100, 100]), from);
    const restated = through([100, 100, 100, 100, 100, 100, 100, 2000, 100, 100]);
    const after = walk(restated, from, before);
    expect(after).toMatchObject([
      { start: '2026-11-14', status: 'recovered', end: '2026-11-16' },
      { start: '2026-11-18', status: 'recovered', end: '2026-11-19' },
    ]);
    expect(after.map(({ impact }) => impact)).toEqual([expect.closeTo(0, 6), expect.closeTo(1900, 6)]);
  });

  it('leave an incident that has ended its end, and correct what it came to', () => {
    const through = (first: number) => figures([...Array(60).fill(100), first, 900, 100, 100], '2026-11-17');
    const before = walk(through(900), '2026-11-14');
    const [ended, ...others] = walk(through(500), '2026-11-14', before);
    expect(others).toEqual([]);
    expect(ended).toMatchObject({ status: 'recovered', end: '2026-11-16' });
    expect(ended?.impact).toBeCloseTo(1200, 6);
  });

  it('right before an incident are its beginning, and it stays the one that people know', () => {
    const through = (before: number) => figures([...Array(60).fill(100), before, 900, 900], '2026-11-16');
    const [known] = walk(through(100), '2026-11-14');
    expect(known?.start).toBe('2026-11-15');
    const told = known ? [markTold(known, 'opened', at)] : [];
    const [longer, ...others] = walk(through(900), '2026-11-14', told);
    expect(others).toEqual([]);
    expect(longer).toMatchObject({ id: known?.id, start: '2026-11-14', status: 'open', told: told[0]?.told });
    expect(longer?.impact).toBeCloseTo(2400, 6);
    expect(longer && changeOf(longer)).toBeUndefined();
  });

  it('and restored after that are told again', () => {
    const through = (amount: number) =>
      figures([...Array(60).fill(100), amount, amount, amount], '2026-11-16');
    const [opened] = walk(through(900), '2026-11-14');
    const [taken] = walk(through(100), '2026-11-14', opened ? [markTold(opened, 'opened', at)] : []);
    expect(taken && changeOf(taken)).toBe('recovered');
    const [back] = walk(through(900), '2026-11-14', taken ? [markTold(taken, 'recovered', at)] : []);
    expect(back).toMatchObject({ id: opened?.id, status: 'open' });
    expect(back && changeOf(back)).toBe('grown');
  });

  it('that fill are no evidence of calm', () => {
    const days = [
      ...history,
      ...figures([300], '2026-11-15'),
      { date: '2026-11-16', amount: 2, closed: false },
      { date: '2026-11-17', amount: 1, closed: false },
    ];
    expect(walk(days, '2026-11-15')).toMatchObject([{ status: 'open' }]);
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
  const spend = fc.array(fc.integer({ min: 0, max: 600 }), { minLength: 35, maxLength: 80 });

  it('that is interrupted on any day and taken up again gives the same incidents', () => {
    fc.assert(
      fc.property(spend, fc.nat({ max: 30 }), (amounts, left) => {
        const days = figures(amounts, '2026-11-20');
        const from = days[25]?.date ?? '';
        const pause = days[Math.max(25, days.length - 1 - left)]?.date ?? '';
        const first = walk(
          days.filter(({ date }) => date < pause),
          from,
        );
        const memory = new Map(first.map((one) => [one.id, JSON.parse(JSON.stringify(one)) as Incident]));
        for (const one of walk(days, pause, [...memory.values()])) memory.set(one.id, one);
        expect([...memory.values()]).toEqual(walk(days, from));
      }),
    );
  });

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

  it.each([
    ['noise', spend],
    ['steps', steps],
  ])('that begins two weeks back every day gives the same incidents (%s)', (_, series) => {
    fc.assert(
      fc.property(series, (amounts) => {
        const days = figures(amounts, '2026-11-20');
        const from = days[25]?.date ?? '';
        const memory = new Map<string, Incident>();
        for (let seen = 26; seen <= days.length; seen++) {
          const known = [...memory.values()];
          const first = [
            ...known.filter(({ status }) => status === 'open').map(({ start }) => start),
            addDays(days[seen - 1]?.date ?? '', -13),
          ].toSorted()[0];
          const begin = first !== undefined && first > from ? first : from;
          for (const one of walk(days.slice(0, seen), begin, known)) memory.set(one.id, one);
        }
        expect([...memory.values()]).toEqual(walk(days, from));
      }),
    );
  });

  it('that is repeated comes to the same verdict on every day', () => {
    fc.assert(
      fc.property(steps, (amounts) => {
        const days = figures(amounts, '2026-11-20');
        const from = days[25]?.date ?? '';
        const first = walkForward(seriesOf(days), [], from, policy, at);
        const again = walkForward(seriesOf(days), first.incidents, from, policy, at);
        const verdicts = new Map(first.verdicts.map((verdict) => [verdict.date, verdict]));
        expect(again.verdicts).toEqual(again.verdicts.map(({ date }) => verdicts.get(date)));
      }),
    );
  });

  it('that is repeated changes nothing', () => {
    fc.assert(
      fc.property(spend, (amounts) => {
        const days = figures(amounts, '2026-11-20');
        const from = days[25]?.date ?? '';
        const first = walk(days, from);
        const memory = new Map(first.map((one) => [one.id, one]));
        for (const one of walk(days, from, first)) memory.set(one.id, one);
        expect([...memory.values()]).toEqual(first);
      }),
    );
  });

  it('never sees the future', () => {
    fc.assert(
      fc.property(spend, fc.nat({ max: 20 }), (amounts, cut) => {
        const days = figures(amounts, '2026-11-20');
        const from = days[25]?.date ?? '';
        const part = days.slice(0, days.length - cut);
        const verdicts = (seen: readonly DailyFigure[]) =>
          walkForward(seriesOf(seen), [], from, policy, at).verdicts;
        const whole = verdicts(days);
        const early = verdicts(part);
        expect(whole.slice(0, early.length)).toEqual(early);
      }),
    );
  });
});
