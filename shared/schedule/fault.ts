import { closest, distance } from 'fastest-levenshtein';

/** What is wrong with a schedule, and where. Never leaves the parser. */
export class ScheduleFault extends Error {
  override name = 'ScheduleFault';
}

/** A word of a tag's value, with the column at which it stands, counted from 1. */
export type Word = { text: string; column: number };

export function faultAt({ column }: Pick<Word, 'column'>, message: string): never {
  throw new ScheduleFault(`column ${column}: ${message}`);
}

/** `, did you mean "start"?` where one of the candidates is near enough to be meant, else nothing. */
export function didYouMean(word: string, candidates: readonly string[]): string {
  if (candidates.length === 0) return '';
  const lower = word.toLowerCase();
  const byLower = new Map(candidates.map((candidate) => [candidate.toLowerCase(), candidate]));
  const nearest = closest(lower, [...byLower.keys()]);
  return distance(lower, nearest) <= Math.max(1, Math.ceil(lower.length / 3))
    ? `, did you mean "${byLower.get(nearest)}"?`
    : '';
}
