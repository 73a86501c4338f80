import { describe, expect, it } from 'vitest';
import { awsError } from '../../cli/sample/sample.ts';
import { changeEach } from '../../shared/aws/change-each.ts';

const ids = (count: number) => Array.from({ length: count }, (_, index) => ({ id: `n-${index + 1}` }));

/** Sends to all but those whose error is given. */
function sending(errors: Record<string, Error> = {}) {
  const sent: string[] = [];
  const send = async ({ id }: { id: string }) => {
    sent.push(id);
    const error = errors[id];
    if (error) throw error;
  };
  return { sent, send };
}

const ofOne = new Set(['ResourceInUse']);

describe('changing resources one call each', () => {
  it('makes no call for none', async () => {
    const { sent, send } = sending();
    expect(await changeEach([], { send, ofOne })).toEqual([]);
    expect(sent).toEqual([]);
  });

  it('tells of each what became of it, in their order, and spoils no other', async () => {
    const { send } = sending({
      'n-2': awsError('ResourceInUse', 'Busy.'),
      'n-5': awsError('Throttling', 'Slow.'),
    });
    expect(await changeEach(ids(6), { send, ofOne })).toEqual([
      { id: 'n-1', outcome: 'done' },
      { id: 'n-2', outcome: 'refused', code: 'ResourceInUse', message: 'Busy.' },
      { id: 'n-3', outcome: 'done' },
      { id: 'n-4', outcome: 'done' },
      { id: 'n-5', outcome: 'failed', code: 'Throttling', message: 'Slow.' },
      { id: 'n-6', outcome: 'done' },
    ]);
  });

  it('leaves the rest once a call was not allowed', async () => {
    const { sent, send } = sending({ 'n-1': awsError('AccessDeniedException', 'No.') });
    const outcomes = await changeEach(ids(6), { send, ofOne });
    expect(outcomes.map(({ outcome }) => outcome)).toEqual([
      'failed',
      'done',
      'done',
      'done',
      'left',
      'left',
    ]);
    expect(sent).toHaveLength(4);
  });

  it('leaves what there is no time for', async () => {
    const left = [20_000, 9000];
    const { sent, send } = sending();
    const outcomes = await changeEach(ids(6), { send, ofOne }, { remainingMs: () => left.shift() ?? 0 });
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['done', 'done', 'done', 'done', 'left', 'left']);
    expect(sent).toHaveLength(4);
  });

  it('believes a fresh look over a lost answer, and the answer where nobody can look', async () => {
    const { send } = sending({
      'n-1': awsError('TimeoutError', 'Lost.'),
      'n-2': awsError('TimeoutError', 'Lost.'),
    });
    const outcomeOf = async ({ id }: { id: string }) => {
      if (id === 'n-2') throw new Error('Nobody knows.');
      return { outcome: 'done' as const };
    };
    expect(await changeEach(ids(2), { send, ofOne, outcomeOf })).toMatchObject([
      { outcome: 'done' },
      { outcome: 'failed', code: 'TimeoutError' },
    ]);
  });
});
