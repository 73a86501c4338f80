import { join } from 'node:path';
import type { Config, ConfigFault } from '../shared/config.ts';
import { InputError } from './input-error.ts';

/** Years beyond this one for which what recurs without end is written down: nobody goes longer without a deployment. */
const yearsAhead = 3;

/**
 * The configuration with what the files say that it names, each looked up beside it, and what is wrong with them. The
 * readers are loaded where they are needed: most commands need none.
 */
export async function withNamedFiles(
  config: Config,
  folder: string,
): Promise<{ config: Config; faults: ConfigFault[] }> {
  const faults: ConfigFault[] = [];
  const read = async <Result>(path: string[], file: string, reader: (file: string) => Promise<Result>) => {
    try {
      return await reader(join(folder, file));
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      faults.push({ path: [...path, 'file'], message: error.message });
      return undefined;
    }
  };
  const holidays = { ...config.holidays };
  for (const [name, entry] of Object.entries(holidays)) {
    if (entry.file === undefined) continue;
    const { readHolidayFile } = await import('./holiday-file.ts');
    const untilYear = new Date().getUTCFullYear() + yearsAhead;
    const calendar = await read(['holidays', name], entry.file, (file) => readHolidayFile(file, untilYear));
    holidays[name] = { ...entry, calendar };
  }
  const scheduler = config.compatibility.instanceScheduler;
  if (scheduler?.file === undefined) return { config: { ...config, holidays }, faults };
  const { readInstanceSchedulerFile } = await import('./instance-scheduler-file.ts');
  const path = ['compatibility', 'instanceScheduler'];
  const definitions = await read(path, scheduler.file, readInstanceSchedulerFile);
  const compatibility = { ...config.compatibility, instanceScheduler: { ...scheduler, definitions } };
  return { config: { ...config, holidays, compatibility }, faults };
}
