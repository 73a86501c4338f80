import { describe, expect, it } from 'vitest';
import { windowBefore } from '../../shared/compute/utilization.ts';

describe('the window', () => {
  it('ends one period before the last complete one, which CloudWatch may not have yet', () => {
    expect(windowBefore('2026-11-16T06:03:59Z', 45)).toEqual({
      start: '2026-11-16T05:10:00Z',
      end: '2026-11-16T05:55:00Z',
    });
  });

  it('has whole periods, where the minutes are no multiple of them', () => {
    expect(windowBefore('2026-11-16T06:00:00Z', 47).start).toBe('2026-11-16T05:05:00Z');
  });
});
