import { awsError } from '../sample.ts';

/** A part of a list, and where the next one begins; absent on the last page. */
export function pageOf<Item>(
  items: readonly Item[],
  token: string | undefined,
  size: number,
): { page: Item[]; next: string | undefined } {
  const start = token === undefined || token === '' ? 0 : Number(token);
  if (!Number.isInteger(start)) throw awsError('ValidationException', 'The token is not valid');
  const end = start + size;
  return { page: items.slice(start, end), next: end < items.length ? String(end) : undefined };
}
