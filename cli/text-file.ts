import { readFile } from 'node:fs/promises';
import { InputError } from './input-error.ts';

/** The text of a file that the user named; throws an InputError where it can't be read. */
export const readTextFile = (file: string): Promise<string> =>
  readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new InputError(`${file}: ${error.code === 'ENOENT' ? 'no such file' : error.message}`);
  });
