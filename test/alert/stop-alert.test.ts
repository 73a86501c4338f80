import { describe, expect, it } from 'vitest';
import {
  breakerAlert,
  scheduleProblemAlert,
  stopResultAlert,
  stopWarningAlert,
} from '../../shared/alert/stop-alert.ts';
import type { Instance } from '../../shared/compute/instance.ts';
import { schedulableInstance } from '../../shared/schedule/kinds/ec2-instance.ts';
import { instance } from '../support/compute.ts';

/** An instance as a schedule sees it. */
const subject = (given: Partial<Instance>) =>
  schedulableInstance({ instance: instance(given), facts: undefined, spot: undefined, instanceStoreTag: '' });

const target = { account: '210987654321', accountName: 'ml-dev', region: 'eu-west-1' };
const at = '2026-11-16T18:00:00Z';
const idle = {
  reason: 'outside Mon-Fri 08:00-19:00 Europe/Berlin since 19:00; 8 of 8 GPUs at 0 % for 45 min',
};

const p4d = { subject: subject({ tags: { Name: 'trainer' } }), decision: idle, hourlyRate: 32.7726 };
const g5 = {
  subject: subject({ instanceId: 'i-0f31c4a7d1b2e9a05', instanceType: 'g5.12xlarge' }),
  decision: { ...idle, until: '2026-11-16T18:30:00Z' },
  hourlyRate: 5.672,
};
const unpriced = { ...g5, hourlyRate: undefined };
const sweep = { owner: 'dana', target, at, enforce: true };

describe('the warning of a stop', () => {
  const warning = stopWarningAlert({ ...sweep, entries: [g5, p4d], graceMinutes: 15 });

  it('says what will be stopped, when, whose it is, what it costs, and how to keep it', () => {
    expect(warning).toEqual({
      id: 'stop-warning/210987654321/eu-west-1/dana/2026-11-16T18:00:00Z',
      subject: 'stop-warning/210987654321/eu-west-1/dana',
      kind: 'stop-warning',
      severity: 'warning',
      at,
      title: '2 instances in ml-dev, eu-west-1 will be stopped in 15 min: $38.44 an hour',
      summary:
        'They are outside the hours of their schedule tag. A stop ends what runs, and keeps the EBS volumes and the private address.',
      facts: [
        { label: 'Account', value: 'ml-dev (210987654321), eu-west-1' },
        { label: 'Owner', value: 'dana' },
      ],
      items: [
        `trainer (i-0d4e1f2a3b4c5d6e7) p4d.24xlarge, $32.77 an hour: ${idle.reason}`,
        `i-0f31c4a7d1b2e9a05 g5.12xlarge, $5.67 an hour: ${idle.reason}; not before 18:30 UTC`,
      ],
      action: [
        'Nothing need be done where it may stop.',
        '',
        'To keep them running for two hours (leave out what may stop):',
        'npm run -s watchdog -- keep i-0d4e1f2a3b4c5d6e7 i-0f31c4a7d1b2e9a05 --for 2h',
        'Until tomorrow 08:00:',
        'npm run -s watchdog -- keep i-0d4e1f2a3b4c5d6e7 i-0f31c4a7d1b2e9a05 --until tomorrow',
        'To have them stopped without waiting:',
        'npm run -s watchdog -- stop-now i-0d4e1f2a3b4c5d6e7 i-0f31c4a7d1b2e9a05',
        '',
        'Or set their tag auto-stop:keep-until to a time, e.g. 2026-11-16T22:00Z; for good, set their schedule tag to "off".',
      ].join('\n'),
      links: [
        {
          label: 'Instances in the EC2 console',
          url: 'https://eu-west-1.console.aws.amazon.com/ec2/home?region=eu-west-1#Instances:instanceId=i-0d4e1f2a3b4c5d6e7,i-0f31c4a7d1b2e9a05',
        },
      ],
      account: '210987654321',
      region: 'eu-west-1',
      owner: 'dana',
      schedulables: [
        { key: 'i-0d4e1f2a3b4c5d6e7', id: 'i-0d4e1f2a3b4c5d6e7', name: 'trainer' },
        { key: 'i-0f31c4a7d1b2e9a05', id: 'i-0f31c4a7d1b2e9a05', name: 'i-0f31c4a7d1b2e9a05' },
      ],
    });
  });

  it('says "would" where the watchdog only observes', () => {
    const { title, summary, severity } = stopWarningAlert({
      ...sweep,
      enforce: false,
      entries: [p4d],
      graceMinutes: 15,
    });
    expect(title).toBe('1 instance in ml-dev, eu-west-1 would be stopped in 15 min: $32.77 an hour');
    expect(summary).toBe(
      'It is outside the hours of its schedule tag. The watchdog only observes: nothing is stopped until "enforce" is true in its configuration.',
    );
    expect(severity).toBe('info');
  });

  it.each([
    [['ec2-instance', 'rds-instance'], '1 instance and 1 database'],
    [['ec2-instance', 'rds-instance', 'sagemaker-app'], '1 instance, 1 database and 1 Studio app'],
    [['ec2-instance', 'rds-instance', 'sagemaker-app', 'sagemaker-app', 'ecs-service'], '5 resources'],
  ] as const)('counts %j in its title', (kinds, counted) => {
    const entries = kinds.map((kind) => ({ ...p4d, subject: { ...p4d.subject, kind } }));
    const { title } = stopWarningAlert({ ...sweep, entries, graceMinutes: 15 });
    expect(title.split(' in ')[0]).toBe(counted);
  });

  it.each([
    [[unpriced], 'price unknown'],
    [[unpriced, p4d], '$32.77 an hour, and 1 of unknown price'],
  ])('never takes an unknown price for 0', (entries, cost) => {
    const { title } = stopWarningAlert({ ...sweep, entries, graceMinutes: 15 });
    expect(title.split(' min: ')[1]).toBe(cost);
  });

  it.each([
    ['another owner', { owner: 'kim' }],
    ['no owner', { owner: undefined }],
    ['another account', { target: { ...target, account: '345678901234' } }],
    ['another sweep', { at: '2026-11-17T18:00:00Z' }],
    ['another part', { part: 1 }],
  ])('is another alert for %s', (_, other) => {
    const { id } = stopWarningAlert({ ...sweep, ...other, entries: [p4d], graceMinutes: 15 });
    expect(id).not.toBe(warning.id);
  });

  it('is the same alert when the sweep runs again', () => {
    expect(stopWarningAlert({ ...sweep, entries: [p4d], graceMinutes: 15 }).id).toBe(warning.id);
  });

  const idOf = (number: number) => `i-${String(number).padStart(17, '0')}`;
  const many = (count: number) =>
    Array.from({ length: count }, (_, index) => ({
      ...p4d,
      subject: subject({ instanceId: idOf(index + 1) }),
    }));
  const actionOf = (entries: (typeof p4d)[]) =>
    stopWarningAlert({ ...sweep, entries, graceMinutes: 15 }).action;

  it.each([1, 2, 10, 11, 50])('names each of %i in a command', (count) => {
    const action = actionOf(many(count));
    const kept = action.split('\n').filter((line) => line.endsWith('--for 2h'));
    expect(kept.join(' ').match(/i-\d{17}/g)).toEqual(many(count).map((entry) => entry.subject.id));
    expect(kept).toHaveLength(Math.ceil(count / 10));
    expect(action).not.toContain('for the others');
  });

  it('says that there are others, where there are more than five lines hold', () => {
    const action = actionOf(many(51));
    expect(action).toContain(idOf(50));
    expect(action).not.toContain(idOf(51));
    expect(action).toContain('\nAnd so for the others.\n');
  });

  it('fits into Slack, however long the names are', () => {
    const long = many(50).map((entry, index) => ({
      ...entry,
      subject: { ...entry.subject, id: `cluster/${'service-'.repeat(12)}${index}` },
    }));
    for (const entries of [long, long.slice(0, 3), many(50)]) {
      expect(actionOf(entries).length).toBeLessThan(2500);
    }
  });

  it('puts nothing into a command that a shell would read, and says that it is missing', () => {
    const odd = { ...p4d, subject: { ...p4d.subject, id: 'a;reboot' } };
    expect(actionOf([odd])).not.toContain('npm run');
    expect(actionOf([p4d, odd])).toContain('\nAnd so for the others.\n');
    expect(actionOf([p4d, odd])).not.toContain('reboot');
  });

  it('names the tag that the configuration names', () => {
    const { action } = stopWarningAlert({
      ...sweep,
      entries: [p4d],
      graceMinutes: 15,
      keepUntilTag: 'acme:keep',
    });
    expect(action).toContain('set its tag acme:keep to a time');
  });
});

describe('the result of a sweep', () => {
  const refused = {
    subject: g5.subject,
    action: 'stop' as const,
    error: 'OperationNotPermitted: stop protection is on',
  };

  it('says what was stopped and what that saves', () => {
    expect(stopResultAlert({ ...sweep, stopped: [p4d], failed: [] })).toMatchObject({
      id: 'stop-result/210987654321/eu-west-1/dana/2026-11-16T18:00:00Z',
      severity: 'info',
      title: '1 instance stopped in ml-dev, eu-west-1',
      summary: 'Saved from now on: $32.77 an hour. EBS volumes and Elastic IP addresses go on costing.',
      items: [`Stopped: trainer (i-0d4e1f2a3b4c5d6e7) p4d.24xlarge, $32.77 an hour: ${idle.reason}`],
    });
  });

  it('says what AWS refused to stop, first', () => {
    expect(stopResultAlert({ ...sweep, stopped: [p4d], failed: [refused] })).toMatchObject({
      severity: 'warning',
      title: '1 instance stopped, 1 instance could not be changed in ml-dev, eu-west-1',
      items: [
        'Could not stop i-0f31c4a7d1b2e9a05: OperationNotPermitted: stop protection is on',
        expect.stringContaining('Stopped: trainer'),
      ],
    });
  });

  it('claims no saving where everything was refused', () => {
    expect(stopResultAlert({ ...sweep, stopped: [], failed: [refused] })).toMatchObject({
      title: '1 instance could not be changed in ml-dev, eu-west-1',
      summary: 'Nothing has changed: AWS refused.',
    });
  });

  it('says "would" where the watchdog only observes', () => {
    const { title, items } = stopResultAlert({ ...sweep, enforce: false, stopped: [p4d], failed: [] });
    expect(title).toBe('1 instance would be stopped in ml-dev, eu-west-1');
    expect(items[0]).toMatch(/^Would be stopped: trainer/);
  });
});

describe('a tag that cannot be read', () => {
  const tag = { key: 'auto-stop', value: 'Mon-Fry 8-19' };
  const problem = { subject: p4d.subject, tag, error: 'its tag "auto-stop" can\'t be read: column 5', at };

  it('is told with its value, what is wrong and what to write', () => {
    expect(scheduleProblemAlert(problem)).toMatchObject({
      kind: 'schedule-problem',
      severity: 'warning',
      title: "The tag auto-stop of trainer (i-0d4e1f2a3b4c5d6e7) can't be read, so that nothing stops it",
      summary: 'Its tag "auto-stop" can\'t be read: column 5.',
      facts: [
        { label: 'Tag auto-stop', value: 'Mon-Fry 8-19' },
        { label: 'Instance', value: 'i-0d4e1f2a3b4c5d6e7, p4d.24xlarge' },
        { label: 'Account', value: '210987654321, eu-west-1' },
        { label: 'Owner', value: 'none tagged' },
      ],
      action:
        'Correct the tag, e.g. Mon-Fri 08:00-19:00 Europe/Berlin. It is told again only when its value changes.',
    });
  });

  it('gives an example of the tag it is about, or the suggestion it was given', () => {
    const keep = { ...problem, tag: { key: 'auto-stop:keep-until', value: 'tomorow' } };
    expect(scheduleProblemAlert(keep).action).toContain('e.g. 2026-11-16T22:00Z');
    expect(scheduleProblemAlert({ ...problem, suggestion: 'Mon-Fri 08:00-19:00' }).action).toBe(
      'If that is what is meant, write: Mon-Fri 08:00-19:00\nIt is told again only when its value changes.',
    );
  });

  it('is told once for each value, whenever it is seen', () => {
    const { id } = scheduleProblemAlert(problem);
    expect(scheduleProblemAlert({ ...problem, at: '2026-11-17T18:05:00Z' }).id).toBe(id);
    expect(scheduleProblemAlert({ ...problem, tag: { ...tag, value: 'Mon-Fri 8-' } }).id).not.toBe(id);
    expect(scheduleProblemAlert({ ...problem, subject: g5.subject }).id).not.toBe(id);
  });

  it('has an id that a table takes, even with 256 characters of value', () => {
    const { id } = scheduleProblemAlert({ ...problem, tag: { ...tag, value: '€'.repeat(256) } });
    expect(id).toMatch(/^schedule-problem\/210987654321\/eu-west-1\/i-0d4e1f2a3b4c5d6e7\/[0-9a-f]{14}$/);
  });
});

describe('the breaker', () => {
  it('is told once for each target and day', () => {
    const reason = '60 stops are more than the 50 allowed';
    expect(breakerAlert(target, reason, at)).toMatchObject({
      id: 'breaker/210987654321/eu-west-1/2026-11-16',
      severity: 'critical',
      title: 'Nothing was stopped in ml-dev, eu-west-1, although stops were due',
      summary: expect.stringMatching(/^60 stops are more than the 50 allowed\. A wrong tag,/),
    });
    expect(breakerAlert(target, reason, '2026-11-16T23:55:00Z').id).toBe(breakerAlert(target, reason, at).id);
  });
});
