import { describe, expect, it } from 'vitest';
import { allowanceOf, type PlannedEvent } from '../../shared/anomaly/calendar.ts';
import {
  type Feedback,
  feedbackEvents,
  heeding,
  inForce,
  isMuted,
  type Said,
  toFeedback,
} from '../../shared/anomaly/feedback.ts';
import type { Incident } from '../../shared/anomaly/incident.ts';
import { addDays, type IsoDate, toDay } from '../../shared/period.ts';
import { incidentOf } from '../support/incident.ts';

const at = '2026-11-16T10:00:00Z';
const scope = { account: '210987654321', service: 'Amazon EC2' };

/** A machine that costs $800 a day more than expected, since 14 November. */
const machine = (given: Partial<Incident> = {}): Incident =>
  incidentOf({
    id: 'machine',
    scope,
    days: [day('2026-11-14', 800), day('2026-11-15', 300)],
    excessPerDay: 300,
    told: { status: 'open', at: '2026-11-15T06:00:00Z', impact: 800, excessPerDay: 800, growths: 0 },
    ...given,
  });

const day = (date: IsoDate, excess: number) => ({
  date,
  expected: 100,
  actual: 100 + excess,
  closed: true,
  high: excess > 50,
});

const said = (given: Said & { by?: string } = { answer: 'expected' }): Feedback =>
  toFeedback(machine(), { at, ...given });

const planned = () => said({ answer: 'planned', through: '2026-12-09' });

describe('what somebody says of an incident', () => {
  it('vouches for its dearest day, also where its newest is not read to the end', () => {
    expect(said({ answer: 'expected', by: 'dana' })).toEqual({
      incidentId: 'machine',
      answer: 'expected',
      scope,
      at,
      until: '2026-12-16',
      excess: 800,
      by: 'dana',
    });
  });

  it.each([
    ['expected', said(), '2026-12-16'],
    ['not-an-anomaly', said({ answer: 'not-an-anomaly' }), '2027-02-14'],
    ['planned', planned(), '2026-12-10'],
  ])('holds until its day: %s', (_, feedback, until) => {
    expect(feedback.until).toBe(until);
  });
});

describe('an incident that somebody answered', () => {
  const told = (incident: Incident, feedback?: Feedback) =>
    heeding({ incident, change: 'grown' as const }, feedback).change;
  const on = (date: IsoDate, excess: number) =>
    machine({ days: [...machine().days, day(date, excess)], excessPerDay: excess });

  it('is told as ever without an answer', () => {
    expect(told(machine())).toBe('grown');
  });

  it.each([
    ['expected', said(), '2026-12-15'],
    ['not an anomaly', said({ answer: 'not-an-anomaly' }), '2027-02-13'],
    ['planned', planned(), '2026-12-09'],
  ])(
    'is told nothing of through the last day on which it is %s, and again from the next',
    (_, feedback, last) => {
      expect(told(on(last, 800), feedback)).toBeUndefined();
      expect(told(on(addDays(last, 1), 800), feedback)).toBe('grown');
    },
  );

  it('is told where it goes beyond what was said to be fine, by more than a quarter', () => {
    expect(told(on('2026-11-17', 1000), said())).toBeUndefined();
    expect(told(on('2026-11-17', 1001), said())).toBe('grown');
    expect(told(on('2026-11-17', 1600), said())).toBe('grown');
  });

  it('ends as quietly as it went on', () => {
    const over = machine({ status: 'recovered', end: '2026-11-20', excessPerDay: 800 });
    expect(isMuted(over, said())).toBe(true);
    expect(heeding({ incident: over, change: 'recovered' as const }, said()).change).toBeUndefined();
  });

  it('is told to be over where it was planned to be so long before', () => {
    const over = machine({ status: 'recovered', end: '2026-12-20', excessPerDay: 800 });
    expect(heeding({ incident: over, change: 'recovered' as const }, planned()).change).toBe('recovered');
  });
});

describe('a plan that is over', () => {
  const goesOn = machine({
    days: [...machine().days, day('2026-12-09', 800), day('2026-12-10', 800)],
    excessPerDay: 800,
  });
  const heeded = (incident: Incident, feedback = planned()) =>
    heeding({ incident, change: undefined as 'grown' | undefined }, feedback);

  it('is told once where the spend goes on after its last day, though it is no more than before', () => {
    expect(heeded(goesOn)).toMatchObject({
      change: 'grown',
      incident: { reason: expect.stringMatching(/It was planned through 2026-12-09, and goes on\.$/) },
    });
    const known = {
      status: 'open' as const,
      at: '2026-12-11T06:00:00Z',
      impact: 4000,
      excessPerDay: 800,
      growths: 1,
    };
    expect(heeded({ ...goesOn, told: known })).toMatchObject({ change: undefined });
  });

  it.each([
    ['that was back to normal by then', { days: [...machine().days, day('2026-12-10', 0)], excessPerDay: 0 }],
    ['whose next day is not known yet', { days: [...machine().days, day('2026-12-09', 800)] }],
    ['that has ended', { status: 'accepted' as const, end: '2026-12-11' }],
  ])('is not told of an incident %s', (_, given) => {
    expect(heeded({ ...goesOn, ...given }).change).toBeUndefined();
  });

  it('makes no news of what had grown before its end', () => {
    const over = { ...goesOn, days: [...machine().days, day('2026-12-10', 0)], excessPerDay: 0 };
    expect(heeding({ incident: over, change: 'grown' as const }, planned()).change).toBeUndefined();
    expect(
      heeding({ incident: over, change: 'grown' as const }, { ...said(), until: '2026-12-10' }).change,
    ).toBeUndefined();
  });

  it('is news only where there was a plan', () => {
    const until = { ...said(), until: '2026-12-10' };
    expect(heeded(goesOn, until).change).toBeUndefined();
  });
});

describe('answers in the calendar', () => {
  const allowed = (calendar: readonly PlannedEvent[], where: Record<string, string>, date: IsoDate) =>
    allowanceOf(calendar, where)(toDay(date)).excess;

  it('allow what was said to be fine, from the day it was said, there and in the sums that carry it', () => {
    const calendar = feedbackEvents([said({ answer: 'not-an-anomaly' })]);
    expect(allowed(calendar, scope, '2026-11-15')).toBe(0);
    expect(allowed(calendar, scope, '2026-11-16')).toBe(1000);
    expect(allowed(calendar, scope, '2027-02-13')).toBe(1000);
    expect(allowed(calendar, scope, '2027-02-14')).toBe(0);
    expect(allowed(calendar, {}, '2026-12-01')).toBe(1000);
    expect(allowed(calendar, { ...scope, service: 'Amazon S3' }, '2026-12-01')).toBe(0);
    expect(allowanceOf(calendar, scope)(toDay('2026-12-01')).factor).toBe(1);
  });

  it('hold no longer than an expected incident lasts: the next one is another', () => {
    const over = machine({ status: 'recovered', end: '2026-11-20' });
    expect(inForce([said()], [over])).toEqual([{ ...said(), until: '2026-11-20' }]);
    expect(inForce([said()], [machine()])).toEqual([said()]);
    expect(inForce([said()], [])).toEqual([said()]);
    expect(inForce([said()], [{ ...over, end: '2026-12-30' }])).toEqual([said()]);
  });

  it('hold on after the incident where its like was said to be fine, or planned', () => {
    const over = machine({ status: 'recovered', end: '2026-11-20' });
    const both = [said({ answer: 'not-an-anomaly' }), planned()];
    expect(inForce(both, [over])).toEqual(both);
  });

  it('are no entry where they hold for no day', () => {
    const over = machine({ status: 'recovered', end: '2026-11-16' });
    expect(feedbackEvents(inForce([said()], [over]))).toEqual([]);
  });
});
