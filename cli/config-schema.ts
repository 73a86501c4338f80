import { readFile, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { configSchema } from '../shared/config.ts';

// Writes what is generated from the schema of the configuration: the JSON Schema for editors, and the reference.

type Node = {
  type?: string;
  enum?: string[];
  default?: unknown;
  description?: string;
  properties?: Record<string, Node>;
};

/** The JSON Schema of `watchdog.yml`, as editors read it. */
export const jsonSchema = (): string =>
  `${JSON.stringify({ title: 'ai-cost-watchdog', ...z.toJSONSchema(configSchema, { io: 'input' }) }, null, 2)}\n`;

/** The reference of all keys, a Markdown table. */
export const referenceTable = (): string =>
  [
    '| key | type | default | meaning |',
    '|---|---|---|---|',
    ...rowsOf(z.toJSONSchema(configSchema, { io: 'input' }) as Node),
  ].join('\n');

function rowsOf({ properties = {} }: Node, prefix = ''): string[] {
  return Object.entries(properties).flatMap(([key, node]) => {
    const path = `${prefix}${key}`;
    if (node.properties && node.description === undefined) return rowsOf(node, `${path}.`);
    const type = node.enum?.join(' \\| ') ?? (node.type === 'array' ? 'list' : (node.type ?? ''));
    const fallback = node.default === undefined ? '' : `\`${JSON.stringify(node.default)}\``;
    return [`| \`${path}\` | ${type} | ${fallback} | ${node.description ?? ''} |`];
  });
}

const begin = '<!-- generated: npm run schema -->';
const end = '<!-- end -->';

/** A page with the table between its two marks replaced. */
export function withTable(page: string): string {
  const [before, rest] = page.split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) throw new Error(`The page lacks "${begin}" or "${end}"`);
  return `${before}${begin}\n\n${referenceTable()}\n\n${end}${after}`;
}

const root = new URL('../', import.meta.url);
export const schemaFile = new URL('watchdog.schema.json', root);
export const referenceFile = new URL('docs/configuration.md', root);

if (import.meta.main) {
  await writeFile(schemaFile, jsonSchema());
  await writeFile(referenceFile, withTable(await readFile(referenceFile, 'utf8')));
}
