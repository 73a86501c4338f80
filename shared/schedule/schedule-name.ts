import { areDays } from './hours.ts';
import { isOptionName } from './options.ts';
import { isOff } from './tag.ts';

/**
 * Why a named schedule can't be meant by its name: a tag would read that as something else, or as another of `names`.
 * Undefined where it can.
 */
export function scheduleNameFault(name: string, names: readonly string[]): string | undefined {
  if (isOff(name)) return `"${name}" in a tag means never to touch it: it can't name a schedule`;
  if (areDays(name)) return `"${name}" in a tag stands for days: it can't name a schedule`;
  if (isOptionName(name)) return `"${name}" is an option of tags: it can't name a schedule`;
  const other = names.find((each) => each !== name && each.toLowerCase() === name.toLowerCase());
  return other && `"${name}" and "${other}" differ only in case, which doesn't matter in a tag`;
}
