import { describe, expect, it } from 'vitest';
import { methods, scoreOf, sumOf } from '../../bench/propose/methods.ts';
import { kinds, type Noise, pastOf } from '../../bench/propose/pasts.ts';

const start = Date.parse('2026-09-28T00:00:00Z');
const seen = 4 * 168;

/** Each method's share of the work covered and of the idle hours captured in the weeks after those it has seen. */
function shares(noise: Noise) {
  const pasts = kinds.flatMap((kind) =>
    Array.from({ length: 6 }, (_, index) =>
      pastOf(kind, noise, { seed: `test ${kind.name} ${index}`, start, weeks: 8 }),
    ),
  );
  return methods.map(({ propose }) => {
    const scores = pasts.map(({ hours, seen: told, timeZone }) =>
      scoreOf(propose(told.slice(0, seen), timeZone), hours.slice(seen)),
    );
    const { busy, covered, idle, captured } = sumOf(scores);
    return { covered: covered / busy, captured: captured / idle };
  });
}

describe('hours that were learnt from four weeks, in the four weeks after', () => {
  it('cover nearly all work and capture most of the idle hours, more than the plain ways do', () => {
    const [ours, widest, fixed] = shares({ missed: 0.05, runsPerWeek: 0.5, lost: 0.01 });
    expect(ours?.covered).toBeGreaterThan(0.95);
    expect(ours?.captured).toBeGreaterThan(0.7);
    expect(ours?.captured).toBeGreaterThan(1.8 * (widest?.captured ?? 1));
    expect(ours?.covered).toBeGreaterThan(1.5 * (fixed?.covered ?? 1));
  });

  it('cover all of it where nothing disturbs the habit', () => {
    const [ours] = shares({ missed: 0, runsPerWeek: 0, lost: 0 });
    expect(ours?.covered).toBeGreaterThan(0.995);
    expect(ours?.captured).toBeGreaterThan(0.8);
  });
});

describe('a past of the bench', () => {
  const office = kinds.find(({ name }) => name === 'office');
  const asked = { seed: 'a', start, weeks: 8 };

  it('is the same for the same seed, and another for another', () => {
    if (office === undefined) throw new Error('No office.');
    const noise = { missed: 0.1, runsPerWeek: 1, lost: 0.02 };
    expect(pastOf(office, noise, asked)).toEqual(pastOf(office, noise, asked));
    expect(pastOf(office, noise, asked).hours).not.toEqual(
      pastOf(office, noise, { ...asked, seed: 'b' }).hours,
    );
  });

  it('loses the share of points that it is told to, and no work for that', () => {
    if (office === undefined) throw new Error('No office.');
    const { hours, seen: told } = pastOf(office, { missed: 0, runsPerWeek: 0, lost: 0.1 }, asked);
    const lost = told.filter(({ state }) => state === 'unknown').length;
    expect(lost / told.length).toBeGreaterThan(0.07);
    expect(lost / told.length).toBeLessThan(0.13);
    expect(hours.some(({ state }) => state === 'unknown')).toBe(false);
  });
});
