import { expect, it } from 'vitest';
import { formatDuration } from '../../shared/compute/duration.ts';

it.each([
  [0, '0 min'],
  [45, '45 min'],
  [60, '1 h'],
  [190, '3 h 10 min'],
  [47 * 60 + 59, '47 h 59 min'],
  [48 * 60, '2 days'],
  [61 * 60 + 20, '2 days 13 h'],
  [-5, '0 min'],
])('says %d minutes as %s', (minutes, text) => {
  expect(formatDuration(minutes * 60_000)).toBe(text);
});
