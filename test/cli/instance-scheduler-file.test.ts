import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readInstanceSchedulerFile } from '../../cli/instance-scheduler-file.ts';

async function fileOf(text: string): Promise<string> {
  const file = join(await mkdtemp(join(tmpdir(), 'scheduler-')), 'table.json');
  await writeFile(file, text);
  return file;
}

const read = async (text: string) => readInstanceSchedulerFile(await fileOf(text));
const faultOf = (text: string) =>
  read(text).then(
    () => 'none',
    (error: Error) => error.message.replace(/^.*table\.json/, 'table.json'),
  );

const items = [
  {
    type: { S: 'schedule' },
    name: { S: 'uk' },
    periods: { SS: ['office', 'night'] },
    timezone: { S: 'Europe/London' },
    override_status: { S: 'Stopped' },
    hibernate: { BOOL: true },
    stop_new_instances: { BOOL: false },
    description: { S: 'as in London' },
    use_metrics: { NULL: true },
  },
  {
    type: { S: 'period' },
    name: { S: 'office' },
    begintime: { S: '09:00' },
    endtime: { S: '17:00' },
    weekdays: { SS: ['mon-fri'] },
    months: { L: [{ S: 'jan' }, { S: 'feb' }] },
  },
  { type: { S: 'period' }, name: { S: 'night' }, monthdays: { SS: ['1', 'L'] } },
  { type: { S: 'config' }, name: { S: 'scheduler' }, tagname: { S: 'Schedule' } },
];

const expected = {
  schedules: {
    uk: {
      periods: ['office', 'night'],
      timezone: 'Europe/London',
      override_status: 'stopped',
      hibernate: true,
      stop_new_instances: false,
    },
  },
  periods: {
    office: { begintime: '09:00', endtime: '17:00', weekdays: ['mon-fri'], months: ['jan', 'feb'] },
    night: { monthdays: ['1', 'L'] },
  },
};

const plain = items.map((item) =>
  Object.fromEntries(Object.entries(item).map(([key, value]) => [key, Object.values(value as object)[0]])),
);

describe("the file of Instance Scheduler's table", () => {
  it.each([
    ['as "aws dynamodb scan" gives it', JSON.stringify({ Items: items, Count: 4 }, null, 2)],
    ['as an export to S3 gives it', items.map((Item) => JSON.stringify({ Item })).join('\n')],
    ['as a list of items', JSON.stringify(items)],
    [
      'without the types of DynamoDB',
      JSON.stringify(
        plain.map((item) =>
          'months' in item ? { ...item, months: ['jan', 'feb'] } : { ...item, use_metrics: null },
        ),
      ),
    ],
    [
      'as YAML by name',
      `
schedules:
  uk: { periods: "office, night", timezone: Europe/London, override_status: stopped, hibernate: true, stop_new_instances: "False" }
periods:
  office: { begintime: "09:00", endtime: "17:00", weekdays: mon-fri, months: [jan, feb] }
  night: { monthdays: [1, L] }
`,
    ],
    [
      'as YAML in lists',
      `
schedules:
  - { name: uk, periods: [office, night], timezone: Europe/London, override_status: stopped, hibernate: true, stop_new_instances: false }
periods:
  - { name: office, begintime: "09:00", endtime: "17:00", weekdays: mon-fri, months: "jan,feb" }
  - { name: night, monthdays: "1,L" }
`,
    ],
  ])('is read %s', async (_, text) => {
    expect(await read(text)).toEqual(expected);
  });

  it.each([
    ['{', 'table.json:1: '],
    ['schedules:\n  uk: {\nperiods', 'table.json:'],
    [
      'hello',
      "table.json: neither an export of Instance Scheduler's table, nor YAML with schedules and periods",
    ],
    [JSON.stringify({ Items: items.slice(1) }), 'table.json: no schedule in it'],
    ['schedules: 7', 'table.json: schedules: expected a mapping or a list'],
    ['schedules: [{ periods: a }]', 'table.json: a schedule has no name'],
    [JSON.stringify([items[0], items[0]]), 'table.json: the schedule "uk" stands there twice'],
    [
      'schedules: { uk: { periods: a } }\nperiods: { a: { begin_time: "09:00" } }',
      'table.json: period "a": unknown field "begin_time", did you mean "begintime"?',
    ],
    [
      'schedules: { uk: { periods: a, hibernate: perhaps } }',
      'table.json: schedule "uk": hibernate is neither true nor false',
    ],
    [
      'schedules: { uk: { periods: a } }\nperiods: { a: { begintime: 900 } }',
      'table.json: period "a": begintime is no text: put it in quotes',
    ],
    [
      'schedules: { uk: { periods: a, override_status: paused } }',
      'table.json: schedules.uk.override_status: Invalid option: expected one of "running"|"stopped"',
    ],
  ])('%j is refused', async (text, fault) => {
    expect(await faultOf(text)).toContain(fault);
  });

  it('that is not there is refused', async () => {
    await expect(readInstanceSchedulerFile('no-such.json')).rejects.toThrow('no-such.json: no such file');
  });
});
