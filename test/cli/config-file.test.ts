import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseConfigText, readConfigFile } from '../../cli/config-file.ts';
import { parseConfig } from '../../shared/config.ts';

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
      'watchdog.yml:2: stop.whatever: unknown key, expected one of grace, idle, maxStops, maxSweepStops, maxShare, eventMaxAge, chunkSize, callsPerSecond, burst, hibernateFallback',
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
      'timeZone: Mars/Olympus',
      'watchdog.yml:1: timeZone: "Mars/Olympus" is not a time zone such as Europe/Berlin',
    ],
    [
      'a zone that is written wrong',
      'enforce: false\ntimeZone: Europe/Berln',
      'watchdog.yml:2: timeZone: "Europe/Berln" is not a time zone such as Europe/Berlin, did you mean "Europe/Berlin"?',
    ],
    [
      'a zone that is several',
      'timeZone: IST',
      'watchdog.yml:1: timeZone: "IST" is ambiguous: write the place instead, e.g. Asia/Kolkata or Europe/Dublin or Asia/Jerusalem',
    ],
    [
      'a zone of Instance Scheduler that is several',
      'compatibility:\n  instanceScheduler:\n    timeZone: EST\n    file: schedules.json',
      'watchdog.yml:3: compatibility.instanceScheduler.timeZone: "EST" is ambiguous: write the place instead, e.g. America/New_York or America/Panama',
    ],
    ...[
      ['off', '"off" in a tag means never to touch it: it can\'t name a schedule'],
      ['Never', '"Never" in a tag means never to touch it: it can\'t name a schedule'],
      ['Mon', '"Mon" in a tag stands for days: it can\'t name a schedule'],
      ['mon-fri', '"mon-fri" in a tag stands for days: it can\'t name a schedule'],
      ['weekdays', '"weekdays" in a tag stands for days: it can\'t name a schedule'],
      ['hibernate', '"hibernate" is an option of tags: it can\'t name a schedule'],
    ].map(([name = '', fault = '']) => [
      `a schedule that is called ${name}`,
      `schedules:\n  lab: Mon-Fri 08:00-19:00\n  ${name}: Mon-Fri 08:00-19:00`,
      `watchdog.yml:3: schedules.${name}: ${fault}`,
    ]),
    [
      'two schedules of one name, each with its line',
      'schedules:\n  lab: Mon-Fri 08:00-19:00\n  Lab: Mon-Fri 09:00-19:00',
      [
        'watchdog.yml:2: schedules.lab: "lab" and "Lab" differ only in case, which doesn\'t matter in a tag',
        'watchdog.yml:3: schedules.Lab: "Lab" and "lab" differ only in case, which doesn\'t matter in a tag',
      ].join('\n'),
    ],
    [
      'a schedule that cannot be read',
      'schedules:\n  office-hours: Mon-Fri 08:00-19:00\n  lab: Mon-Fri 8-19',
      'watchdog.yml:3: schedules.lab: schedule "lab" of the configuration: column 9: "8" is not a time of day (00:00 to 24:00)',
    ],
    [
      'a holiday that is no date',
      'holidays:\n  germany:\n    dates:\n      - 12-25\n      - 2026-02-30',
      'watchdog.yml:5: holidays.germany.dates.1: "2026-02-30" is no date: expected 2026-12-24, 12-25 for each year, or two with ".."',
    ],
    [
      'holidays without any',
      'holidays:\n  germany: {}',
      'watchdog.yml:2: holidays.germany: names neither dates nor a file',
    ],
    [
      'holidays that a schedule names and nobody else',
      'schedules:\n  lab: Mon-Fri 08:00-19:00; holidays=germany\nholidays:\n  bavaria: { dates: [12-25] }',
      'watchdog.yml:2: schedules.lab: schedule "lab" of the configuration: column 22: unknown holidays "germany", expected one of bavaria',
    ],
    [
      'a zone that Custodian does not know',
      'compatibility:\n  custodian: { timeZone: CEST }',
      'watchdog.yml:2: compatibility.custodian.timeZone: "CEST" is not a time zone such as Europe/Berlin',
    ],
    [
      'a zone of Custodian that is several, and none of its aliases',
      'compatibility:\n  custodian:\n    onhour: 7\n    timeZone: SST',
      'watchdog.yml:4: compatibility.custodian.timeZone: "SST" is ambiguous: write the place instead, e.g. Asia/Singapore or Pacific/Pago_Pago',
    ],
    [
      'an Instance Scheduler without schedules',
      'compatibility:\n  instanceScheduler: { tag: Schedule }',
      'watchdog.yml:2: compatibility.instanceScheduler: names neither a file nor definitions',
    ],
    [
      'a period that can not be read',
      'compatibility:\n  instanceScheduler:\n    definitions:\n      schedules:\n        uk: { periods: [office] }\n      periods:\n        office: { weekdays: [mox] }',
      'watchdog.yml:5: compatibility.instanceScheduler.definitions.schedules.uk: period "office": weekdays: "mox" can\'t be read',
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

  it.each(['et', 'IST', 'Europe/Dublin'])('takes %s for a zone of Custodian, which knows it', (zone) => {
    expect(faultsOf(`compatibility:\n  custodian: { timeZone: ${zone} }`)).toBe('none');
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

describe('the files that a configuration names', () => {
  const ics = (...dates: string[]) =>
    [
      ...['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//example//EN'],
      ...dates.flatMap((date) => [
        'BEGIN:VEVENT',
        `DTSTART;VALUE=DATE:${date}`,
        'SUMMARY:Christmas',
        'END:VEVENT',
      ]),
      ...['END:VCALENDAR', ''],
    ].join('\r\n');

  async function folderOf(files: Record<string, string>): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'watchdog-'));
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    return folder;
  }

  const configured = [
    'holidays:',
    '  germany:',
    '    file: holidays.ics',
    'schedules:',
    '  lab: Mon-Fri 08:00-19:00; holidays=germany',
    'compatibility:',
    '  instanceScheduler:',
    '    file: table.yml',
  ].join('\n');
  const table = 'schedules: { uk: { periods: office } }\nperiods: { office: { weekdays: mon-fri } }';

  const faultOf = async (files: Record<string, string>) => {
    const folder = await folderOf({ 'watchdog.yml': configured, ...files });
    return readConfigFile(join(folder, 'watchdog.yml')).then(
      () => 'none',
      (error: Error) => error.message.replaceAll(`${folder}/`, ''),
    );
  };

  it('lie beside it, and are read with it, so that nobody reads them again', async () => {
    const folder = await folderOf({
      'watchdog.yml': configured,
      'holidays.ics': ics('20261225', '20271225'),
      'table.yml': table,
    });
    const config = await readConfigFile(join(folder, 'watchdog.yml'));
    expect(config.holidays).toEqual({
      germany: {
        dates: [],
        file: 'holidays.ics',
        calendar: {
          through: '2027-12-31',
          days: { '2026-12-25': 'Christmas', '2027-12-25': 'Christmas' },
        },
      },
    });
    expect(config.compatibility.instanceScheduler?.definitions).toEqual({
      schedules: { uk: { periods: ['office'] } },
      periods: { office: { weekdays: ['mon-fri'] } },
    });
    const packaged = parseConfig(JSON.parse(JSON.stringify(config)));
    expect(packaged).toEqual(config);
  });

  it('are faults with their lines where they are not there', async () => {
    expect((await faultOf({})).split('\n')).toEqual([
      'watchdog.yml:3: holidays.germany.file: holidays.ics: no such file',
      'watchdog.yml:8: compatibility.instanceScheduler.file: table.yml: no such file',
    ]);
  });

  it('are faults where they hold nothing, or what can not be read', async () => {
    expect(await faultOf({ 'holidays.ics': ics(), 'table.yml': table })).toBe(
      'watchdog.yml:3: holidays.germany.file: holidays.ics: no event in it',
    );
    const mistaken = { 'holidays.ics': ics('20261225'), 'table.yml': table.replace('mon-fri', 'mox') };
    expect(await faultOf(mistaken)).toBe(
      'watchdog.yml:8: compatibility.instanceScheduler.file: table.yml: period "office": weekdays: "mox" can\'t be read',
    );
  });

  it('are not known to whoever reads the text alone: its schedules are refused', () => {
    expect(() => parseConfigText(configured, 'watchdog.yml')).toThrow(
      'watchdog.yml:5: schedules.lab: schedule "lab" of the configuration: the holidays "germany" are not known: holidays.ics has not been read',
    );
  });
});
