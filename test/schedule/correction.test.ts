import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { correctedTag } from '../../shared/schedule/correction.ts';
import { parseScheduleTag } from '../../shared/schedule/tag.ts';

const context = {
  timeZone: 'Europe/Berlin',
  schedules: { 'office-hours': 'Mon-Fri 08:00-19:00 Europe/Berlin' },
};
const corrected = (value: string) => correctedTag(value, context);

describe('a value that its reader has a proposal for', () => {
  it.each([
    ['ofice-hours', 'office-hours'],
    ['weekdays 08:00-19:00', 'Mon-Fri 08:00-19:00'],
    ['Mon-Fry 08:00-19:00', 'Mon-Fri 08:00-19:00'],
    ['Mon-Fri 08:00-19:00 Berlin', 'Mon-Fri 08:00-19:00 Europe/Berlin'],
    ['Mon-Fri 08:00-19:00; strat', 'Mon-Fri 08:00-19:00; start'],
    ['weekdays 08:00-19:00 Europe/Berln; alway; strat', 'Mon-Fri 08:00-19:00 Europe/Berlin; always; start'],
  ])('%j is corrected to %j', (value, meant) => {
    expect(corrected(value)).toBe(meant);
  });

  it.each(['Mon-Fri 08:00-19:00', 'off', 'Mon-Fri 8-19', 'Mon-Fri 08:00-19:00 IST', '', 'zzzzzz'])(
    '%j is not',
    (value) => {
      expect(corrected(value)).toBeUndefined();
    },
  );

  it('is always one that can be read', () => {
    const words = fc.constantFrom(
      'weekdays',
      'Mon-Fry',
      'Mon',
      '08:00-19:00',
      'Berlin',
      ';',
      'strat',
      'alway',
      'foo',
    );
    expect.hasAssertions();
    fc.assert(
      fc.property(fc.array(words, { maxLength: 8 }), (parts) => {
        const value = corrected(parts.join(' '));
        if (value !== undefined) expect(parseScheduleTag(value, context).kind).not.toBe('invalid');
      }),
    );
  });
});
