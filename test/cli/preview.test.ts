import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toSlackMessage } from '../../shared/alert/slack.ts';
import { alertOf } from '../support/alert.ts';
import { decodePng } from '../support/png.ts';
import { watchdog } from '../support/run.ts';

const sample = 'events/alert.json';
const preview = (...args: string[]) => watchdog(['preview', ...args]);
const typed = (content: unknown, ...args: string[]) =>
  watchdog(['preview', '-', ...args], {
    stdin: typeof content === 'string' ? content : JSON.stringify(content),
  });

describe('preview', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'watchdog-preview-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('shows the blocks that Slack gets, for Block Kit Builder, and how to get the chart', async () => {
    const { code, stdout, stderr } = await preview(sample);
    const { blocks } = toSlackMessage(JSON.parse(await readFile(sample, 'utf8')));
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual(JSON.parse(JSON.stringify({ blocks })));
    expect(stderr).toBe(`It has a chart: watchdog preview ${sample} --as png --out chart.png\n`);
  });

  it('shows the mail, of an event of the alert queue as of an alert', async () => {
    const { code, stdout, stderr } = await preview('events/alert-queue.json', '--as', 'email');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(
      /^Subject: \[CRITICAL\] Amazon Elastic Compute Cloud - Compute in ml-dev costs \$786/,
    );
    expect(stdout).toContain('\nExpected       $64.20 a day\n');
    const { stdout: json } = await typed(alertOf(), '--as', 'email', '--format', 'json');
    expect(JSON.parse(json)).toEqual({
      subject: '[CRITICAL] EC2 in ml-dev costs $786 a day more than expected',
      body: expect.stringContaining('What to do:'),
    });
  });

  it('shows the first of several alerts, and says so', async () => {
    const Records = ['first', 'second'].map((title) => ({ body: JSON.stringify(alertOf({ title })) }));
    const { stdout, stderr } = await typed({ Records }, '--as', 'email');
    expect(stdout).toContain('[CRITICAL] first');
    expect(stderr).toBe('standard input: the first of 2 alerts\n');
  });

  it('draws the chart', async () => {
    const out = join(folder, 'alert.png');
    const { code, stdout } = await preview(sample, '--as', 'png', '--out', out);
    expect(code).toBe(0);
    expect(stdout).toMatch(/alert\.png: \d\d kB\n$/);
    const { width, colours } = decodePng(await readFile(out));
    expect(width).toBe(1200);
    expect(colours.get('#c4232b')).toBeGreaterThan(600);
  });

  it.each([
    ['is not there', 'nope.json', 'nope.json: no such file'],
    [
      'has no chart',
      'events/alert-queue.json',
      'events/alert-queue.json: chart: this alert has none to draw',
    ],
  ])('says in a line that a file %s', async (_, file, message) => {
    expect(await preview(file, '--as', 'png')).toEqual({ code: 2, stdout: '', stderr: `${message}\n` });
  });

  it.each([
    ['{"id":', /^standard input: is not JSON: .*\n$/],
    [[], /^standard input: expected object, received array\n$/],
    [
      { ...alertOf(), severity: 'dire' },
      /^standard input: severity: Invalid option: expected one of "info".*\n$/,
    ],
    [
      { ...alertOf(), links: [{ label: 'x' }] },
      /^standard input: links\.0\.url: expected string, received undefined\n$/,
    ],
    [
      {
        ...alertOf(),
        chart: { currency: 'USD', start: 'today', actual: [], expected: [], limit: [], since: '' },
      },
      /^standard input: chart\.start: Invalid ISO date\n$/,
    ],
    [{ Records: [{ body: 'plain text' }] }, /^standard input: Records\.0\.body: is not JSON\n$/],
    [{ Records: [{ body: '{"id":"x"}' }] }, /^standard input: Records\.0\.body: subject: expected string/],
  ])('names what is wrong in %j, and exits with 2', async (content, message) => {
    const { code, stdout, stderr } = await typed(content);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
  });

  it('names the file that it could not write', async () => {
    const out = join(folder, 'no', 'such', 'folder.png');
    const { code, stderr } = await preview(sample, '--as', 'png', '--out', out);
    expect(code).toBe(2);
    expect(stderr).toContain(`--out ${out}: ENOENT`);
  });

  it('prints no escape that an alert may hold', async () => {
    await writeFile(join(folder, 'odd.json'), JSON.stringify(alertOf({ title: 'x\u001b[2J\u202E' })));
    const { stdout } = await preview(join(folder, 'odd.json'), '--as', 'email');
    expect(stdout).not.toMatch(/\p{Bidi_Control}|(?!\n)\p{Cc}/u);
  });
});
