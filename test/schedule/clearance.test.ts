import { describe, expect, it } from 'vitest';
import { clearForStart, clearForStop } from '../../shared/schedule/clearance.ts';
import { decide } from '../../shared/schedule/decision.ts';
import { machine, measured, stoppable, subjectOf, tagged } from './candidate.ts';

const input = stoppable();
const stop = decide(input);

describe('the last gate before a stop', () => {
  it('clears the instance as it is described now', () => {
    const fresh = subjectOf(tagged({ Name: 'renamed' }));
    expect(clearForStop(stop, fresh, input)).toMatchObject({
      cleared: { subject: fresh, hibernate: false, decision: { action: 'stop', code: 'idle-off-hours' } },
    });
  });

  it.each([
    ['not-opted-in', machine({ tags: {} })],
    ['off', tagged({ 'auto-stop': 'off' })],
    ['invalid-schedule', tagged({ 'auto-stop': 'offf hours' })],
    ['in-hours', tagged({ 'auto-stop': 'Mon-Fri 08:00-22:00' })],
    ['utilization-unknown', tagged({ 'auto-stop': 'office-hours; idle=4h' })],
    ['keep-until', tagged({ 'auto-stop:keep-until': '2026-11-30' })],
    ['protected-environment', tagged({ environment: 'prod' })],
    ['auto-scaling', tagged({ 'aws:autoscaling:groupName': 'training' })],
    ['stopping', machine({ state: 'stopping' })],
    ['recently-started', machine({ launchTime: input.now })],
  ])('refuses what has changed since: %s', (code, fresh) => {
    expect(clearForStop(stop, subjectOf(fresh), input)).toMatchObject({ refused: { action: 'keep', code } });
  });

  it('refuses what was never to be stopped', () => {
    const keep = decide(stoppable({ utilization: measured('busy') }));
    expect(clearForStop(keep, subjectOf(machine()), input)).toEqual({ refused: keep });
  });

  it.each([
    ['office-hours; hibernate', true, true],
    ['office-hours; hibernate', false, false],
    ['office-hours', true, false],
  ])('lets %s hibernate where it is configured (%s): %s', (value, hibernationConfigured, hibernate) => {
    const fresh = subjectOf(tagged({ 'auto-stop': value }, { hibernationConfigured }));
    expect(clearForStop(stop, fresh, input)).toMatchObject({ cleared: { hibernate } });
  });
});

describe('the last gate before a start', () => {
  const stopped = tagged(
    { 'auto-stop': 'office-hours; start' },
    { state: 'stopped', stateTransitionReason: 'User initiated (2026-11-19 18:20:00 GMT)' },
  );
  const morning = stoppable({ instance: stopped, now: '2026-11-20T07:05:00Z', record: {} });
  const start = decide(morning);
  const subject = subjectOf(stopped);

  it('clears the instance as it is described now', () => {
    expect(clearForStart(start, subject, morning)).toMatchObject({
      cleared: { subject, decision: { action: 'start', code: 'window-open' } },
    });
  });

  it('refuses what runs by now, and what was to be stopped', () => {
    const running = { ...subject, state: 'running' as const };
    expect(clearForStart(start, running, morning)).toMatchObject({ refused: { code: 'in-hours' } });
    expect(clearForStart(stop, subject, morning)).toEqual({ refused: stop });
  });
});
