import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DecisionInput } from '../../shared/schedule/decision.ts';
import { forecast } from '../../shared/schedule/forecast.ts';
import { later, machine, measured, now, stoppable, tagged } from './candidate.ts';

const day = later(now, 1440);
const stepsOf = (input: DecisionInput, until = day) =>
  forecast(input, until).steps.map(({ at, action }) => `${at.slice(8, 16)} ${action}`);

describe('the next 24 hours', () => {
  it('bring an idle one its warning, and its stop after the grace period', () => {
    const { steps, hoursOff } = forecast(stoppable({ record: {} }), day);
    expect(steps.map(({ at, action }) => `${at.slice(8, 16)} ${action}`)).toEqual([
      '20T19:00 warn',
      '20T19:15 stop',
    ]);
    expect(hoursOff).toBeCloseTo(23.75, 9);
  });

  it('bring one that its schedule starts up again in the morning, and down in the evening', () => {
    const instance = tagged({ 'auto-stop': 'Mon-Sun 08:00-19:00 Europe/Berlin; start' });
    expect(stepsOf(stoppable({ instance, record: {} }), later(now, 1500))).toEqual([
      '20T19:00 warn',
      '20T19:15 stop',
      '21T07:00 start',
      '21T18:00 warn',
      '21T18:15 stop',
    ]);
  });

  it.each<[string, DecisionInput]>([
    ['busy now', stoppable({ utilization: measured('busy') })],
    ['unknown', stoppable({ utilization: measured('unknown') })],
    ['never touched', stoppable({ instance: tagged({ 'auto-stop': 'off' }) })],
    ['protected', stoppable({ instance: tagged({ environment: 'prod' }) })],
  ])('bring nothing to what is %s', (_, input) => {
    expect(forecast(input, day)).toEqual({ steps: [], hoursOff: 0 });
  });

  it('bring a stop to what is in its hours now, after they end', () => {
    const noon = '2026-11-20T11:00:00Z';
    const input = stoppable({ now: noon, record: {}, utilization: measured('idle', noon) });
    expect(stepsOf(input, later(noon, 1440))).toEqual(['20T18:00 warn', '20T18:15 stop']);
  });

  it('wait for a keep-until to pass, and for enough uptime', () => {
    const kept = tagged({ 'auto-stop:keep-until': '2026-11-20 22:00' });
    expect(stepsOf(stoppable({ instance: kept, record: {} }))).toEqual(['20T21:00 warn', '20T21:15 stop']);
    const young = machine({ launchTime: later(now, -30) });
    expect(stepsOf(stoppable({ instance: young, record: {} }))).toEqual(['20T19:15 warn', '20T19:30 stop']);
  });

  it('take what is unknown for its age alone for idle, once it is up for its idle window', () => {
    const young = machine({ launchTime: later(now, -30) });
    const input = stoppable({ instance: young, record: {}, utilization: measured('unknown') });
    expect(stepsOf(input)).toEqual(['20T19:15 warn', '20T19:30 stop']);
  });

  it('take what is unknown for another reason for unknown, even after it was started anew', () => {
    const instance = tagged({ 'auto-stop': 'Mon-Sun 08:00-19:00 Europe/Berlin; start; always' });
    const restarted = stoppable({ instance, record: {}, utilization: measured('unknown') });
    expect(stepsOf(restarted)).toContain('21T07:00 start');
    const kept = { ...restarted, parsed: stoppable().parsed };
    expect(stepsOf(kept)).toEqual([]);
  });

  it('never take longer off than they last, and only ever warn, stop and start', () => {
    const values = [
      'office-hours',
      'Mon-Sun 00:00-24:00',
      'Sat 10:00-11:00; start; always',
      'Fri 21:00-21:05; start',
    ];
    fc.assert(
      fc.property(fc.constantFrom(...values), fc.integer({ min: 1, max: 3000 }), (value, minutes) => {
        const input = stoppable({ instance: tagged({ 'auto-stop': value }), record: {} });
        const { steps, hoursOff } = forecast(input, later(now, minutes));
        expect(hoursOff).toBeLessThanOrEqual(minutes / 60 + 1e-9);
        const times = steps.map(({ at }) => at);
        expect(times).toEqual(times.toSorted());
        expect(steps.every(({ action }) => ['warn', 'stop', 'start'].includes(action))).toBe(true);
      }),
      { numRuns: 50 },
    );
  });
});
