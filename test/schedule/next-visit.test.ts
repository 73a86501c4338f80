import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Decision, decide } from '../../shared/schedule/decision.ts';
import { isVisitDue, nextVisit, type Visit } from '../../shared/schedule/next-visit.ts';
import { later, machine, measured, now, stoppable, tagged } from './candidate.ts';

const inHalfAnHour = later(now, 30);
const kept = (code: Decision['code'], until?: string): Decision => ({
  action: 'keep',
  code,
  reason: 'because',
  ...(until && { until }),
});

describe('the next visit', () => {
  it('is half an hour away where nothing is there, or nothing changes by itself', () => {
    expect(nextVisit([], now)).toBe(inHalfAnHour);
    expect(nextVisit([kept('protected-account'), kept('in-hours', later(now, 600))], now)).toBe(inHalfAnHour);
  });

  it.each([
    ['the end of a grace period', stoppable({ record: {} }), later(now, 15)],
    [
      'the end of an idle window',
      stoppable({ utilization: measured('busy'), lastBusy: later(now, -20) }),
      later(now, 25),
    ],
    ['the end of its hours', stoppable({ now: '2026-11-20T17:50:00Z' }), '2026-11-20T18:00:00Z'],
    [
      'the end of a keep-until',
      stoppable({ instance: tagged({ 'auto-stop:keep-until': '2026-11-20 20:10' }) }),
      '2026-11-20T19:10:00Z',
    ],
    ['enough uptime', stoppable({ instance: machine({ launchTime: later(now, -40) }) }), later(now, 5)],
  ])('is at %s', (_, input, due) => {
    expect(nextVisit([kept('off'), decide(input)], input.now)).toBe(due);
  });

  it('is with the next run for what is due, or was just changed', () => {
    expect(nextVisit([decide(stoppable())], now)).toBe(now);
    expect(nextVisit([decide(stoppable({ warningDelivered: false }))], now)).toBe(now);
    expect(nextVisit([decide(stoppable({ instance: machine({ state: 'pending' }) }))], now)).toBe(now);
  });

  it('is never in the past, and never later than the next full sweep', () => {
    const minutes = fc.option(fc.integer({ min: -600, max: 6000 }), { nil: undefined });
    const action = fc.constantFrom('keep', 'defer', 'warn', 'stop', 'start', 'hibernate' as const);
    fc.assert(
      fc.property(fc.array(fc.tuple(action, minutes)), (decisions) => {
        const made = decisions.map(
          ([each, minute]): Decision => ({
            action: each,
            code: 'busy',
            reason: 'because',
            ...(minute !== undefined && { until: later(now, minute) }),
          }),
        );
        const next = Date.parse(nextVisit(made, now));
        expect(next).toBeGreaterThanOrEqual(Date.parse(now));
        expect(next).toBeLessThanOrEqual(Date.parse(inHalfAnHour));
      }),
    );
  });
});

describe('a visit is due', () => {
  const visit: Visit = { visitedAt: now, dueAt: later(now, 20), running: 4, pending: 0, pendingInstances: 0 };

  it.each<[string, Visit | undefined, number, boolean]>([
    ['where there was none', undefined, 0, true],
    ['not before its time', visit, 19, false],
    ['at its time', visit, 20, true],
    ['half an hour after the last one, whatever that said', { ...visit, dueAt: later(now, 600) }, 30, true],
    ['after an event since', { ...visit, pulledAt: later(now, 3) }, 5, true],
    ['not for an event before it', { ...visit, pulledAt: later(now, -3) }, 5, false],
  ])('%s', (_, last, minutes, due) => {
    expect(isVisitDue(last, later(now, minutes))).toBe(due);
  });
});
