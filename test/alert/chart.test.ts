import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AlertChart } from '../../shared/alert/alert.ts';
import { chartSvg, sparkLine } from '../../shared/alert/chart.ts';
import { addDays } from '../../shared/period.ts';
import { chartOf } from '../support/chart.ts';

const title = 'Amazon EC2 in ml-dev: $786.54 a day above expected since 14 Nov';
const svg = (given: Partial<AlertChart> = {}) => chartSvg(chartOf(given), { title });

/** What is written on a chart, in the order in which it is drawn. */
const words = (drawn: string) => [...drawn.matchAll(/<text [^>]*>([^<]*)<\/text>/g)].map(([, word]) => word);
const legend = ['actual', 'expected', 'normal range', 'above expected'];
const leak = '#c4232b';
const leakArea = '#e98d91';
const count = (drawn: string, part: string) => drawn.split(part).length - 1;

describe('the chart of an alert', () => {
  it('says what it is of, in what money, on which days, since when, and what the dearest day cost', () => {
    expect(words(svg())).toEqual([
      'Amazon EC2 in ml-dev: $786.54 a day above',
      'expected since 14 Nov',
      ...legend,
      ...['$0', '$250', '$500', '$750'],
      ...['since 14 Nov', '9 Nov'],
      '$850',
    ]);
  });

  it('marks the days of the problem, and fills what they cost above the expected', () => {
    expect(count(svg(), `r="9" fill="${leak}"`)).toBe(3);
    const [, area] = /<path d="([^"]+)" fill="#e98d91"/.exec(svg()) ?? [];
    expect(area?.match(/[\d.]+,[\d.]+/g)?.length).toBeGreaterThanOrEqual(6);
  });

  it('has no problem where that lies beyond it, and of one that began before it what it shows', () => {
    expect(svg({ since: '2026-12-24' })).not.toContain('r="9"');
    expect(words(svg({ since: '2026-12-24' }))).not.toContain('$850');
    expect(words(svg({ since: '2026-10-01' }))).toContain('since 1 Oct');
  });

  it('ends the problem where it was over', () => {
    const over = svg({ since: '2026-11-09', until: '2026-11-12' });
    expect(words(over)).toContain('9 Nov to 11 Nov');
    expect(words(svg({ since: '2026-11-14', until: '2026-11-15' }))).toContain('14 Nov');
    expect(words(over)).toContain('$66'); // the dearest of its own days
  });

  it.each([
    ['one day', { start: '2026-11-16', actual: [850], expected: [64], limit: [96], since: '2026-11-16' }, 1],
    ['nothing but zeros', { actual: Array(14).fill(0), expected: Array(14).fill(0), limit: [] }, 0],
    ['days of which nothing is expected', { expected: [], limit: [] }, 3],
    ['money that came back', { actual: [...Array(13).fill(-50), 850] }, 1],
  ])('is drawn of %s', (_, given, dots) => {
    const drawn = svg(given);
    expect(count(drawn, `r="9" fill="${leak}"`)).toBe(dots);
    expect(words(drawn)).toContain('$0');
  });

  it('says so where nothing is known', () => {
    for (const actual of [[], [null, null]]) {
      expect(words(svg({ actual }))).toContain('Nothing is known of its days');
      expect(words(svg({ actual }))).toEqual(expect.arrayContaining(legend));
    }
  });

  it('breaks its lines where nothing is known, and shows a day by itself', () => {
    const expected = [64, null, 64, null, 64, 64, ...Array(8).fill(null)];
    const [, line = ''] =
      /<path d="([^"]+)" fill="none" stroke="#6b7a90"[^>]*"\/><path/.exec(svg({ expected })) ?? [];
    const places = line.split('M').length - 1;
    // A line from the fifth day to the sixth, a dot each for the first and the third, and a level to see those by.
    expect(places).toBe(1 + 2 + 2);
  });

  it('thins out the dates and the dots of a long one', () => {
    const days = 400;
    const long = svg({
      start: '2025-10-13',
      actual: Array.from({ length: days }, (_, index) => (index > 390 ? 850 : 64)),
      expected: Array(days).fill(64),
      limit: Array(days).fill(96),
    });
    expect(long).not.toContain('r="9"');
    expect(words(long)).toContain('since 14 Nov');
    expect(words(long)).toContain('2026');
    expect(words(long).length).toBeLessThan(25);
    expect(long).toContain(leakArea);
  });

  it('shows the spend, however wild what was expected', () => {
    const drawn = svg({ expected: Array(14).fill(1e9), limit: Array(14).fill(1e12) });
    expect(words(drawn)).toContain('$750');
  });

  it.each([
    ['JPY', '¥850'],
    ['CHF', 'CHF 850'],
    ['tokens', '850'],
    ['', '850'],
  ])('is in the currency %s', (currency, amount) => {
    expect(words(svg({ currency })).map((word) => word?.replace(/\u00A0/g, ' '))).toContain(amount);
  });

  it('makes a long title smaller before it cuts it, and drops letters that its font lacks', () => {
    const titled = (text: string) => words(chartSvg(chartOf(), { title: text })).slice(0, -11);
    const longer =
      'Amazon Simple Storage Service in production-eu: back to normal, $2,300.00 above expected on 14 Nov';
    expect(titled(longer).join(' ')).toBe(longer);
    expect(titled('a'.repeat(400))).toEqual([expect.stringMatching(/^a{40,60}…$/)]);
    expect(titled('日本語: $9 a day')).toEqual(['…: $9 a day']);
    expect(titled('')).toEqual(['–']);
  });

  it('takes no text from outside for its own', () => {
    const drawn = chartSvg(chartOf(), { title: '</text><script>"&\u0000\u202E\uFFFE' });
    expect(drawn).toContain('&lt;/text&gt;&lt;script&gt;"&amp;');
    expect(drawn).not.toMatch(/<script|\p{Cc}|\p{Bidi_Control}|\p{Noncharacter_Code_Point}/u);
  });

  const amounts = fc.array(fc.option(fc.double()), { maxLength: 60 });
  it('has a place for everything, whatever is in it', () => {
    fc.assert(
      fc.property(
        fc.record({ actual: amounts, expected: amounts, limit: amounts, currency: fc.string() }),
        fc.integer({ min: -50, max: 70 }),
        fc.option(fc.integer({ min: -50, max: 70 }), { nil: undefined }),
        fc.string({ unit: 'binary' }),
        (given, since, until, name) => {
          const start = '2026-10-05';
          const chart = {
            ...given,
            start,
            since: addDays(start, since),
            ...(until !== undefined && { until: addDays(start, until) }),
          };
          const drawn = chartSvg(chart, { title: name });
          expect(drawn).not.toMatch(/NaN|Infinity|undefined|\p{Cc}|="[^"]*e[+-]\d/u);
          expect(drawn.length).toBeLessThan(40_000);
          expect(sparkLine(chart)).not.toMatch(/NaN|Infinity|undefined|\n/);
        },
      ),
    );
  });
});

describe('a chart in a line of text', () => {
  it('has a bar for each day between its first and last, and says from what to what they cost', () => {
    expect(sparkLine(chartOf())).toBe('3 Nov ▂▂▂▂▁▁▂▂▂▂▂███ 16 Nov, $30 to $850 a day');
  });

  it('shows days of which nothing is known as dots, and is nothing where no day is known', () => {
    expect(sparkLine(chartOf({ actual: [null, 64, 64] }))).toBe('3 Nov ·██ 5 Nov, $64 a day');
    expect(sparkLine(chartOf({ actual: [null] }))).toBe('');
    expect(sparkLine(chartOf({ actual: [] }))).toBe('');
    expect(sparkLine(chartOf({ actual: [0, 0] }))).toBe('3 Nov ▁▁ 4 Nov, $0 a day');
  });

  it('keeps the dearest day of those that share a bar', () => {
    const actual = Array.from({ length: 400 }, (_, index) => (index === 200 ? 850 : 1));
    const [bars = ''] = /[▁-█]+/u.exec(sparkLine(chartOf({ actual }))) ?? [];
    expect(bars).toMatch(/^▁{21}█▁{20}$/u);
  });
});
