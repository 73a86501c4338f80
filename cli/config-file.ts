import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { isMap, isNode, LineCounter, parseDocument } from 'yaml';
import { type Config, ConfigError, type ConfigFault, faultLine, parseConfig } from '../shared/config.ts';
import { parseCustodianTag } from '../shared/schedule/custodian.ts';
import { instanceSchedulerFaults } from '../shared/schedule/instance-scheduler.ts';
import { parseScheduleTag } from '../shared/schedule/tag.ts';
import { InputError } from './input-error.ts';
import { withNamedFiles } from './named-files.ts';
import { readTextFile } from './text-file.ts';

/** Where the configuration lies unless `--config` says otherwise. */
const defaultConfigFile = 'watchdog.yml';

/**
 * Reads and checks a configuration file, and the files it names, which lie beside it. Without a file name it is `watchdog.yml`, and all defaults where that
 * doesn't exist. Throws an InputError that names the file and each fault with its line and path; a file that is there
 * and empty is a fault too: half-written, or cut off, it must not pass for a wish for all defaults.
 */
export async function readConfigFile(file?: string): Promise<Config> {
  const name = file ?? defaultConfigFile;
  if (file === undefined && !existsSync(name)) return parseConfig({});
  const source = await readTextFile(name);
  const opened = openConfig(source, name);
  const { config, faults } = await withNamedFiles(opened.config, dirname(name));
  return opened.checked(config, faults);
}

/** Checks the text of a configuration file, without the files it names; `name` is what its faults are told of. */
export function parseConfigText(source: string, name: string): Config {
  const { config, checked } = openConfig(source, name);
  return checked(config, []);
}

/** A configuration whose every value is of its kind, and the check of what they say, which tells faults by line. */
type Opened = { config: Config; checked: (config: Config, faults: readonly ConfigFault[]) => Config };

function openConfig(source: string, name: string): Opened {
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines, prettyErrors: false });
  const faults = document.errors.map(
    ({ pos, message }) => `${name}:${lines.linePos(pos[0]).line}: ${message}`,
  );
  if (faults.length > 0) throw new InputError(faults.join('\n'));
  if (document.contents === null) {
    throw new InputError(`${name}: is empty; remove it to use the defaults, or set at least one key`);
  }
  const lineOf = ({ path }: ConfigFault) => lines.linePos(offsetOf(document.contents, path)).line;
  const fail = (found: readonly ConfigFault[]): never => {
    throw new InputError(found.map((fault) => `${name}:${lineOf(fault)}: ${faultLine(fault)}`).join('\n'));
  };
  return {
    config: parseOr(fail, document.toJS()),
    checked: (config, ofFiles) => {
      // With the files' own faults told, what follows from them would only hide them.
      const found = ofFiles.length > 0 ? ofFiles : scheduleFaults(config);
      return found.length > 0 ? fail(found) : config;
    },
  };
}

function parseOr(fail: (faults: readonly ConfigFault[]) => never, document: unknown): Config {
  try {
    return parseConfig(document);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return fail(error.faults);
  }
}

/** What can't be read would be told by every instance that names it. */
const scheduleFaults = (config: Config): ConfigFault[] => [
  ...Object.keys(config.schedules).flatMap((name) => {
    const parsed = parseScheduleTag(name, config);
    return parsed.kind === 'invalid' ? [{ path: ['schedules', name], message: parsed.error }] : [];
  }),
  ...compatibilityFaults(config),
];

function compatibilityFaults(config: Config): ConfigFault[] {
  const { instanceScheduler, custodian } = config.compatibility;
  const byPolicy = custodian && parseCustodianTag('on', config);
  const path = ['compatibility', 'instanceScheduler'];
  return [
    ...(instanceScheduler ? instanceSchedulerFaults(instanceScheduler, config.timeZone) : []).map(
      ({ schedule, fault }) =>
        instanceScheduler?.file === undefined
          ? { path: [...path, 'definitions', 'schedules', schedule], message: fault }
          : { path: [...path, 'file'], message: `${instanceScheduler.file}: ${fault}` },
    ),
    ...(byPolicy?.kind === 'invalid'
      ? [{ path: ['compatibility', 'custodian'], message: byPolicy.error }]
      : []),
  ];
}

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
