import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { checks } from '../../shared/compute/check.ts';
import { parseConfig } from '../../shared/config.ts';

const folder = fileURLToPath(new URL('../../docs/checks/', import.meta.url));
const read = (page: string): string => readFileSync(`${folder}${page}`, 'utf8');
const pages = readdirSync(folder).filter((name) => name.endsWith('.md'));

describe('the pages of the checks', () => {
  it('are one for each check, one for unknown, and the table of them', () => {
    const expected = [...checks, 'unknown', 'README'].map((name) => `${name}.md`);
    expect(pages.toSorted()).toEqual(expected.toSorted());
  });

  it('are listed in the order of the checks', () => {
    const listed = [...read('README.md').matchAll(/^\| \[([a-z-]+)\]\(([a-z-]+)\.md\) \|/gm)];
    expect(listed.map(([, name]) => name)).toEqual(checks);
    expect(listed.map(([, , page]) => page)).toEqual(checks);
  });

  it.each(checks)('say of %s what it rests on, what to do, and when it is wrong', (check) => {
    const page = read(`${check}.md`);
    const headings = [...page.matchAll(/^#+ .*$/gm)].map(([heading]) => heading);
    expect(headings).toEqual([`# ${check}`, '## Evidence', '## What to do', '## When it is wrong']);
    const [, example] = /\n```\n(.+)\n```\n/.exec(page) ?? [];
    expect(example).toMatch(/^(idle|underused|busy|ended) {2}\S/);
    expect(page.split('\n').length).toBeLessThanOrEqual(50);
  });

  it.each(pages)('name in %s only keys that the configuration has', (page) => {
    const keys = [...read(page).matchAll(/`((?:idle|utilization|stop|tags)\.[A-Za-z.]+)/g)];
    const unknown = keys.flatMap(([, key = '']) => (valueAt(key) === undefined ? [key] : []));
    expect(unknown).toEqual([]);
  });

  it.each(pages)('link in %s to what exists', (page) => {
    const links = [...read(page).matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)].map(([, path = '']) => path);
    expect(links.filter((path) => !existsSync(`${folder}${path}`))).toEqual([]);
  });
});

/** The default of a key such as `idle.window`; undefined where there is no such key. */
function valueAt(key: string): unknown {
  let value: unknown = parseConfig({});
  for (const part of key.split('.')) value = (value as Record<string, unknown> | undefined)?.[part];
  return value;
}
