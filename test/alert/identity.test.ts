import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { alertId, digest } from '../../shared/alert/identity.ts';

describe("an alert's id", () => {
  it('is what it is about, part by part', () => {
    expect(alertId('aws-budget', '210987654321', 'team: search')).toBe(
      'aws-budget/210987654321/team: search',
    );
  });

  it('tells long names apart that begin alike, within 200 characters', () => {
    const name = 'x'.repeat(300);
    const [one, other] = [alertId(`${name}1`), alertId(`${name}2`)];
    expect(one).toHaveLength(200);
    expect(other).toHaveLength(200);
    expect(one).not.toBe(other);
  });

  it('never exceeds 200 characters', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 400 })), (parts) => {
        expect(alertId(...parts).length).toBeLessThanOrEqual(200);
      }),
    );
  });
});

describe('a digest', () => {
  it('is the same on every machine', () => {
    expect(digest('Mon-Fri 08:00-19:00')).toBe(digest('Mon-Fri 08:00-19:00'));
    expect(digest('')).toBe('1779b1811c9dc5');
  });

  it('differs for 10,000 similar texts', () => {
    const digests = Array.from({ length: 10_000 }, (_, index) => digest(`Mon-Fri 08:00-19:${index}`));
    expect(new Set(digests).size).toBe(10_000);
  });
});
