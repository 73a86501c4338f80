import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTokenBucket, sharedBucket } from '../../shared/aws/token-bucket.ts';

describe('a bucket of tokens', () => {
  it('is full at first, and refills at its rate from then on', () => {
    const bucket = createTokenBucket({ burst: 2, perSecond: 4 });
    expect(bucket.delayMs(0)).toBe(0);
    bucket.take(0);
    bucket.take(0);
    expect(bucket.delayMs(0)).toBe(250);
    expect(bucket.delayMs(100)).toBe(150);
    expect(bucket.delayMs(250)).toBe(0);
  });

  it('never holds more than its burst', () => {
    const bucket = createTokenBucket({ burst: 2, perSecond: 4 });
    bucket.take(60_000, 2);
    expect(bucket.delayMs(60_000)).toBe(250);
  });

  it('is empty for everybody once AWS says so', () => {
    const bucket = createTokenBucket({ burst: 50, perSecond: 5 });
    bucket.drain(1_000);
    expect(bucket.delayMs(1_000)).toBe(200);
    expect(bucket.delayMs(1_000, 10)).toBe(2_000);
  });

  it('lets through what it could never hold at once, when it is full', () => {
    const bucket = createTokenBucket({ burst: 10, perSecond: 1 });
    expect(bucket.delayMs(0, 25)).toBe(0);
    bucket.take(0, 25);
    expect(bucket.delayMs(0)).toBe(16_000);
  });

  it('lets no more through than burst and rate allow, however it is asked', () => {
    const rate = fc.record({
      burst: fc.integer({ min: 1, max: 20 }),
      perSecond: fc.double({ min: 0.1, max: 50, noNaN: true }),
    });
    fc.assert(
      fc.property(rate, fc.array(fc.integer({ min: 0, max: 3_000 }), { maxLength: 200 }), (limit, pauses) => {
        const bucket = createTokenBucket(limit);
        let [now, taken] = [0, 0];
        for (const pause of pauses) {
          now += pause;
          if (bucket.delayMs(now) > 0) continue;
          bucket.take(now);
          taken += 1;
        }
        expect(taken).toBeLessThanOrEqual(limit.burst + (now / 1000) * limit.perSecond + 0.001);
      }),
    );
  });

  it('is one for an API in an account and region, and another elsewhere', () => {
    const rate = { burst: 1, perSecond: 1 };
    const place = { account: '210987654321', region: 'eu-west-1', api: 'StopInstances' };
    sharedBucket(place, rate).take(0);
    expect(sharedBucket({ ...place }, rate).delayMs(0)).toBe(1_000);
    expect(sharedBucket({ ...place, region: 'us-east-1' }, rate).delayMs(0)).toBe(0);
    expect(sharedBucket({ ...place, account: '345678901234' }, rate).delayMs(0)).toBe(0);
    expect(sharedBucket({ ...place, api: 'StartInstances' }, rate).delayMs(0)).toBe(0);
  });
});
