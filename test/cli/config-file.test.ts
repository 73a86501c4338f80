import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseConfigText, readConfigFile } from '../../cli/config-file.ts';

const faultsOf = (source: string): string => {
  try {
    parseConfigText(source, 'watchdog.yml');
    return 'none';
  } catch (error) {
    return (error as Error).message;
  }
};

describe('a configuration file', () => {
  it('observes, and stops nothing, unless it says otherwise', () => {
    expect(parseConfigText('timeZone: Europe/Berlin', 'watchdog.yml')).toMatchObject({
      enforce: false,
      timeZone: 'Europe/Berlin',
      tags: { schedule: 'auto-stop', keepUntil: 'auto-stop:keep-until' },
      stop: { grace: 15, idle: 45 },
    });
  });

  it('is all defaults where there is none', async () => {
    const cwd = process.cwd();
    process.chdir(await mkdtemp(join(tmpdir(), 'watchdog-')));
    try {
      expect(await readConfigFile()).toMatchObject({ enforce: false });
    } finally {
      process.chdir(cwd);
    }
  });

  it.each([
    [
      'an unknown key, with the nearest one',
      'enforced: true',
      'watchdog.yml:1: enforced: unknown key, did you mean "enforce"?',
    ],
    [
      'an unknown key nothing is like, with those allowed',
      'stop:\n  whatever: 1',
      'watchdog.yml:2: stop.whatever: unknown key, expected one of grace, idle, maxStops, maxShare, eventMaxAge',
    ],
    [
      'a wrong type in a list',
      'targets:\n  regions:\n    - eu-west-1\n    - 7',
      'watchdog.yml:4: targets.regions.1: Invalid input: expected string, received number',
    ],
    [
      'a secret written into it',
      'alerts:\n  slack:\n    webhook: https://hooks.slack.com/services/T/B/x',
      'watchdog.yml:3: alerts.slack.webhook: expected ssm:/path or secretsmanager:name',
    ],
    [
      'a zone that does not exist',
      'timeZone: Europe/Nowhere',
      'watchdog.yml:1: timeZone: expected an IANA time zone such as Europe/Berlin',
    ],
    [
      'a schedule that cannot be read',
      'schedules:\n  office-hours: Mon-Fri 08:00-19:00\n  lab: Mon-Fri 8-19',
      'watchdog.yml:3: schedules.lab: schedule "lab" of the configuration: column 9: "8" is not a time of day (00:00 to 24:00)',
    ],
    ['an empty file', '', 'watchdog.yml: is empty; remove it to use the defaults, or set at least one key'],
    [
      'a file of comments',
      '# later\n',
      'watchdog.yml: is empty; remove it to use the defaults, or set at least one key',
    ],
    ['a list', '- enforce', 'watchdog.yml:1: the file: Invalid input: expected object, received array'],
    ['a key set twice', 'enforce: true\nenforce: false', 'watchdog.yml:2: Map keys must be unique'],
  ])('names %s', (_, source, fault) => {
    expect(faultsOf(source)).toBe(fault);
  });

  it('names two faults at once, each with its line', () => {
    expect(faultsOf('enforce: maybe\nstop:\n  graze: 5').split('\n').toSorted()).toEqual([
      'watchdog.yml:1: enforce: Invalid input: expected boolean, received string',
      'watchdog.yml:3: stop.graze: unknown key, did you mean "grace"?',
    ]);
  });

  it('says which file is missing when it was asked for', async () => {
    await expect(readConfigFile('no-such.yml')).rejects.toThrow('no-such.yml: no such file');
  });

  it('is read from disk', async () => {
    const file = join(await mkdtemp(join(tmpdir(), 'watchdog-')), 'watchdog.yml');
    await writeFile(file, 'enforce: true\n');
    expect(await readConfigFile(file)).toMatchObject({ enforce: true });
  });
});
