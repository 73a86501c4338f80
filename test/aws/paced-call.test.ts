import { describe, expect, it } from 'vitest';
import { pacedCall } from '../../shared/aws/paced-call.ts';
import { createTokenBucket } from '../../shared/aws/token-bucket.ts';
import { awsError } from '../support/aws-error.ts';
import { virtualClock } from '../support/clock.ts';

const bucket = (burst = 100, perSecond = 1_000) => createTokenBucket({ burst, perSecond });

/** Throttled so many times, and then answered. */
function throttledTimes(times: number, code = 'RequestLimitExceeded') {
  let calls = 0;
  return {
    calls: () => calls,
    call: async () => {
      calls += 1;
      if (calls <= times) throw awsError(code, 'Request limit exceeded.');
      return calls;
    },
  };
}

describe('a paced call', () => {
  it.each(['RequestLimitExceeded', 'Throttling', 'ThrottlingException', 'TooManyRequestsException'])(
    'is made again after %s, each time after a longer wait',
    async (code) => {
      const clock = virtualClock();
      const { call, calls } = throttledTimes(3, code);
      expect(await pacedCall(call, { calls: bucket(), clock })).toEqual({ answer: 4 });
      expect(calls()).toBe(4);
      expect(clock.waits.filter((ms) => ms > 1)).toEqual([2_000, 4_000, 8_000]);
    },
  );

  it('waits a random part of it, so that callers who were throttled together come back apart', async () => {
    const clock = virtualClock(0.25);
    await pacedCall(throttledTimes(2).call, { calls: bucket(), clock });
    expect(clock.waits.filter((ms) => ms > 1)).toEqual([500, 1_000]);
  });

  it('gives up after six calls', async () => {
    const { call, calls } = throttledTimes(100);
    const called = await pacedCall(call, { calls: bucket(), clock: virtualClock() });
    expect(called).toMatchObject({ error: { name: 'RequestLimitExceeded' } });
    expect(calls()).toBe(6);
  });

  it('is made once where the error is no throttling', async () => {
    const clock = virtualClock();
    const call = () => Promise.reject(awsError('UnauthorizedOperation', 'You are not authorized'));
    const called = await pacedCall(call, { calls: bucket(), clock });
    expect(called).toMatchObject({ error: { name: 'UnauthorizedOperation' } });
    expect(clock.waits).toEqual([]);
  });

  it('waits for its token, and takes no more of them than there are', async () => {
    const clock = virtualClock();
    const calls = bucket(2, 4);
    for (let count = 0; count < 5; count++) await pacedCall(async () => count, { calls, clock });
    expect(clock.waits).toEqual([250, 250, 250]);
  });

  it('waits for the tokens of the resources it is about, which an error gives back', async () => {
    const clock = virtualClock();
    const pace = { calls: bucket(), resources: bucket(1_000, 20), clock };
    const refuse = () => Promise.reject(awsError('IncorrectInstanceState', 'no'));
    await pacedCall(refuse, pace, 900);
    await pacedCall(async () => 'stopped', pace, 1_000);
    expect(clock.waits).toEqual([]);
    await pacedCall(async () => 'stopped', pace, 100);
    expect(clock.waits).toEqual([5_000]);
  });

  it('holds everybody back who shares the bucket of one that was throttled', async () => {
    const clock = virtualClock(0);
    const calls = bucket(50, 5);
    await pacedCall(throttledTimes(1).call, { calls, clock });
    await pacedCall(async () => 'another', { calls, clock });
    expect(clock.waits).toEqual([200, 200]);
  });

  it('is not begun with less than ten seconds left', async () => {
    const { call, calls } = throttledTimes(0);
    expect(await pacedCall(call, { calls: bucket(), remainingMs: () => 9_999 })).toEqual({ late: true });
    expect(calls()).toBe(0);
  });

  it.each([
    { what: 'for a token', limit: [1, 0.01] as const, throttled: 0, first: true },
    { what: 'after it was throttled', limit: [100, 1_000] as const, throttled: 9, first: false },
  ])('never waits $what into those ten seconds', async ({ limit, throttled, first }) => {
    const clock = virtualClock();
    const pace = { calls: bucket(...limit), clock, remainingMs: () => 15_000 - clock.now() };
    if (first) await pacedCall(async () => 'takes the one token', pace);
    const called = await pacedCall(throttledTimes(throttled).call, pace);
    expect(called).toMatchObject({ late: true });
    expect(clock.now()).toBeLessThanOrEqual(5_000);
  });
});
