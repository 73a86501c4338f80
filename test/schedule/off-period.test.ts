import { describe, expect, it } from 'vitest';
import {
  isLedgerDue,
  type OpenPeriod,
  offHoursAfter,
  type Sighted,
  settle,
  stillBilledOf,
  toOffPeriod,
} from '../../shared/schedule/off-period.ts';
import { offPeriod, scheduleOf, sighted } from '../support/savings.ts';

const stoppedAt = '2026-11-16T20:00:00Z';
const now = '2026-11-16T20:05:00Z';
const open = (given: Partial<OpenPeriod> = {}): OpenPeriod => ({
  kind: 'ec2-instance',
  id: 'i-1',
  stoppedAt,
  seenAt: now,
  ...given,
});

describe('the hours for which a stop counts', () => {
  it('are those outside the schedule, for a week', () => {
    expect(offHoursAfter(scheduleOf('Mon-Fri 08:00-20:00 UTC'), stoppedAt)).toEqual([
      { from: '2026-11-16T20:00:00Z', until: '2026-11-17T08:00:00Z' },
      { from: '2026-11-17T20:00:00Z', until: '2026-11-18T08:00:00Z' },
      { from: '2026-11-18T20:00:00Z', until: '2026-11-19T08:00:00Z' },
      { from: '2026-11-19T20:00:00Z', until: '2026-11-20T08:00:00Z' },
      { from: '2026-11-20T20:00:00Z', until: '2026-11-23T08:00:00Z' },
    ]);
  });

  it('end with the week, also in the middle of a night', () => {
    const hours = offHoursAfter(scheduleOf('Mon-Fri 08:00-20:00 UTC'), '2026-11-16T22:30:00Z');
    expect(hours[0]?.from).toBe('2026-11-16T22:30:00Z');
    expect(hours.at(-1)).toEqual({ from: '2026-11-23T20:00:00Z', until: '2026-11-23T22:30:00Z' });
  });

  it.each([
    // From Friday 19:00 to Monday 08:00 are 61 hours on most weekends.
    ['summer time begins', '2026-03-27T18:00:00Z', '2026-03-30T06:00:00Z', 60],
    ['nothing is changed', '2026-11-20T18:00:00Z', '2026-11-23T07:00:00Z', 61],
    ['summer time ends', '2026-10-23T17:00:00Z', '2026-10-26T07:00:00Z', 62],
  ])('of a weekend on which %s are as many as pass', (_, from, until, hours) => {
    const [weekend] = offHoursAfter(scheduleOf('Mon-Fri 08:00-19:00 Europe/Berlin'), from);
    expect(weekend).toEqual({ from, until });
    expect((Date.parse(until) - Date.parse(from)) / 3_600_000).toBe(hours);
  });

  it('are none where it is open all week', () => {
    expect(offHoursAfter(scheduleOf('Mon-Sun 00:00-24:00 UTC'), stoppedAt)).toEqual([]);
  });
});

describe('a pass', () => {
  it('opens a period for what we stopped', () => {
    expect(settle([sighted()], [], now)).toEqual({ opened: [sighted()], seen: [], ended: [] });
  });

  it('opens one also where our stop waited in a queue for a while', () => {
    expect(
      settle([sighted({ downAt: '2026-11-16T20:19:00Z' })], [], '2026-11-16T20:25:00Z').opened,
    ).toHaveLength(1);
  });

  it.each<[string, Partial<Sighted>, OpenPeriod[]?]>([
    ['nobody but its people has stopped', { ourStopAt: undefined }],
    ['was started after our stop, and stopped by hand', { startedAt: '2026-11-16T20:02:00Z' }],
    ['we have started since', { startedAt: undefined, ourStartAt: '2026-11-16T20:02:00Z' }],
    ['went down long after our stop: somebody else did it', { downAt: '2026-11-16T20:20:01Z' }],
    ['is on its way down', { state: 'stopping' }],
    ['runs', { state: 'running' }],
    ['has no schedule that can be read', { schedule: undefined }],
    ['has a period', {}, [open()]],
    ['was stopped a week ago', { ourStopAt: '2026-11-09T20:05:00Z', startedAt: '2026-11-09T07:00:00Z' }],
  ])('opens none for what %s', (_, given, periods = []) => {
    expect(settle([sighted(given)], periods, now).opened).toEqual([]);
  });

  it('opens the next one where it was started and stopped by us again, and ends the one before', () => {
    const again = sighted({
      startedAt: '2026-11-17T09:00:00Z',
      ourStopAt: '2026-11-17T20:00:00Z',
      downAt: '2026-11-17T20:00:09Z',
    });
    expect(settle([again], [open()], '2026-11-17T20:05:00Z')).toEqual({
      opened: [again],
      seen: [],
      ended: [{ period: open(), endedAt: '2026-11-17T09:00:00Z' }],
    });
  });

  it.each<[string, Partial<Sighted>, string]>([
    ['it was started', { state: 'running', startedAt: '2026-11-17T07:12:00Z' }, '2026-11-17T07:12:00Z'],
    ['it is starting', { state: 'starting', startedAt: '2026-11-17T07:12:00Z' }, '2026-11-17T07:12:00Z'],
    [
      'it was started, though it is down again',
      { startedAt: '2026-11-17T07:12:00Z' },
      '2026-11-17T07:12:00Z',
    ],
    ['we have started it', { state: 'starting', ourStartAt: '2026-11-17T07:00:00Z' }, '2026-11-17T07:00:00Z'],
    ['it was terminated', { state: 'gone', downAt: '2026-11-17T03:00:00Z' }, '2026-11-17T03:00:00Z'],
    [
      'it was seen last, where it is gone and nobody says since when',
      { state: 'gone', downAt: undefined },
      now,
    ],
    [
      'it was seen last, where it runs and nobody says since when',
      { state: 'running', startedAt: undefined },
      now,
    ],
  ])('ends a period when %s', (_, given, endedAt) => {
    const { ended } = settle([sighted(given)], [open()], '2026-11-17T08:00:00Z');
    expect(ended).toEqual([{ period: open(), endedAt }]);
  });

  it('ends one that nothing has ended when its week is over', () => {
    const { ended } = settle([sighted()], [open()], '2026-11-24T03:00:00Z');
    expect(ended).toEqual([{ period: open(), endedAt: '2026-11-23T20:00:00Z' }]);
  });

  it.each<[string, Partial<Sighted>, string, number]>([
    ['after six hours', {}, '2026-11-17T02:05:00Z', 1],
    ['not before', {}, '2026-11-17T02:04:59Z', 0],
    [
      'after one, where nobody would say when it was started',
      { startedAt: undefined },
      '2026-11-16T21:05:00Z',
      1,
    ],
    ['not while it is on its way', { state: 'stopping' }, '2026-11-17T02:05:00Z', 0],
  ])('confirms a period %s', (_, given, time, seen) => {
    expect(settle([sighted(given)], [open()], time).seen).toHaveLength(seen);
  });

  it('leaves alone what it has not found: its period lasts until it was seen last', () => {
    expect(settle([], [open()], '2026-11-18T00:00:00Z')).toEqual({ opened: [], seen: [], ended: [] });
  });

  it('does not take the eventual for the actual: what still runs after our stop has not gone down yet', () => {
    expect(settle([sighted({ state: 'running' })], [open()], now).ended).toEqual([]);
  });

  it('takes what has the same id for itself only among its own kind', () => {
    const other = sighted({ kind: 'rds-instance', ourStopAt: undefined, state: 'running', startedAt: now });
    expect(settle([other], [open()], now).ended).toEqual([]);
  });
});

describe('the ledger', () => {
  it.each([
    ['we stopped something this week', '2026-11-16T20:00:00Z', true],
    ['its week has just ended: a pass ends its period', '2026-11-09T12:00:00Z', true],
    ['all stops are older', '2026-11-08T12:00:00Z', false],
    ['we stopped nothing', undefined, false],
  ])('is read by a pass only as long as it may change: %s', (_, ourStopAt, due) => {
    expect(isLedgerDue({ ourStopAt }, '2026-11-16T20:05:00Z')).toBe(due);
  });
});

describe('a period', () => {
  const target = { account: '210987654321', region: 'eu-west-1' };
  const prices = { rateSource: 'bill', stillBilledHourlyRate: 0.25 } as const;
  const opening = (given: Partial<Sighted> = {}) => ({
    ...sighted(given),
    ourStopAt: stoppedAt,
    schedule: scheduleOf('Mon-Fri 08:00-20:00 UTC'),
  });

  it('keeps what was known when it was opened', () => {
    expect(toOffPeriod(target, opening(), prices, now)).toEqual({
      ...offPeriod(),
      schedule: 'Mon-Fri 08:00-20:00 UTC',
      offSince: '2026-11-16T20:00:12Z',
      offHours: offHoursAfter(scheduleOf('Mon-Fri 08:00-20:00 UTC'), stoppedAt),
      seenAt: now,
    });
  });

  it('is off since AWS says so, else since it was seen off: hibernating takes a while, and is billed', () => {
    expect(toOffPeriod(target, opening({ downAt: undefined }), prices, now).offSince).toBe(now);
    expect(toOffPeriod(target, opening({ downAt: '2026-11-16T19:59:00Z' }), prices, now).offSince).toBe(
      stoppedAt,
    );
  });

  it('has an unknown rate where it is unknown, and where it is said to be free', () => {
    for (const hourlyRate of [undefined, 0]) {
      const period = toOffPeriod(target, opening({ hourlyRate }), prices, now);
      expect(period).toMatchObject({ hourlyRate: undefined, rateSource: undefined });
    }
  });

  it.each([
    ['ecs-service', 0],
    ['auto-scaling-group', 0],
    ['ec2-instance', undefined],
    ['rds-instance', undefined],
  ])('of kind %s has what remains billed by its kind: %s', (kind, expected) => {
    expect(stillBilledOf({ kind })).toBe(expected);
  });
});
