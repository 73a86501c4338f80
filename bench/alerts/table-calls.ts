import type { Table } from '../../shared/store/table.ts';

/** Dollars for a unit, on demand, us-east-1: a write of 1 KB, a consistent read of 4 KB. */
const perWrite = 0.625e-6;
const perRead = 0.125e-6;

/** What each call takes of them, an alert having 1 to 2 KB. */
const dollarsOf: Readonly<Record<string, number>> = {
  TransactWriteCommand: 8 * perWrite, // the record and the outbox, at twice the price
  PutCommand: perWrite,
  UpdateCommand: perWrite,
  DeleteCommand: 2 * perWrite,
  GetCommand: perRead,
  QueryCommand: 50 * perRead, // a page of the outbox
};

const counts = new Map<string, number>();

/** Counts what a client asks the table: a handler's own meter begins anew with each of its runs. */
export function countCalls({ middlewareStack }: Table['client']): void {
  middlewareStack.add(
    (next, { commandName = '' }) =>
      (args) => {
        counts.set(commandName, (counts.get(commandName) ?? 0) + 1);
        return next(args);
      },
    { step: 'initialize', name: 'countCalls' },
  );
}

export const resetCalls = (): void => counts.clear();

export function readCalls(): { calls: number; dollars: number } {
  let [calls, dollars] = [0, 0];
  for (const [command, count] of counts) {
    calls += count;
    dollars += count * (dollarsOf[command] ?? 0);
  }
  return { calls, dollars };
}
