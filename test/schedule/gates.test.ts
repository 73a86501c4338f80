import { describe, expect, it } from 'vitest';
import type { SpotRequest } from '../../shared/compute/instance.ts';
import { decide } from '../../shared/schedule/decision.ts';
import { hasScheduleTag } from '../../shared/schedule/gates.ts';
import { later, machine, now, policy, stoppable, tagged, withTags } from './candidate.ts';

describe('opting in', () => {
  it('is a tag of its own key, in its own case', () => {
    expect(decide(stoppable({ instance: machine({ tags: {} }) }))).toEqual({
      action: 'keep',
      code: 'not-opted-in',
      reason: 'no tag "auto-stop"',
    });
    expect(decide(stoppable({ instance: machine({ tags: { 'Auto-Stop': 'office-hours' } }) }))).toEqual({
      action: 'keep',
      code: 'not-opted-in',
      reason: 'no tag "auto-stop"; "Auto-Stop" is written differently',
    });
  });

  it('is nothing where two keys differ only in case', () => {
    expect(decide(withTags({ 'Auto-Stop': 'office-hours' }))).toEqual({
      action: 'keep',
      code: 'ambiguous-tag',
      reason: 'the tags "Auto-Stop" and "auto-stop" differ only in case',
    });
  });

  it('is looked for in whatever case, so that a slip is told of', () => {
    const keys = ['auto-stop', 'Auto-Stop', 'auto-stop:keep-until', 'autostop'];
    expect(keys.map((key) => hasScheduleTag({ [key]: 'off' }, policy))).toEqual([true, true, false, false]);
  });

  it('is taken back by off', () => {
    expect(decide(withTags({ 'auto-stop': 'off' }))).toMatchObject({ action: 'keep', code: 'off' });
  });

  it('is nothing where the value can not be read, which is told with its fault', () => {
    expect(decide(withTags({ 'auto-stop': 'Mon-Fri 25:00-19:00' }))).toEqual({
      action: 'keep',
      code: 'invalid-schedule',
      reason: 'its tag "auto-stop" can\'t be read: column 9: "25:00" is not a time of day (00:00 to 24:00)',
    });
  });

  it('is of no interest once the instance is gone', () => {
    const gone = withTags({ 'auto-stop': 'oops' }, { state: 'terminated' });
    expect(decide(gone)).toMatchObject({ action: 'keep', code: 'terminated' });
  });
});

describe('keep-until', () => {
  const keeping = (value: string) => decide(withTags({ 'auto-stop:keep-until': value }));

  // Now is Friday 2026-11-20, 20:00 in Berlin.
  it.each([
    ['2026-11-20', '2026-11-20T23:00:00Z'],
    [' "2026-11-21" ', '2026-11-21T23:00:00Z'],
    ['2026-11-20T20:01', '2026-11-20T19:01:00Z'],
    ['2026-11-20 22:00', '2026-11-20T21:00:00Z'],
    ['2026-11-20T19:30Z', '2026-11-20T19:30:00Z'],
    ['2026-11-20T22:00:00+02:00', '2026-11-20T20:00:00Z'],
    ['2026-11-20T15:00[America/New_York]', '2026-11-20T20:00:00Z'],
  ])('%s keeps the instance until %s', (value, until) => {
    expect(keeping(value)).toMatchObject({ action: 'keep', code: 'keep-until', until });
  });

  it.each(['2026-11-19', '2026-11-20T20:00', '2026-11-20T19:00:00Z', '2026-11-20T21:00+02:00', '2020-01-01'])(
    '%s is past, and ignored',
    (value) => {
      expect(keeping(value).action).toBe('stop');
    },
  );

  it.each([
    '',
    'tomorrow',
    '2026-13-01',
    '2026-02-30',
    '20.11.2026',
    '2026-11',
    '2026-11-20T25:00',
    '2026-11-20T10:00 IST',
    '+275760-09-13',
    // A bare date to Temporal, and so its first moment: a day less than was meant.
    '20261120',
    '2026-11-20[Europe/Berlin]',
    '2026-11-20T22',
  ])('%j can not be read, and so protects', (value) => {
    expect(keeping(value)).toMatchObject({ action: 'keep', code: 'invalid-keep-until' });
  });

  it('is read in the zone of the schedule', () => {
    const instance = { 'auto-stop': 'Mon-Fri 08:00-19:00 Asia/Tokyo', 'auto-stop:keep-until': '2026-11-21' };
    expect(decide(withTags(instance))).toMatchObject({ code: 'keep-until', until: '2026-11-21T15:00:00Z' });
  });

  it('masks nothing once it is past', () => {
    const tags = { 'auto-stop:keep-until': '2026-11-01', 'aws:autoscaling:groupName': 'training' };
    expect(decide(withTags(tags)).code).toBe('auto-scaling');
  });

  it('protects however its key is written', () => {
    expect(decide(withTags({ 'Auto-Stop:Keep-Until': '2026-12-24' })).code).toBe('keep-until');
  });
});

describe('protection', () => {
  it.each([
    [{ environment: 'production' }],
    [{ env: ' Prod ' }],
    [{ Environment: 'PRODUCTION' }],
    [{ environment: 'dev', env: 'prod' }],
  ])('of an environment holds for %j', (tags) => {
    expect(decide(withTags(tags))).toMatchObject({ action: 'keep', code: 'protected-environment' });
  });

  it('of an environment does not hold for another one', () => {
    expect(decide(withTags({ environment: 'dev' })).action).toBe('stop');
  });

  it('of an account holds for all in it', () => {
    expect(decide(stoppable({ instance: machine({ account: '345678901234' }) }))).toEqual({
      action: 'keep',
      code: 'protected-account',
      reason: 'the account 345678901234 is protected',
    });
  });
});

describe('an instance that others would replace, or that can not be stopped,', () => {
  it.each([
    ['auto-scaling', withTags({ 'aws:autoscaling:groupName': 'training' })],
    ['fleet', withTags({ 'aws:ec2spot:fleet-request-id': 'sfr-1' })],
    ['fleet', withTags({ 'aws:ec2:fleet-id': 'fleet-1' })],
    ['managed', stoppable({ instance: machine({ managed: true }) })],
    ['capacity-block', stoppable({ instance: machine({ lifecycle: 'capacity-block' }) })],
    [
      'interruptible-capacity',
      stoppable({ instance: machine({ lifecycle: 'interruptible-capacity-reservation' }) }),
    ],
    ['scheduled-instance', stoppable({ instance: machine({ lifecycle: 'scheduled' }) })],
    ['unknown-lifecycle', stoppable({ instance: machine({ lifecycle: 'other' }) })],
    ['instance-store-root', stoppable({ instance: machine({ rootDeviceType: 'instance-store' }) })],
    ['stopping', stoppable({ instance: machine({ state: 'stopping' }) })],
  ])('is kept: %s', (code, input) => {
    expect(decide(input)).toMatchObject({ action: 'keep', code });
  });

  it('is deferred while it is starting: the next run looks at it again', () => {
    const starting = stoppable({ instance: machine({ state: 'pending' }) });
    expect(decide(starting)).toMatchObject({ action: 'defer', code: 'pending' });
  });

  const requests: [string, SpotRequest | undefined, string][] = [
    ['one-time', { type: 'one-time' }, 'spot-one-time'],
    ['of a fleet', { type: 'persistent', fleet: 'sfr-1' }, 'fleet'],
    ['of a launch group', { type: 'persistent', launchGroup: 'pair' }, 'spot-launch-group'],
    ['unknown', undefined, 'spot-unknown'],
    ['persistent and alone', { type: 'persistent' }, 'idle-off-hours'],
  ];

  it.each(requests)('judged by its spot request: %s', (_, spot, code) => {
    const instance = machine({ lifecycle: 'spot', spotInstanceRequestId: 'sir-1' });
    expect(decide(stoppable({ instance, spot })).code).toBe(code);
  });
});

describe('data on instance-store volumes', () => {
  const facts = { instanceType: 'p4d.24xlarge', instanceStoreGb: 8000, vcpus: 96 };

  it('keeps the instance, unless its tag lets it be lost', () => {
    expect(decide(stoppable({ facts }))).toEqual({
      action: 'keep',
      code: 'instance-store-data',
      reason:
        'a stop would lose 8000 GB on instance-store volumes; "auto-stop:instance-store: discard" allows it',
    });
    expect(decide(stoppable({ instance: tagged({ 'auto-stop:instance-store': 'keep' }), facts })).code).toBe(
      'instance-store-data',
    );
    expect(
      decide(stoppable({ instance: tagged({ 'auto-stop:instance-store': ' Discard ' }), facts })).action,
    ).toBe('stop');
  });

  it('may be on a type that nothing is known of', () => {
    expect(decide(stoppable({ facts: undefined })).code).toBe('unknown-type');
  });
});

describe('an uptime shorter than the idle window', () => {
  it('keeps the instance until it has passed', () => {
    expect(decide(stoppable({ instance: machine({ launchTime: later(now, -44) }) }))).toEqual({
      action: 'keep',
      code: 'recently-started',
      reason: 'started at 19:16, less than 45 min ago',
      until: '2026-11-20T19:01:00Z',
    });
    expect(decide(stoppable({ instance: machine({ launchTime: later(now, -45) }) })).action).toBe('stop');
  });

  it('keeps even one that is stopped when busy, and as long as its tag says', () => {
    const input = withTags(
      { 'auto-stop': 'office-hours; always; idle=2h' },
      { launchTime: later(now, -100) },
    );
    expect(decide(input)).toMatchObject({ code: 'recently-started', until: '2026-11-20T19:20:00Z' });
  });

  it('is that of an instance started after the time of the event, too', () => {
    expect(decide(stoppable({ instance: machine({ launchTime: later(now, 3) }) })).code).toBe(
      'recently-started',
    );
  });
});
