import fc from 'fast-check';
import { expect, it } from 'vitest';
import { formatMoney } from '../shared/money.ts';

it.each([
  [0, '$0.00'],
  [0.01, '$0.01'],
  [1234.56, '$1,234.56'],
  [-1234.56, '-$1,234.56'],
  [9999.99, '$9,999.99'],
  [10_000, '$10,000'],
  [54_156.4, '$54,156'],
  [-54_156.4, '-$54,156'],
  [0.009, '$0.0090'],
  [0.0000008, '$0.00000080'],
  [-0.0000008, '-$0.00000080'],
])('writes %d as %s', (amount, text) => {
  expect(formatMoney(amount)).toBe(text);
});

it.each([
  ['EUR', '€12.30'],
  ['CNY', 'CN¥12.30'],
])('writes %s as such', (currency, text) => {
  expect(formatMoney(12.3, currency)).toBe(text);
});

it('never writes an amount as nothing', () => {
  fc.assert(
    fc.property(fc.double({ min: 1e-9, max: 1e9, noNaN: true }), (amount) => {
      expect(formatMoney(amount)).toMatch(/[1-9]/);
    }),
  );
});
