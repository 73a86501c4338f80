import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { parseConfigText } from '../../cli/config-file.ts';
import { jsonSchema, referenceFile, schemaFile, withTable } from '../../cli/config-schema.ts';

it('commits the JSON Schema that the configuration has (npm run schema)', async () => {
  expect(await readFile(schemaFile, 'utf8')).toBe(jsonSchema());
});

it('documents every key with its default (npm run schema)', async () => {
  const page = await readFile(referenceFile, 'utf8');
  expect(page).toBe(withTable(page));
  expect(page).not.toMatch(/\| \|$/m); // a key without a description
});

it('ships an example that is valid and observes', async () => {
  const source = await readFile(new URL('../../watchdog.example.yml', import.meta.url), 'utf8');
  expect(parseConfigText(source, 'watchdog.example.yml')).toMatchObject({ enforce: false });
});
