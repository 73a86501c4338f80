import { DescribeInstancesCommand } from '@aws-sdk/client-ec2';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { type PowerOptions, startInstances, stopInstances } from '../../shared/aws/power.ts';
import { createTokenBucket, resetBuckets } from '../../shared/aws/token-bucket.ts';
import { awsError } from '../support/aws-error.ts';
import { clearedStarts, clearedStops } from '../support/cleared.ts';
import { virtualClock } from '../support/clock.ts';
import { faultyEc2, ids } from '../support/faulty-ec2.ts';

let ec2: ReturnType<typeof faultyEc2>;
let clock: ReturnType<typeof virtualClock>;

beforeEach(() => {
  resetBuckets();
  ec2 = faultyEc2();
  clock = virtualClock();
});

const [first = '', second = '', third = ''] = ids(3);

/** A rate that nobody waits for, unless a test says otherwise. */
const fast = { callsPerSecond: 1_000, burst: 1_000 };

const stop = (which: readonly string[], options: PowerOptions = {}) =>
  stopInstances(ec2.client, clearedStops(which), { clock, ...fast, ...options });

const outcomes = (results: readonly { id: string; outcome: string; code?: string }[]) =>
  Object.fromEntries(results.map(({ id, outcome, code }) => [id, code ?? outcome]));
const countOf = (results: readonly { outcome: string }[], wanted: string): number =>
  results.filter(({ outcome }) => outcome === wanted).length;

describe('stopping instances', () => {
  it.each([true, false])(
    'one protected, one one-time spot, one terminated among fifty: forty-seven stop, with three distinct reasons (named: %s)',
    async (named) => {
      ec2.faults.set(first, { code: 'OperationNotPermitted', named });
      ec2.faults.set(second, { code: 'UnsupportedOperation', named });
      ec2.faults.set(third, { code: 'IncorrectInstanceState', named });
      ec2.states.set(third, 'terminated');

      const results = await stop(ids(50));

      expect(results).toHaveLength(50);
      expect(countOf(results, 'done')).toBe(47);
      expect([...ec2.states.values()].filter((state) => state === 'stopping')).toHaveLength(47);
      expect(results.filter(({ outcome }) => outcome !== 'done')).toMatchObject([
        { id: third, outcome: 'gone', code: 'IncorrectInstanceState' },
        { id: first, outcome: 'refused', code: 'OperationNotPermitted' },
        { id: second, outcome: 'refused', code: 'UnsupportedOperation' },
      ]);
    },
  );

  it('sets a named instance aside in two calls, without halving', async () => {
    ec2.faults.set(first, { code: 'OperationNotPermitted', named: true });
    await stop(ids(50));
    expect(ec2.calls.map((call) => call.ids.length)).toEqual([50, 49]);
  });

  it('finds an unnamed one among a hundred without asking twice for what is known to hold it', async () => {
    ec2.faults.set(ids(100)[99] ?? '', { code: 'OperationNotPermitted', named: false });
    const results = await stop(ids(100));
    expect(countOf(results, 'done')).toBe(99);
    expect(ec2.calls.map((call) => call.ids.length)).toEqual([100, 50, 25, 13, 6, 3, 2, 1]);
  });

  it('looks for nobody else where one that is terminated explains the error', async () => {
    ec2.faults.set(first, { code: 'IncorrectInstanceState', named: false });
    ec2.states.set(first, 'terminated');
    expect(countOf(await stop(ids(50)), 'done')).toBe(49);
    expect(ec2.calls.map((call) => call.ids.length)).toEqual([50, 49]);
  });

  it('takes an error that names everything for one that names nothing', async () => {
    const twoNamed = awsError(
      'OperationNotPermitted',
      `The instances '${first}, ${second}' may not be stopped.`,
    );
    ec2.next.push(twoNamed);
    ec2.faults.set(second, { code: 'OperationNotPermitted', named: false });
    expect(outcomes(await stop([first, second]))).toEqual({
      [first]: 'done',
      [second]: 'OperationNotPermitted',
    });
  });

  it('blames no instance whose id only begins like the one in the error', async () => {
    const short = 'i-00000000';
    ec2.faults.set(first, { code: 'OperationNotPermitted', named: true });
    expect(outcomes(await stop([short, first]))).toEqual({
      [short]: 'done',
      [first]: 'OperationNotPermitted',
    });
  });

  it.each([
    'UnauthorizedOperation',
    'AccessDenied',
    'AuthFailure',
    'TimeoutError',
    'ECONNRESET',
    'InternalError',
    'ServiceUnavailable',
    'an error nobody knows',
  ])('never halves after %s, though it names an instance', async (code) => {
    ec2.next.push(awsError(code, `about ${first}`));
    const results = await stop(ids(8));
    expect(results.map(({ outcome }) => outcome)).toEqual(Array(8).fill('failed'));
    expect(ec2.calls).toHaveLength(1);
  });

  it.each(['RequestLimitExceeded', 'Throttling'])(
    'asks for the same batch again after %s, and never for half of it',
    async (code) => {
      ec2.next.push(awsError(code, `about ${first}`), awsError(code, 'Request limit exceeded.'));
      const results = await stop(ids(8));
      expect(countOf(results, 'done')).toBe(8);
      expect(ec2.calls.map((call) => call.ids.length)).toEqual([8, 8, 8]);
      expect(clock.waits.filter((ms) => ms > 1)).toEqual([2_000, 4_000]);
    },
  );

  it('says so where throttling never ends', async () => {
    ec2.next.push(...Array.from({ length: 100 }, () => awsError('RequestLimitExceeded', 'Too many.')));
    const results = await stop(ids(8));
    expect(results.map(({ code }) => code)).toEqual(Array(8).fill('RequestLimitExceeded'));
    expect(countOf(results, 'failed')).toBe(8);
    expect(ec2.calls).toHaveLength(6);
  });

  it('takes the outcome of a partial effect from a fresh describe', async () => {
    ec2.hasPartialEffect = true;
    ec2.faults.set(third, { code: 'InternalError', named: false });
    expect(outcomes(await stop(ids(4)))).toMatchObject({
      [first]: 'done',
      [second]: 'done',
      [third]: 'InternalError',
    });
    expect(ec2.calls).toHaveLength(1);
  });

  it('asks for no instance again that an error with partial effect has stopped', async () => {
    ec2.hasPartialEffect = true;
    ec2.faults.set(third, { code: 'OperationNotPermitted', named: true });
    expect(countOf(await stop(ids(4)), 'done')).toBe(3);
    expect(ec2.calls.map((call) => call.ids)).toEqual([ids(4), ids(4).slice(3)]);
  });

  it('looks for nobody to blame where the error names one that is down by then', async () => {
    ec2.states.set(first, 'stopped');
    ec2.next.push(awsError('IncorrectInstanceState', `The instance '${first}' is not in a fit state.`));
    expect(countOf(await stop(ids(9)), 'done')).toBe(9);
    expect(ec2.calls.map((call) => call.ids.length)).toEqual([9, 8]);
  });

  it('defers a pending one, calls for none that is stopping or stopped, and takes no blame from one for another', async () => {
    ec2.states.set(first, 'pending');
    ec2.states.set(second, 'stopping');
    ec2.states.set(third, 'stopped');
    ec2.faults.set(first, { code: 'IncorrectInstanceState', named: false });
    const [, , , fourth = ''] = ids(4);
    const results = await stop(ids(4));
    expect(Object.fromEntries(results.map(({ id, outcome }) => [id, outcome]))).toEqual({
      [first]: 'left',
      [second]: 'done',
      [third]: 'done',
      [fourth]: 'done',
    });
    expect(ec2.calls.map((call) => call.ids)).toEqual([ids(4), [fourth]]);
  });

  it('takes one that EC2 lists no more for gone, which is no failure', async () => {
    ec2.states.set(second, 'unlisted');
    ec2.faults.set(second, { code: 'InvalidInstanceID.NotFound', named: true });
    expect(await stop([first, second])).toMatchObject([
      { id: second, outcome: 'gone', code: 'InvalidInstanceID.NotFound' },
      { id: first, outcome: 'done' },
    ]);
  });

  it('takes none for gone where the describe failed, and stops the others all the same', async () => {
    ec2.mock.on(DescribeInstancesCommand).rejects(awsError('InternalError', 'No.'));
    ec2.faults.set(second, { code: 'OperationNotPermitted', named: false });
    expect(outcomes(await stop(ids(3)))).toEqual({
      [first]: 'done',
      [second]: 'OperationNotPermitted',
      [third]: 'done',
    });
  });

  it('knows no outcome where the call failed and the describe after it too, and tries nothing more', async () => {
    ec2.next.push(awsError('InternalError', 'try again'));
    ec2.mock.on(DescribeInstancesCommand).rejects(awsError('RequestLimitExceeded', 'slow down'));
    const results = await stop([first, second]);
    expect(results.map(({ outcome }) => outcome)).toEqual(['unknown', 'unknown']);
    expect(ec2.calls).toHaveLength(1);
  });

  it('sends 1,001 ids in chunks, and none in no call', async () => {
    expect(await stop([])).toEqual([]);
    expect(ec2.calls).toEqual([]);
    expect(countOf(await stop(ids(1001), { chunkSize: 1000 }), 'done')).toBe(1001);
    expect(ec2.calls.map((call) => call.ids.length)).toEqual([1000, 1]);
  });

  it('sends an id once that is there twice', async () => {
    await stop([first, first]);
    expect(ec2.calls.map((call) => call.ids)).toEqual([[first]]);
  });

  it('leaves the rest after three denied calls in a row, and after one of somebody unknown', async () => {
    const denied = () => awsError('UnauthorizedOperation', 'You are not authorized.');
    ec2.next.push(denied(), denied(), denied());
    const afterDenied = await stop(ids(8), { chunkSize: 1 });
    expect([countOf(afterDenied, 'failed'), countOf(afterDenied, 'left')]).toEqual([3, 5]);
    expect(afterDenied.at(-1)?.message).toContain('not tried after UnauthorizedOperation');

    ec2.next.push(awsError('ExpiredToken', 'The security token has expired.'));
    const afterExpiry = await stop(ids(8), { chunkSize: 1 });
    expect([countOf(afterExpiry, 'failed'), countOf(afterExpiry, 'left')]).toEqual([1, 7]);
  });

  it('stops the others where one call is denied, for one tag that changed must not hold up the rest', async () => {
    ec2.faults.set(second, { code: 'UnauthorizedOperation', named: false });
    const results = await stop(ids(8), { chunkSize: 1 });
    expect([countOf(results, 'failed'), countOf(results, 'done')]).toEqual([1, 7]);
  });

  it('counts no denied calls together between which EC2 has answered for an instance', async () => {
    for (const id of ids(5)) ec2.faults.set(id, { code: 'UnauthorizedOperation', named: false });
    ec2.faults.set(third, { code: 'OperationNotPermitted', named: true });
    const results = await stop(ids(8), { chunkSize: 1 });
    expect(results.map(({ outcome }) => outcome)).toEqual([
      ...['failed', 'failed', 'refused', 'failed', 'failed'],
      ...['done', 'done', 'done'],
    ]);
  });

  it('leaves what there is no time for to the next run', async () => {
    const remainingMs = () => 21_000 - 12_000 * ec2.calls.length;
    const results = await stop(ids(6), { chunkSize: 2, remainingMs });
    expect(results.map(({ outcome }) => outcome)).toEqual(['done', 'done', 'left', 'left', 'left', 'left']);
  });

  it('waits for its calls, as many a second as it may make, and never beyond its time', async () => {
    const remainingMs = () => 15_000 - clock.now();
    const results = await stop(ids(10), { chunkSize: 1, callsPerSecond: 0.5, burst: 2, remainingMs });
    // Two at once, and one after 2 and one after 4 seconds: the next would end with 9 seconds left.
    expect([countOf(results, 'done'), countOf(results, 'left')]).toEqual([4, 6]);
    expect(clock.waits).toEqual([2_000, 2_000]);
  });

  it('stops all of them where others use up most of the calls that AWS allows', async () => {
    const allowed = createTokenBucket({ burst: 10, perSecond: 0.5 });
    let refused = 0;
    ec2.beforeEach = () => {
      if (allowed.delayMs(clock.now()) > 0) {
        refused += 1;
        throw awsError('RequestLimitExceeded', 'Request limit exceeded.');
      }
      allowed.take(clock.now());
    };
    const results = await stop(ids(400), { chunkSize: 10, callsPerSecond: 5, burst: 50 });
    expect(countOf(results, 'done')).toBe(400);
    expect(refused).toBeGreaterThan(0);
    expect(refused).toBeLessThan(40);
  });

  it('leaves what was throttled until its time ran out, and says what it waited for', async () => {
    ec2.next.push(...Array.from({ length: 9 }, () => awsError('RequestLimitExceeded', 'Too many.')));
    const results = await stop(ids(2), { remainingMs: () => 15_000 - clock.now() });
    expect(results).toMatchObject(
      ids(2).map((id) => ({ id, outcome: 'left', code: 'RequestLimitExceeded' })),
    );
    expect(clock.now()).toBeLessThanOrEqual(5_000);
  });

  it('stops what can be stopped and nothing else, each once told, in fewer than two calls for each', async () => {
    await fc.assert(
      fc.asyncProperty(
        fleet,
        fc.integer({ min: 1, max: 40 }),
        fc.boolean(),
        async (members, chunkSize, partial) => {
          const { due, bad } = populate(members, partial);
          const results = await stop(due, { chunkSize });
          expect(results.map(({ id }) => id).toSorted()).toEqual(due);
          const done = results.filter(({ outcome }) => outcome === 'done').map(({ id }) => id);
          expect(done.toSorted()).toEqual(due.filter((id) => !bad.has(id)));
          const down = due.filter((id) => ['stopping', 'stopped'].includes(ec2.states.get(id) ?? ''));
          expect(down).toEqual(done.toSorted());
          expect(ec2.calls.length).toBeLessThan(2 * due.length);
          expect(ec2.calls.every((call) => call.ids.length > 0 && call.ids.length <= chunkSize)).toBe(true);
        },
      ),
      { numRuns: 60 },
    );
  });
});

type Member = { state?: string; fault?: { code: string; named: boolean } };

const faultOf = (...codes: string[]) => fc.record({ code: fc.constantFrom(...codes), named: fc.boolean() });

const fleet: fc.Arbitrary<Member[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.constant({}) },
    { weight: 2, arbitrary: fc.record({ fault: faultOf('OperationNotPermitted', 'UnsupportedOperation') }) },
    {
      weight: 1,
      arbitrary: fc.record({
        state: fc.constantFrom('terminated', 'pending', 'unlisted'),
        fault: faultOf('IncorrectInstanceState'),
      }),
    },
    { weight: 1, arbitrary: fc.record({ state: fc.constantFrom('stopping', 'stopped') }) },
  ),
  { minLength: 1, maxLength: 60 },
);

/** An EC2 with these instances, the ids that are due, and which of them can't be stopped. */
function populate(members: readonly Member[], hasPartialEffect: boolean) {
  ec2 = faultyEc2();
  ec2.hasPartialEffect = hasPartialEffect;
  const due = ids(members.length);
  for (const [index, { state, fault }] of members.entries()) {
    const id = due[index] ?? '';
    if (state) ec2.states.set(id, state);
    if (fault) ec2.faults.set(id, fault);
  }
  return { due, bad: new Set(ec2.faults.keys()) };
}

describe('hibernating', () => {
  const hibernate = (which: readonly string[], options: PowerOptions = {}) =>
    stopInstances(ec2.client, [...clearedStops(which, { hibernate: true }), ...clearedStops([third])], {
      clock,
      ...fast,
      ...options,
    });

  it('stops what AWS cannot hibernate, and says which happened', async () => {
    ec2.faults.set(second, { code: 'UnsupportedHibernationConfiguration', named: true, onHibernate: true });
    const results = await hibernate([first, second]);
    expect(results).toMatchObject([
      { id: first, outcome: 'done', hibernated: true },
      { id: third, outcome: 'done' },
      { id: second, outcome: 'done', hibernated: false },
    ]);
    expect(results[1]).not.toHaveProperty('hibernated');
    expect(ec2.calls).toEqual([
      { ids: [first, second], hibernate: true },
      { ids: [first], hibernate: true },
      { ids: [third, second], hibernate: false },
    ]);
  });

  it('leaves it running where the policy allows no stop in its place', async () => {
    ec2.faults.set(second, { code: 'UnsupportedHibernationConfiguration', named: true, onHibernate: true });
    const results = await hibernate([first, second], { hibernateFallback: false });
    expect(outcomes(results)).toEqual({
      [first]: 'done',
      [second]: 'UnsupportedHibernationConfiguration',
      [third]: 'done',
    });
    expect(ec2.states.has(second)).toBe(false);
  });

  it('stops nothing in its place that AWS refuses for another reason', async () => {
    ec2.faults.set(second, { code: 'OperationNotPermitted', named: true });
    expect(await hibernate([second])).toMatchObject([
      { id: second, outcome: 'refused', code: 'OperationNotPermitted' },
      { id: third, outcome: 'done' },
    ]);
  });
});

describe('starting instances', () => {
  const start = (which: readonly string[], options: PowerOptions = {}) =>
    startInstances(ec2.client, clearedStarts(which), { clock, ...fast, ...options });

  beforeEach(() => {
    ec2.others = 'stopped';
  });

  it.each(['InsufficientInstanceCapacity', 'InsufficientHostCapacity', 'VcpuLimitExceeded'])(
    'starts the others where %s refuses one, says so, and asks for that one no more in this run',
    async (code) => {
      ec2.faults.set(second, { code, named: false });
      expect(outcomes(await start([first, second, third]))).toEqual({
        [first]: 'done',
        [second]: code,
        [third]: 'done',
      });
      expect(ec2.calls.filter((call) => call.ids.length === 1 && call.ids[0] === second)).toHaveLength(1);
    },
  );

  it('does not hammer for a type of which nothing is left, and starts the others', async () => {
    const [scarce, others] = [ids(100), ids(120).slice(100)];
    for (const id of scarce) ec2.faults.set(id, { code: 'InsufficientInstanceCapacity', named: false });
    const starts = [...clearedStarts(scarce, { instanceType: 'p5.48xlarge' }), ...clearedStarts(others)];
    const results = await startInstances(ec2.client, starts, { clock, ...fast });
    expect(results.filter(({ code }) => code === 'InsufficientInstanceCapacity')).toHaveLength(100);
    expect([countOf(results, 'refused'), countOf(results, 'done')]).toEqual([100, 20]);
    expect(ec2.calls.length).toBeLessThanOrEqual(20);
  });

  it('starts as many of a type as there is capacity for', async () => {
    for (const id of ids(100).slice(37)) {
      ec2.faults.set(id, { code: 'InsufficientInstanceCapacity', named: false });
    }
    const results = await start(ids(100));
    expect([countOf(results, 'refused'), countOf(results, 'done')]).toEqual([63, 37]);
    expect(ec2.calls.length).toBeLessThanOrEqual(20);
  });

  it('leaves one that is still stopping to the next run', async () => {
    ec2.states.set(first, 'stopping');
    ec2.faults.set(first, { code: 'IncorrectInstanceState', named: true });
    expect(await start([first, second])).toMatchObject([
      { id: first, outcome: 'left' },
      { id: second, outcome: 'done' },
    ]);
  });

  it('keeps to the rate of starts, which AWS lets an account make fewer of', async () => {
    await startInstances(ec2.client, clearedStarts(ids(7)), { clock, chunkSize: 1 });
    expect(clock.waits).toEqual([500, 500]);
  });
});
