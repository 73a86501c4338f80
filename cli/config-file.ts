import { readFile } from 'node:fs/promises';
import { isMap, isNode, LineCounter, parseDocument } from 'yaml';
import { type Config, ConfigError, type ConfigFault, faultLine, parseConfig } from '../shared/config.ts';
import { parseScheduleTag } from '../shared/schedule/tag.ts';
import { InputError } from './input-error.ts';

/** Where the configuration lies unless `--config` says otherwise. */
const defaultConfigFile = 'watchdog.yml';

/**
 * Reads and checks a configuration file. Without a file name it is `watchdog.yml`, and all defaults where that
 * doesn't exist. Throws an InputError that names the file and each fault with its line and path; a file that is there
 * and empty is a fault too: half-written, or cut off, it must not pass for a wish for all defaults.
 */
export async function readConfigFile(file?: string): Promise<Config> {
  const name = file ?? defaultConfigFile;
  const source = await readFile(name, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' && file === undefined) return undefined;
    throw new InputError(`${name}: ${error.code === 'ENOENT' ? 'no such file' : error.message}`);
  });
  return source === undefined ? parseConfig({}) : parseConfigText(source, name);
}

/** Checks the text of a configuration file; `name` is what its faults are told of. */
export function parseConfigText(source: string, name: string): Config {
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines, prettyErrors: false });
  const faults = document.errors.map(
    ({ pos, message }) => `${name}:${lines.linePos(pos[0]).line}: ${message}`,
  );
  if (faults.length > 0) throw new InputError(faults.join('\n'));
  if (document.contents === null) {
    throw new InputError(`${name}: is empty; remove it to use the defaults, or set at least one key`);
  }
  try {
    const config = parseConfig(document.toJS());
    const unreadable = namedScheduleFaults(config);
    if (unreadable.length > 0) throw new ConfigError(unreadable);
    return config;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const lineOf = (fault: ConfigFault) => lines.linePos(offsetOf(document.contents, fault.path)).line;
    throw new InputError(
      error.faults.map((fault) => `${name}:${lineOf(fault)}: ${faultLine(fault)}`).join('\n'),
    );
  }
}

/** A schedule that can't be read would be told by every instance that names it. */
const namedScheduleFaults = (config: Config): ConfigFault[] =>
  Object.keys(config.schedules).flatMap((name) => {
    const parsed = parseScheduleTag(name, config);
    return parsed.kind === 'invalid' ? [{ path: ['schedules', name], message: parsed.error }] : [];
  });

/** Where in the text a path stands: its key, else the nearest thing above it that is there. */
function offsetOf(node: unknown, [step, ...rest]: readonly PropertyKey[]): number {
  const start = isNode(node) ? (node.range?.[0] ?? 0) : 0;
  if (step === undefined || !isNode(node)) return start;
  if (isMap(node)) {
    const pair = node.items.find(({ key }) => String(key) === String(step));
    if (!pair) return start;
    return rest.length === 0 || !isNode(pair.value)
      ? offsetOf(pair.key, [])
      : Math.max(offsetOf(pair.key, []), offsetOf(pair.value, rest));
  }
  const item: unknown = 'items' in node && Array.isArray(node.items) ? node.items[Number(step)] : undefined;
  return isNode(item) ? offsetOf(item, rest) : start;
}
