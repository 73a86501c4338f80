import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseHours } from '../../shared/schedule/hours.ts';
import { daysText, windowsText } from '../../shared/schedule/window-text.ts';

describe('windows as a tag writes them', () => {
  it.each([
    [[1, 2, 3, 4, 5], 'Mon-Fri'],
    [[6, 7], 'Sat,Sun'],
    [[7, 1, 2, 3, 4], 'Sun-Thu'],
    [[1, 2, 3, 4, 7], 'Sun-Thu'],
    [[1, 3, 5], 'Mon,Wed,Fri'],
    [[1, 2, 3, 5, 7], 'Sun-Wed,Fri'],
    [[1, 2, 3, 4, 5, 6, 7], 'Mon-Sun'],
  ])('name the days %j %s', (days, text) =>
    expect(daysText(days).split(',').toSorted()).toEqual(text.split(',').toSorted()),
  );

  it('are read as what they were', () => {
    const window = fc
      .record({
        days: fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
        start: fc.integer({ min: 0, max: 1439 }),
        length: fc.integer({ min: 1, max: 1439 }),
      })
      .map(({ days, start, length }) => ({ days: days.toSorted(), start, end: start + length }));
    fc.assert(
      fc.property(fc.array(window, { minLength: 1, maxLength: 3 }), (windows) => {
        expect(parseHours(windowsText(windows, 'Europe/Berlin'))).toMatchObject({
          windows,
          timeZone: 'Europe/Berlin',
        });
      }),
    );
  });
});
