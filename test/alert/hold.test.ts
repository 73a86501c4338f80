import { describe, expect, it } from 'vitest';
import type { Alert, News } from '../../shared/alert/alert.ts';
import type { Conversation } from '../../shared/alert/conversation.ts';
import { isEscalated } from '../../shared/alert/escalation.ts';
import { holdOf, hourOf, isHushed } from '../../shared/alert/hold.ts';
import { quietHoursFault, quietUntil } from '../../shared/alert/quiet-hours.ts';
import { parseConfig } from '../../shared/config.ts';
import { alertOf } from '../support/alert.ts';

const hours = parseConfig({ timeZone: 'Europe/Berlin', schedules: { nights: 'Mon-Sun 20:00-08:00' } });

describe('quiet hours', () => {
  it.each([
    ['before midnight', 'Mon-Sun 22:00-07:00', '2026-11-16T21:30:00Z', '2026-11-17T06:00:00Z'],
    ['after midnight', 'Mon-Sun 22:00-07:00', '2026-11-17T00:00:00Z', '2026-11-17T06:00:00Z'],
    ['outside', 'Mon-Sun 22:00-07:00', '2026-11-16T12:00:00Z', undefined],
    ['at their end', 'Mon-Sun 22:00-07:00', '2026-11-17T06:00:00Z', undefined],
    [
      'over a weekend',
      'Mon-Sun 19:00-08:00, Sat-Sun 00:00-24:00',
      '2026-11-20T19:00:00Z',
      '2026-11-23T07:00:00Z',
    ],
    [
      'in a zone of their own',
      'Mon-Sun 22:00-07:00 Asia/Tokyo',
      '2026-11-16T13:30:00Z',
      '2026-11-16T22:00:00Z',
    ],
    ['by a name', 'nights', '2026-11-16T20:00:00Z', '2026-11-17T07:00:00Z'],
    // Berlin goes to summer time on 2026-03-29 at 01:00 UTC, and back on 2026-10-25 at 01:00 UTC.
    [
      'over the night that is an hour short',
      'Mon-Sun 22:00-07:00',
      '2026-03-28T22:00:00Z',
      '2026-03-29T05:00:00Z',
    ],
    [
      'over the night that is an hour long',
      'Mon-Sun 22:00-07:00',
      '2026-10-24T21:00:00Z',
      '2026-10-25T06:00:00Z',
    ],
  ])('end when they say: %s', (_, quiet, time, until) => {
    expect(quietUntil(quiet, hours, time)).toBe(until);
  });

  it.each([
    ['Mon-Sun 00:00-24:00', 'they never end: nothing would be told'],
    ['off', 'leave it out to be told at any time'],
  ])('are refused as %s', (quiet, fault) => {
    expect(quietHoursFault(quiet, hours)).toBe(fault);
  });

  it('that cannot be read are refused with what was expected', () => {
    expect(quietHoursFault('whenever', hours)).toEqual(expect.any(String));
    expect(quietHoursFault('Mon-Fri 19:00-08:00', hours)).toBeUndefined();
  });
});

describe('an alert is held back', () => {
  const night = '2026-11-16T22:00:00Z';
  const day = '2026-11-16T12:34:00Z';
  const quiet = { quietHours: 'Mon-Sun 22:00-07:00', messagesPerHour: 3 };
  const at = (now: string, sent = 0) => ({ now, hours, sent });
  const minor = (given: Partial<Alert> = {}) => alertOf({ severity: 'warning', ...given });

  it('in quiet hours until they end', () => {
    expect(holdOf(minor(), quiet, at(night))).toEqual({
      reason: 'quiet hours',
      until: '2026-11-17T06:00:00Z',
    });
    expect(holdOf(minor(), quiet, at(day))).toBeUndefined();
  });

  it('beyond what a destination takes in an hour, until the next', () => {
    expect(holdOf(minor(), quiet, at(day, 2))).toBeUndefined();
    expect(holdOf(minor(), quiet, at(day, 3))).toEqual({ reason: 'too many', until: '2026-11-16T13:00:00Z' });
    expect(hourOf(day)).toBe('2026-11-16T12');
  });

  it('beyond it until the quiet hours are over that the next hour begins with', () => {
    const evening = '2026-11-16T20:59:59Z';
    expect(holdOf(minor(), quiet, at(evening, 3))?.until).toBe('2026-11-17T06:00:00Z');
  });

  it.each<[string, Partial<Alert>]>([
    ['what is critical', { severity: 'critical' }],
    ['a warning before a stop', { kind: 'stop-warning' }],
    ['the breaker', { kind: 'breaker' }],
    ['a digest', { kind: 'digest' }],
    ['a self-test', { kind: 'self-test' }],
  ])('never: %s', (_, given) => {
    expect(holdOf(minor(given), quiet, at(night, 1000))).toBeUndefined();
  });
});

describe('a snoozed problem', () => {
  const conversation: Conversation = {
    subject: 'incident/p4d',
    version: 2,
    isOpen: true,
    openedAt: '2026-11-16T06:00:00Z',
    at: '2026-11-16T06:00:00Z',
    alertId: 'incident/p4d/opened',
    kind: 'spend-anomaly',
    severity: 'critical',
    title: 'EC2',
    snoozed: { at: '2026-11-16T07:00:00Z', by: 'mei', until: '2026-11-17T07:00:00Z', costPerDay: 100 },
  };
  const during = '2026-11-16T12:00:00Z';

  it.each<[string, Partial<Alert>, string, boolean]>([
    ['that grows', { step: 'grown', costPerDay: 199 }, during, true],
    ['that has doubled', { step: 'grown', costPerDay: 200 }, during, false],
    ['whose cost is not known', { step: 'grown' }, during, true],
    ['that is over', { step: 'recovered' }, during, false],
    ['of which the clock reminds', { step: 'reminded' }, during, false],
    ['that somebody answers', { step: 'acknowledged' }, during, false],
    ['at the end of its snooze', { step: 'grown', costPerDay: 100 }, '2026-11-17T07:00:00Z', false],
  ])('is quiet, or not: one %s', (_, given, now, isQuiet) => {
    expect(isHushed(alertOf(given), conversation, now)).toBe(isQuiet);
  });

  it('of which nothing is known is told', () => {
    expect(isHushed(alertOf({ step: 'grown' }), undefined, during)).toBe(false);
  });
});

describe('somebody has to acknowledge', () => {
  const from = { severity: 'warning' } as const;
  it.each<[News['step'], Alert['severity'], boolean]>([
    ['opened', 'warning', true],
    ['grown', 'critical', true],
    ['reopened', 'critical', true],
    ['opened', 'info', false],
    ['recovered', 'critical', false],
    ['escalated', 'critical', false],
  ])('what %s and is %s: %s', (step, severity, wanted) => {
    expect(isEscalated({ ...alertOf({ severity }), step }, from)).toBe(wanted);
  });
});
