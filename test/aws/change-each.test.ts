import { beforeEach, describe, expect, it } from 'vitest';
import { changeEach, type EachChange } from '../../shared/aws/change-each.ts';
import { createTokenBucket } from '../../shared/aws/token-bucket.ts';
import { awsError } from '../support/aws-error.ts';
import { virtualClock } from '../support/clock.ts';

type Database = { id: string };

/** Databases, of which some can't be stopped; AWS takes them one at a time. */
let errors: Map<string, Error[]>;
let asked: string[];
let underWay: number;
let mostUnderWay: number;
let clock: ReturnType<typeof virtualClock>;

beforeEach(() => {
  [errors, asked, underWay, mostUnderWay] = [new Map(), [], 0, 0];
  clock = virtualClock();
});

const databases = (count: number): Database[] =>
  Array.from({ length: count }, (_, index) => ({ id: `db-${index + 1}` }));

const stopping: EachChange<Database> = {
  send: async ({ id }) => {
    asked.push(id);
    underWay += 1;
    mostUnderWay = Math.max(mostUnderWay, underWay);
    await Promise.resolve();
    underWay -= 1;
    const error = errors.get(id)?.shift();
    if (error) throw error;
  },
  ofOne: new Set(['InvalidDBInstanceState']),
  gone: new Set(['DBInstanceNotFound']),
};

const pace = () => ({ calls: createTokenBucket({ burst: 1_000, perSecond: 1_000 }), clock });

const fail = (id: string, code: string, times = 1) =>
  errors.set(
    id,
    Array.from({ length: times }, () => awsError(code, `about ${id}`)),
  );

const outcomesOf = (changed: readonly { outcome: string }[]) => changed.map(({ outcome }) => outcome);

describe('changing resources one at a time', () => {
  it('asks for none where there are none', async () => {
    expect(await changeEach([], stopping, pace())).toEqual([]);
    expect(asked).toEqual([]);
  });

  it('tells of each what became of it, in their order, and one spoils no other', async () => {
    fail('db-2', 'InvalidDBInstanceState');
    fail('db-3', 'DBInstanceNotFound');
    fail('db-4', 'InternalFailure');
    expect(await changeEach(databases(5), stopping, pace())).toEqual([
      { id: 'db-1', outcome: 'done' },
      { id: 'db-2', outcome: 'refused', code: 'InvalidDBInstanceState', message: 'about db-2' },
      { id: 'db-3', outcome: 'gone', code: 'DBInstanceNotFound', message: 'about db-3' },
      { id: 'db-4', outcome: 'failed', code: 'InternalFailure', message: 'about db-4' },
      { id: 'db-5', outcome: 'done' },
    ]);
  });

  it('takes the outcome from a fresh describe after an error, whatever the error said', async () => {
    fail('db-1', 'InvalidDBInstanceState');
    fail('db-2', 'TimeoutError');
    fail('db-3', 'InvalidDBInstanceState');
    const outcomeOf = async ({ id }: Database) =>
      id === 'db-3'
        ? { outcome: 'left' as const, code: 'backing-up', message: 'db-3 is backing up' }
        : { outcome: 'done' as const };
    expect(await changeEach(databases(3), { ...stopping, outcomeOf }, pace())).toEqual([
      { id: 'db-1', outcome: 'done' },
      { id: 'db-2', outcome: 'done' },
      { id: 'db-3', outcome: 'left', code: 'backing-up', message: 'db-3 is backing up' },
    ]);
  });

  it('goes by the error where the describe fails too', async () => {
    fail('db-1', 'InvalidDBInstanceState');
    const outcomeOf = () => Promise.reject(awsError('Throttling', 'Rate exceeded'));
    expect(await changeEach(databases(1), { ...stopping, outcomeOf }, pace())).toMatchObject([
      { outcome: 'refused', code: 'InvalidDBInstanceState' },
    ]);
  });

  it('asks again for one that was throttled', async () => {
    fail('db-1', 'ThrottlingException', 2);
    expect(outcomesOf(await changeEach(databases(2), stopping, { ...pace(), concurrency: 1 }))).toEqual([
      'done',
      'done',
    ]);
    expect(asked).toEqual(['db-1', 'db-1', 'db-1', 'db-2']);
  });

  it('does not try the other four hundred where nobody may', async () => {
    for (const { id } of databases(400)) fail(id, 'AccessDeniedException');
    const changed = await changeEach(databases(400), stopping, { ...pace(), concurrency: 1 });
    expect(asked).toEqual(['db-1', 'db-2', 'db-3']);
    expect(outcomesOf(changed)).toEqual([...Array(3).fill('failed'), ...Array(397).fill('left')]);
    expect(changed[399]?.message).toBe('not tried after AccessDeniedException: about db-3');
  });

  it('tries the others where one is denied, for one tag that changed must not hold up the rest', async () => {
    for (const { id } of databases(9).filter((_, index) => index % 3 === 0))
      fail(id, 'AccessDeniedException');
    const changed = await changeEach(databases(9), stopping, { ...pace(), concurrency: 1 });
    expect(outcomesOf(changed).filter((outcome) => outcome === 'done')).toHaveLength(6);
  });

  it('tries none after one whose credentials have expired', async () => {
    fail('db-1', 'ExpiredTokenException');
    const changed = await changeEach(databases(3), stopping, { ...pace(), concurrency: 1 });
    expect(outcomesOf(changed)).toEqual(['failed', 'left', 'left']);
  });

  it('asks for four at the same time, or as many as it may', async () => {
    await changeEach(databases(20), stopping, pace());
    expect(mostUnderWay).toBe(4);
    mostUnderWay = 0;
    await changeEach(databases(20), stopping, { ...pace(), concurrency: 2 });
    expect(mostUnderWay).toBe(2);
    expect(new Set(asked).size).toBe(20);
  });

  it('keeps to the rate all together, and leaves what there is no time for', async () => {
    const calls = createTokenBucket({ burst: 3, perSecond: 1 });
    const remainingMs = () => 15_000 - clock.now();
    const changed = await changeEach(databases(20), stopping, { calls, clock, remainingMs });
    expect(asked.length).toBeLessThanOrEqual(3 + 5);
    expect(outcomesOf(changed).filter((outcome) => outcome === 'left')).toHaveLength(20 - asked.length);
    expect(clock.now()).toBeLessThanOrEqual(5_000);
  });
});
