import { describe, expect, it } from 'vitest';
import { staleHeartbeats, staleText } from '../../shared/alert/heartbeat.ts';
import { selfTestAlert } from '../../shared/alert/self-test.ts';

const now = '2026-11-16T09:00:00Z';
const fresh = new Map([
  ['watch-spend', '2026-11-16T06:00:00Z'],
  ['watch-utilization', '2026-11-16T08:00:00Z'],
  ['enforce-schedules', '2026-11-16T08:55:00Z'],
  ['follow-up-alerts', '2026-11-16T08:55:00Z'],
  ['send-digests', '2026-11-16T08:05:00Z'],
]);

describe('a heartbeat', () => {
  it('is no news while each has succeeded in its time', () => {
    expect(staleHeartbeats(fresh, now)).toEqual([]);
  });

  it.each([
    ['watch-spend', '2026-11-15T06:59:00Z', 'the bill was not read since 2026-11-15 06:59 UTC (watch-spend)'],
    ['watch-spend', '2026-11-15T07:00:00Z', undefined],
    [
      'watch-utilization',
      '2026-11-16T05:59:00Z',
      'utilization was not read since 2026-11-16 05:59 UTC (watch-utilization)',
    ],
    ['enforce-schedules', '2026-11-16T08:30:00Z', undefined],
  ])('of %s at %s: %s', (name, at, text) => {
    expect(staleText(staleHeartbeats(new Map([...fresh, [name, at]]), now))).toBe(text ?? '');
  });

  it('that was never there is missing', () => {
    expect(staleText(staleHeartbeats(new Map(), now, ['watch-spend']))).toBe(
      'watch-spend has no success on record',
    );
  });

  it('says once of several that there is no success on record', () => {
    const seen = new Map([['enforce-schedules', '2026-11-16T06:00:00Z']]);
    expect(
      staleText(staleHeartbeats(seen, now, ['watch-spend', 'watch-utilization', 'enforce-schedules'])),
    ).toBe(
      'schedules were not enforced since 2026-11-16 06:00 UTC (enforce-schedules); watch-spend, watch-utilization have no success on record',
    );
  });
});

describe('the self-test', () => {
  const given = { date: '2026-11-16', at: now, to: ['slack', 'email'] };

  it('says by which way it came, where it went, and when what succeeded last', () => {
    const alert = selfTestAlert({ ...given, lastSuccesses: fresh });
    expect(alert).toMatchObject({
      id: 'self-test/2026-11-16',
      kind: 'self-test',
      severity: 'info',
      to: ['slack', 'email'],
      action: 'Nothing.',
    });
    expect(alert.summary).toContain('It went to slack, email');
    expect(alert.facts).toEqual([
      { label: 'watch-spend', value: 'last success 2026-11-16 06:00 UTC' },
      { label: 'watch-utilization', value: 'last success 2026-11-16 08:00 UTC' },
      { label: 'enforce-schedules', value: 'last success 2026-11-16 08:55 UTC' },
      { label: 'follow-up-alerts', value: 'last success 2026-11-16 08:55 UTC' },
    ]);
  });

  it('says what is overdue', () => {
    const { facts, action } = selfTestAlert({ ...given, lastSuccesses: new Map() });
    expect(facts[0]?.value).toBe('no success on record, overdue');
    expect(action).toContain('doctor');
  });
});
