import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { timeAxis } from '../../cli/time-axis.ts';

const minutes = 60_000;
const start = Date.parse('2026-11-16T03:00:00Z');
const canvas = (periods: number) => ({ start, end: start + periods * 5 * minutes, width: periods });

describe('the hours below a drawing', () => {
  it('stand at their columns', () => {
    expect(timeAxis(canvas(36))).toBe('╵03:00      ╵04:00      ╵05:00');
  });

  it('are fewer where there is less room, and dates at midnight', () => {
    const end = Date.parse('2026-11-18T03:00:00Z');
    expect(timeAxis({ start, end, width: 40 })).toBe('       ╵12:00    ╵17 Nov   ╵12:00    ╵18 Nov');
  });

  it('begin within the drawing', () => {
    const spans = fc.tuple(fc.integer({ min: 1, max: 20_000 }), fc.integer({ min: 1, max: 300 }));
    fc.assert(
      fc.property(spans, ([length, width]) => {
        const axis = timeAxis({ start, end: start + length * minutes, width });
        expect(axis.lastIndexOf('╵')).toBeLessThan(width);
        expect(axis).not.toMatch(/NaN|undefined/);
      }),
    );
    expect(timeAxis({ start, end: start, width: 10 })).toBe('');
    expect(timeAxis({ start, end: start + 1, width: 0 })).toBe('');
  });
});
