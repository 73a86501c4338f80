import { execFile } from 'node:child_process';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const ics = (date: string) =>
  [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'BEGIN:VEVENT',
    `DTSTART;VALUE=DATE:${date}`,
    'END:VEVENT',
    'END:VCALENDAR',
  ].join('\r\n');

/** Nothing is built of a configuration that is at fault: what was built before stays. */
async function build(files: Record<string, string>): Promise<{ code: number; stderr: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'watchdog-build-'));
  const config = join(folder, 'watchdog.yml');
  await writeFile(config, 'holidays:\n  germany: { file: holidays.ics }\n');
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return new Promise((resolve) => {
    execFile(process.execPath, ['build.ts', '--config', config], (error, _, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stderr: stderr.replaceAll(`${folder}/`, '') }),
    );
  });
}

it.each([
  ['is not there', {}, 'watchdog.yml:2: holidays.germany.file: holidays.ics: no such file\n'],
  [
    'holds no event',
    { 'holidays.ics': 'BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n' },
    'watchdog.yml:2: holidays.germany.file: holidays.ics: no event in it\n',
  ],
  [
    'has ended',
    { 'holidays.ics': ics('20201225') },
    'holidays.ics: the holidays "germany" are known through 2020-12-31 only: renew the file, and deploy again\n',
  ],
])('a holiday file that %s fails the deployment', async (_, files, stderr) => {
  expect(await build(files)).toEqual({ code: 2, stderr });
});
