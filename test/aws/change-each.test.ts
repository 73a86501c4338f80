import { describe, expect, it } from 'vitest';
import { changeEach } from '../../shared/aws/change-each.ts';

const items = (count: number) => Array.from({ length: count }, (_, index) => ({ id: `db-${index + 1}` }));
const awsError = (code: string, message = 'No.') => Object.assign(new Error(message), { name: code });
const ofOne = new Set(['InvalidDBInstanceStateFault']);

/** Answers with the error of an item, where it has one. */
const sending = (errors: Readonly<Record<string, Error>>) => {
  const sent: string[] = [];
  const send = async ({ id }: { id: string }) => {
    sent.push(id);
    if (errors[id]) throw errors[id];
  };
  return { sent, send };
};

describe('resources that are changed one at a time', () => {
  it('are each told of, in their order, and one that is refused spoils no other', async () => {
    const { send } = sending({ 'db-2': awsError('InvalidDBInstanceStateFault', 'db-2 is being modified.') });
    expect(await changeEach(items(3), { send, ofOne })).toEqual([
      { id: 'db-1', outcome: 'done' },
      {
        id: 'db-2',
        outcome: 'refused',
        code: 'InvalidDBInstanceStateFault',
        message: 'db-2 is being modified.',
      },
      { id: 'db-3', outcome: 'done' },
    ]);
  });

  it('fail where the error speaks of the call', async () => {
    const { send } = sending({ 'db-1': awsError('ThrottlingException', 'Rate exceeded') });
    expect(await changeEach(items(2), { send, ofOne })).toEqual([
      { id: 'db-1', outcome: 'failed', code: 'ThrottlingException', message: 'Rate exceeded' },
      { id: 'db-2', outcome: 'done' },
    ]);
  });

  it('are left to the next run where the calls before them were all denied', async () => {
    const denied = Object.fromEntries(items(4).map(({ id }) => [id, awsError('AccessDenied')]));
    const { sent, send } = sending(denied);
    const outcomes = await changeEach(items(9), { send, ofOne });
    expect(outcomes.map(({ outcome }) => outcome)).toEqual([
      ...Array(4).fill('failed'),
      ...Array(5).fill('left'),
    ]);
    expect(sent).toHaveLength(4);
  });

  it('are left to the next run when there is no time', async () => {
    let remaining = 15_000;
    const send = async () => {
      remaining -= 2_000;
    };
    const outcomes = await changeEach(items(9), { send, ofOne }, { remainingMs: () => remaining });
    expect(outcomes.map(({ outcome }) => outcome)).toEqual([
      ...Array(4).fill('done'),
      ...Array(5).fill('left'),
    ]);
  });

  it('count as done where a fresh describe says so after an error', async () => {
    const { send } = sending({ 'db-1': awsError('TimeoutError'), 'db-2': awsError('TimeoutError') });
    const outcomeOf = async ({ id }: { id: string }) => {
      if (id === 'db-2') throw awsError('AccessDenied');
      return { outcome: 'done' as const };
    };
    expect(await changeEach(items(2), { send, ofOne, outcomeOf })).toEqual([
      { id: 'db-1', outcome: 'done' },
      { id: 'db-2', outcome: 'failed', code: 'TimeoutError', message: 'No.' },
    ]);
  });

  it('need no call where there are none', async () => {
    const { sent, send } = sending({});
    expect(await changeEach([], { send, ofOne })).toEqual([]);
    expect(sent).toEqual([]);
  });
});
