import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { InputError } from './input-error.ts';

/** The text of a file that the user named; throws an InputError where it can't be read. */
export const readTextFile = (file: string): Promise<string> =>
  readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new InputError(`${file}: ${error.code === 'ENOENT' ? 'no such file' : error.message}`);
  });

/** The JSON of a file that the user named, `-` for standard input; throws an InputError that names it where it is none. */
export async function readJson(file: string): Promise<unknown> {
  const source = file === '-' ? await text(process.stdin) : await readTextFile(file);
  try {
    return JSON.parse(source);
  } catch (cause) {
    const reason = (cause as Error).message.replaceAll('\n', ' ');
    throw new InputError(`${fileName(file)}: is not JSON: ${reason}`, { cause });
  }
}

/** As a message to the user names it. */
export const fileName = (file: string): string => (file === '-' ? 'standard input' : file);
