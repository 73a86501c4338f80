import { describe, expect, it } from 'vitest';
import type { Hour } from '../../shared/compute/hour-states.ts';
import { localHour } from '../../shared/schedule/local-hour.ts';
import { patternText } from '../../shared/schedule/pattern-text.ts';
import { but, scheduleOf, working } from '../support/past.ts';

/** The sentence on hours of work, in UTC, where they are known to be these. */
const text = (hours: string, change = (past: Hour[]) => past) =>
  patternText(
    scheduleOf(hours).windows,
    change(working(hours)).map((hour) => ({ ...hour, ...localHour('UTC', hour.at) })),
  );

describe('a pattern in words', () => {
  it.each([
    ['Mon-Fri 09:00-18:00', 'worked on 20 of 20 weekdays between 09:00 and 18:00; nothing at weekends'],
    ['Mon-Sun 09:00-18:00', 'worked on 28 of 28 days between 09:00 and 18:00'],
    ['Sat,Sun 10:00-12:00', 'worked on 8 of 8 weekend days between 10:00 and 12:00; nothing on Mon-Fri'],
    [
      'Mon-Fri 22:00-04:00',
      'worked in 20 of 20 weekday nights between 22:00 and 04:00; nothing on Sun', // the last one ends on Saturday
    ],
    ['Tue 22:00-04:00', 'worked in 4 of 4 Tue nights between 22:00 and 04:00; nothing on Thu-Mon'],
    [
      'Mon-Thu 09:00-17:00, Sat 10:00-12:00',
      'worked on 16 of 16 days (Mon-Thu) between 09:00 and 17:00, on 4 of 4 Saturdays between 10:00 and 12:00; nothing on Fri,Sun',
    ],
    ['Mon-Fri 00:00-24:00', 'worked around the clock on 20 of 20 weekdays; nothing at weekends'],
  ])('%s', (hours, sentence) => expect(text(`${hours} UTC`)).toBe(sentence));

  it('counts the days that were missed, and the hours on the others', () => {
    const sentence = text('Mon-Fri 09:00-18:00 UTC', (past) =>
      but(but(past, 'idle', '2026-10-21T09:00:00Z', 9), 'busy', '2026-10-24T14:00:00Z', 3),
    );
    expect(sentence).toBe('worked on 19 of 20 weekdays between 09:00 and 18:00; 3 h in all at weekends');
  });
});
