import { LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { instanceSchedulerDefinitions } from '../shared/config.ts';
import { didYouMean } from '../shared/schedule/fault.ts';
import { InputError } from './input-error.ts';
import { readTextFile } from './text-file.ts';

/**
 * Reads the schedules and periods of AWS Instance Scheduler: the items of its DynamoDB table as `aws dynamodb scan`
 * and an export to S3 give them, with or without the types of DynamoDB's JSON, or YAML with `schedules` and `periods`.
 * Throws an InputError for what is neither, or can't be understood.
 */
export async function readInstanceSchedulerFile(
  file: string,
): Promise<z.infer<typeof instanceSchedulerDefinitions>> {
  const source = await readTextFile(file);
  const items = itemsOf(parse(source, file), file);
  const schedules = items.filter(({ type }) => type === 'schedule');
  if (schedules.length === 0) throw new InputError(`${file}: no schedule in it`);
  const periods = items.filter(({ type }) => type === 'period');
  const { data, error } = instanceSchedulerDefinitions.safeParse({
    schedules: named(schedules, file, toScheduleFields),
    periods: named(periods, file, toPeriodFields),
  });
  if (error === undefined) return data;
  const faults = error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new InputError(`${file}: ${faults.join('; ')}`);
}

/** An item of the table, without DynamoDB's types. */
type Item = Record<string, unknown>;

/** JSON is YAML; an export to S3 has one JSON object a line, which is not. */
function parse(source: string, file: string): unknown {
  const lines = source.split('\n').filter((line) => line.trim() !== '');
  if (lines.length > 1 && lines.every((line) => line.trimStart().startsWith('{"Item"'))) {
    return lines.map((line, index) => parseText(line, file, index));
  }
  return parseText(source, file, 0);
}

function parseText(text: string, file: string, linesBefore: number): unknown {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [error] = document.errors;
  if (error) {
    throw new InputError(`${file}:${linesBefore + lines.linePos(error.pos[0]).line}: ${error.message}`);
  }
  return document.toJS();
}

const isRecord = (value: unknown): value is Item =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The items, wherever they stand. */
function itemsOf(document: unknown, file: string): Item[] {
  const listed = Array.isArray(document) ? document : isRecord(document) ? (document['Items'] ?? []) : [];
  if (Array.isArray(listed) && listed.length > 0) return listed.map((item) => toItem(item, file));
  if (isRecord(document) && (document['schedules'] || document['periods'])) {
    return [...typed('schedule', document['schedules'], file), ...typed('period', document['periods'], file)];
  }
  throw new InputError(
    `${file}: neither an export of Instance Scheduler's table, nor YAML with schedules and periods`,
  );
}

/** `{"Item": {...}}` or the item itself, its values without their types. */
function toItem(value: unknown, file: string): Item {
  const item = isRecord(value) && isRecord(value['Item']) ? value['Item'] : value;
  if (!isRecord(item)) throw new InputError(`${file}: an item is no object`);
  return Object.fromEntries(Object.entries(item).map(([key, each]) => [key, withoutType(each)]));
}

/** `{"S": "09:00"}`, `{"SS": [...]}`, `{"BOOL": true}`, `{"L": [...]}` as DynamoDB's JSON has them. */
function withoutType(value: unknown): unknown {
  if (!isRecord(value)) return value;
  const [[type, inner] = []] = Object.entries(value);
  if (type === 'NULL') return undefined;
  if (type === 'L' && Array.isArray(inner)) return inner.map(withoutType);
  return type !== undefined && ['S', 'SS', 'BOOL', 'N'].includes(type) ? inner : value;
}

/** The entries of a mapping by name, or of a list whose entries name themselves. */
function typed(type: 'schedule' | 'period', entries: unknown, file: string): Item[] {
  if (entries === undefined || entries === null) return [];
  const list = isRecord(entries)
    ? Object.entries(entries).map(([name, entry]) => ({ name, ...(isRecord(entry) ? entry : {}) }))
    : entries;
  if (!Array.isArray(list)) throw new InputError(`${file}: ${type}s: expected a mapping or a list`);
  return list.map((entry) => ({ ...toItem(entry, file), type }));
}

function named<Fields>(
  items: readonly Item[],
  file: string,
  toFields: (item: Item, told: string) => Fields,
): Record<string, Fields> {
  const byName: Record<string, Fields> = {};
  for (const item of items) {
    const { type, name } = item;
    if (typeof name !== 'string' || name === '') throw new InputError(`${file}: a ${type} has no name`);
    if (Object.hasOwn(byName, name))
      throw new InputError(`${file}: the ${type} "${name}" stands there twice`);
    byName[name] = toFields(item, `${file}: ${type} "${name}"`);
  }
  return byName;
}

/** What it has for its own use, and what the product has no use for. */
const unread = ['type', 'name', 'description', 'configured_in_stack', 'use_metrics', 'overwrite'];
const texts = ['timezone', 'override_status', 'begintime', 'endtime'];
const lists = ['periods', 'ssm_maintenance_window', 'weekdays', 'monthdays', 'months'];
const flags = ['stop_new_instances', 'enforced', 'hibernate', 'retain_running', 'use_maintenance_window'];

const toScheduleFields = (item: Item, told: string): Item =>
  fieldsOf(item, told, ['periods', 'ssm_maintenance_window', 'timezone', 'override_status', ...flags]);
const toPeriodFields = (item: Item, told: string): Item =>
  fieldsOf(item, told, ['begintime', 'endtime', 'weekdays', 'monthdays', 'months']);

/** A key that is read as nothing would leave a period that holds every day. */
function fieldsOf(item: Item, told: string, known: readonly string[]): Item {
  return Object.fromEntries(
    Object.entries(item).flatMap(([key, value]): [string, unknown][] => {
      if (unread.includes(key) || value === undefined || value === null || value === '') return [];
      if (!known.includes(key)) {
        throw new InputError(`${told}: unknown field "${key}"${didYouMean(key, known)}`);
      }
      return [[key, toField(key, value, told)]];
    }),
  );
}

function toField(key: string, value: unknown, told: string): unknown {
  if (lists.includes(key)) return toList(value);
  if (flags.includes(key)) {
    const text = String(value).toLowerCase();
    if (text !== 'true' && text !== 'false')
      throw new InputError(`${told}: ${key} is neither true nor false`);
    return text === 'true';
  }
  if (texts.includes(key) && typeof value === 'string')
    return key === 'override_status' ? value.toLowerCase() : value;
  throw new InputError(`${told}: ${key} is no text: put it in quotes`); // YAML reads 9:00 as a number
}

const toList = (value: unknown): string[] =>
  (Array.isArray(value) ? value : [value]).flatMap((each) =>
    String(each)
      .split(',')
      .map((item) => item.trim()),
  );
