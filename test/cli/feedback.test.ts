import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { feedbackCommand } from '../../cli/feedback.ts';
import { incidentsText, incidentTable, listIncidents } from '../../cli/incidents.ts';
import { toFeedback } from '../../shared/anomaly/feedback.ts';
import { parseConfig } from '../../shared/config.ts';
import { putFeedback } from '../../shared/store/feedback.ts';
import { putIncident } from '../../shared/store/incidents.ts';
import type { Table } from '../../shared/store/table.ts';
import { incidentOf } from '../support/incident.ts';
import { watchdog } from '../support/run.ts';
import { startTable } from '../support/table.ts';

const now = '2026-11-16T18:25:00Z';

describe('the incidents of a stack', () => {
  let table: Table;
  let stop: () => Promise<void>;
  const machine = incidentOf({ id: '210987654321/Amazon EC2/2026-11-14', excessPerDay: 812, impact: 1592 });
  beforeAll(async () => {
    ({ table, stop } = await startTable());
    const over = { status: 'recovered', end: '2026-11-10' } as const;
    await putIncident(table, machine);
    await putIncident(table, incidentOf({ id: 'dearer', excessPerDay: 5000 }));
    await putIncident(table, incidentOf({ id: 'over', start: '2026-11-08', ...over, impact: 90 }));
    await putIncident(table, incidentOf({ id: 'long over', ...over, end: '2026-10-16' }));
    await putIncident(table, incidentOf({ id: 'the same leak elsewhere', partOf: 'dearer' }));
    await putFeedback(table, toFeedback(machine, { answer: 'expected', at: now, by: 'dana\u001b[2J' }));
  });
  afterAll(() => stop());

  it('are what is open, the dearest first, and what ended in the last 30 days', async () => {
    const ids = (await listIncidents(table, now)).map(({ incident }) => incident.id);
    expect(ids).toEqual(['dearer', '210987654321/Amazon EC2/2026-11-14', 'over']);
  });

  it('are shown with what they cost and what was said of them', async () => {
    const text = incidentsText(await listIncidents(table, now));
    expect(text).toContain(
      [
        '  210987654321/Amazon EC2/2026-11-14',
        '    muted since 2026-11-14: $812.00 a day above expected, $1,592.00 so far',
        '    expected through 2026-12-15 (dana [2J)', // what others wrote must not move the cursor
        '',
        '  over',
        '    recovered 2026-11-08 through 2026-11-09: $90.00 above expected',
      ].join('\n'),
    );
  });

  it('are said to be none where there are none', () => {
    expect(incidentsText([])).toBe('No incident is open, and none ended in the last 30 days.');
  });

  it('need a table, and say where its name is to be found', async () => {
    const home = { account: '123456789012', region: 'eu-west-1' };
    const session = { config: parseConfig({}), home, targets: [], now, close: async () => {} };
    await expect(incidentTable(session, { format: 'text' })).rejects.toThrow(
      'no table: name it with --table, or in TABLE_NAME; it is the output TableName of the stack',
    );
    expect((await incidentTable({ ...session, table }, { format: 'text' })).name).toBe('watchdog');
    expect((await incidentTable({ ...session, table }, { format: 'text', table: 'other' })).name).toBe(
      'other',
    );
  });
});

describe('incidents and feedback on the sample account', () => {
  type Entry = { id: string; status: string };

  it('list what the weekend left, for programs', async () => {
    const { code, stdout, stderr } = await watchdog(['incidents', '--sample', '--format', 'json']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const entries: Entry[] = JSON.parse(stdout);
    expect(entries.map(({ id, status }) => ({ id, status }))).toContainEqual({
      id: expect.stringMatching(/Amazon Bedrock/),
      status: 'open',
    });
  });

  it('take an answer by a part of the id, and say what it means', async () => {
    const args = ['feedback', 'Bedrock', 'planned', '--until', '2026-12-09', '--by', 'dana', '--sample'];
    const { code, stdout, stderr } = await watchdog(args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.replace(/\n +/g, ' ')).toMatch(
      /Bedrock.*: planned\. It is muted through 2026-12-09, and told again if it goes on after that\. What exceeds \$[\d,.]+ a day above the expected is told all the same\./,
    );
  });

  it('give programs what is kept', async () => {
    const args = ['feedback', 'Bedrock', 'not-an-anomaly', '--sample', '--format', 'json'];
    expect(JSON.parse((await watchdog(args)).stdout)).toMatchObject({
      answer: 'not-an-anomaly',
      at: now,
      until: '2027-02-14',
      through: '2027-02-13',
    });
  });

  it.each([
    [
      'an answer that is none',
      ['Bedrock', 'fine'],
      '"fine" is no answer: expected one of expected, not-an-anomaly, planned',
    ],
    ['a plan without its end', ['Bedrock', 'planned'], 'planned until when? --until DATE names the last day'],
    ['an end where it has no place', ['Bedrock', 'expected', '2026-12-09'], '--until belongs to planned'],
    ['a plan that is over', ['Bedrock', 'planned', '2026-11-15'], 'is over already: it is 2026-11-16'],
    ['a plan for ever', ['Bedrock', 'planned', '2036-12-09'], 'is more than a year ahead'],
    ['an incident that nobody knows', ['S4', 'expected'], 'no incident "S4": watchdog incidents lists them'],
    ['what several ids contain', ['/2026', 'expected'], '"/2026" is part of '],
  ] as const)('refuse in plain words: %s', async (_, [id, answer, until], message) => {
    const options = { sample: true, format: 'text', ...(until && { until }) } as const;
    await expect(feedbackCommand(id, answer, options)).rejects.toThrow(message);
  });

  it('hold for as many days as somebody says, and keep why', async () => {
    const args = [
      'feedback',
      'Bedrock',
      'expected',
      '--days',
      '90',
      '--reason',
      'A planned run.',
      '--sample',
    ];
    expect(JSON.parse((await watchdog([...args, '--format', 'json'])).stdout)).toMatchObject({
      until: '2027-02-14',
      reason: 'A planned run.',
    });
  });

  it('refuse days where a plan has its end', async () => {
    const options = { sample: true, format: 'text', days: 30, until: '2026-12-09' } as const;
    await expect(feedbackCommand('Bedrock', 'planned', options)).rejects.toThrow(
      '--days: planned has its last day',
    );
  });

  it('refuse a date that is none, as every command does', async () => {
    const args = ['feedback', 'Bedrock', 'planned', '--until', 'soon', '--sample'];
    const { code, stdout, stderr } = await watchdog(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('expected an ISO 8601 date');
  });
});
