import { inBatches } from '../batches.ts';
import {
  type Changed,
  type ChangeOutcome,
  createPatience,
  leftAfter,
  type Patience,
  problemOf,
} from './change-outcome.ts';
import { type Pace, pacedCall } from './paced-call.ts';

/** How resources of a kind are changed that AWS takes many of in one call. */
export type BatchChange = {
  /** Once is as good as twice. */
  send: (ids: string[]) => Promise<unknown>;
  /** Error codes that speak of single resources of a batch; every other speaks of the call. */
  ofOne: ReadonlySet<string>;
  /** Those of them by which something has run out, for each other resource as well. */
  ofScarcity?: ReadonlySet<string>;
  /** The ids that an error's message names. */
  idsIn: (message: string) => ReadonlySet<string>;
  /** What a fresh describe says, by id: of those that it settles, and of no others. */
  outcomesOf: (ids: readonly string[]) => Promise<ReadonlyMap<string, ChangeOutcome>>;
};

/** What a run over batches works with, and how many in a row have met the same scarcity by themselves. */
type Run = { change: BatchChange; pace: Pace; patience: Patience; scarce: number };

/** So many in a row have shown that there is nothing left: to ask for each of the others would be hammering. */
const enoughScarce = 3;

/**
 * Stops or starts resources, at most `chunkSize` a call, and tells of each what became of it. One that is refused never
 * spoils the others: it is set aside by the id in the error, else found by halving, in fewer calls than twice as many as
 * there are resources. After any error the outcome is what a fresh describe says, since what AWS does with the rest of a
 * failed batch is undocumented. Errors that speak of the call are never halved; three of them in a row leave the rest.
 */
export async function changeInBatches(
  ids: readonly string[],
  change: BatchChange,
  chunkSize: number,
  pace: Pace,
): Promise<Changed[]> {
  const run = { change, pace, patience: createPatience(), scarce: 0 };
  const changed: Changed[] = [];
  for (const chunk of inBatches([...new Set(ids)], chunkSize)) changed.push(...(await changeAll(run, chunk)));
  return changed;
}

const all = (ids: readonly string[], outcome: ChangeOutcome): Changed[] =>
  ids.map((id) => ({ id, ...outcome }));

async function changeAll(run: Run, ids: readonly string[]): Promise<Changed[]> {
  const verdict = run.patience.verdict();
  if (verdict) return all(ids, verdict);
  const called = await pacedCall(() => run.change.send([...ids]), run.pace, ids.length);
  if ('late' in called) return all(ids, leftAfter(called.error));
  if ('error' in called) return afterError(run, ids, called.error);
  run.patience.renew();
  run.scarce = 0;
  return all(ids, { outcome: 'done' });
}

async function afterError(run: Run, ids: readonly string[], error: unknown): Promise<Changed[]> {
  const { change, patience } = run;
  const problem = problemOf(error);
  // Where nobody can tell, all of them are open: to ask for them again changes nothing that is done.
  const answer = await change.outcomesOf(ids).catch(() => undefined);
  const told = answer ?? new Map<string, ChangeOutcome>();
  const settled = ids.flatMap((id) => {
    const outcome = told.get(id);
    return outcome ? [{ id, ...outcome }] : [];
  });
  const open = ids.filter((id) => !told.has(id));
  if (!change.ofOne.has(problem.code)) {
    patience.fail(error);
    return [...settled, ...all(open, { outcome: answer ? 'failed' : 'unknown', ...problem })];
  }
  patience.renew();
  if (change.ofScarcity?.has(problem.code)) {
    if (ids.length === 1) run.scarce += 1;
    if (run.scarce >= enoughScarce) return [...settled, ...all(open, { outcome: 'refused', ...problem })];
  }
  if (ids.length === 1) return [...settled, ...all(open, { outcome: 'refused', ...problem })];

  const mentioned = change.idsIn(problem.message);
  const named = open.filter((id) => mentioned.has(id));
  // An error that names all of them tells no more than one that names none.
  if (named.length > 0 && (named.length < open.length || open.length === 1)) {
    const others = open.filter((id) => !mentioned.has(id));
    const refused = all(named, { outcome: 'refused', ...problem });
    return [...settled, ...refused, ...(await changeOpen(run, others))];
  }
  // One that is gone, or not ready yet, or named and down by now, may have been all that was wrong.
  const isExplained = settled.some(({ id, outcome }) => outcome !== 'done' || mentioned.has(id));
  return [...settled, ...(await (isExplained ? changeOpen : changeSuspects)(run, open))];
}

const changeOpen = async (run: Run, ids: readonly string[]): Promise<Changed[]> =>
  ids.length === 0 ? [] : changeAll(run, ids);

/** Of these one at least is to blame: to ask for all of them once more would tell nothing. */
async function changeSuspects(run: Run, ids: readonly string[]): Promise<Changed[]> {
  if (ids.length <= 1) return changeOpen(run, ids);
  const [left = [], right = []] = inBatches(ids, Math.ceil(ids.length / 2));
  const first = await changeAll(run, left);
  const isBlameless = first.every(({ outcome }) => outcome === 'done');
  return [...first, ...(await (isBlameless ? changeSuspects : changeAll)(run, right))];
}
