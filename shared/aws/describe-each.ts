import { inBatches } from '../batches.ts';

/** Something that AWS didn't tell, and why, for people. */
export type Fault = { what: string; why: string };

const concurrentCalls = 5;

/**
 * What AWS says of each of many things that it describes one at a time: by name, the answer, or the error. A few are
 * asked for at a time; one that fails spoils only its own.
 */
export async function describeEach<Answer>(
  names: Iterable<string>,
  describe: (name: string) => Promise<Answer>,
): Promise<Map<string, Answer | Error>> {
  const answers = new Map<string, Answer | Error>();
  for (const batch of inBatches([...new Set(names)], concurrentCalls)) {
    const settled = await Promise.allSettled(batch.map(describe));
    for (const [index, name] of batch.entries()) {
      const result = settled[index];
      if (result) answers.set(name, result.status === 'fulfilled' ? result.value : toError(result.reason));
    }
  }
  return answers;
}

const toError = (reason: unknown): Error => (reason instanceof Error ? reason : new Error(String(reason)));

/** The errors among the answers as one fault; `what` names it by how many, and which. None where all were told. */
export function faultsOf(
  answers: ReadonlyMap<string, unknown>,
  what: (count: number, names: readonly string[]) => string,
  isExpected: (error: Error) => boolean = () => false,
): Fault[] {
  const errors = [...answers].flatMap(([name, answer]) =>
    answer instanceof Error && !isExpected(answer) ? [{ name, why: answer.message }] : [],
  );
  const [first] = errors;
  const names = errors.map(({ name }) => name);
  return first ? [{ what: what(names.length, names), why: first.why }] : [];
}
