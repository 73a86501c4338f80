import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Resvg } from '@resvg/resvg-wasm';
import { build } from 'esbuild';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleOptions, filesBeside } from '../../build.ts';
import type { AlertChart } from '../../shared/alert/alert.ts';
import { chartSvg } from '../../shared/alert/chart.ts';
import { drawingFiles, toPng } from '../../shared/outlet/png.ts';
import { addDays } from '../../shared/period.ts';
import { chartOf } from '../support/chart.ts';
import { decodePng } from '../support/png.ts';

const svg = (given: Partial<AlertChart> = {}, title = 'Amazon EC2 in ml-dev: $786.54 a day above expected') =>
  chartSvg(chartOf(given), { title });

describe('the picture of a chart', () => {
  it('can be asked for twice before the first is drawn', async () => {
    const [one, other] = await Promise.all([toPng(svg()), toPng(svg())]);
    expect(one).toEqual(other);
  });

  it('is sharp on any screen, small to send, and shows the days of the problem in their colour', async () => {
    const png = await toPng(svg());
    const { width, height, colours, colourAt } = decodePng(png);
    expect([width, height]).toEqual([1200, 640]);
    expect(png.length).toBeLessThan(60_000);
    expect(colours.get('#c4232b')).toBeGreaterThan(600); // three dots, and letters
    expect(colours.get('#e98d91')).toBeGreaterThan(10_000);
    expect(colours.get('#23426f')).toBeGreaterThan(3000);
    // The card is its own background, and its corners are the message's.
    expect([colourAt(0, 0), colourAt(20, 320)]).toEqual(['#000000/0', '#ffffff']);
  });

  it('shows no problem where there is none', async () => {
    const { colours } = decodePng(await toPng(svg({ since: '2026-12-24' })));
    expect(colours.get('#c4232b') ?? 0).toBe(0);
    expect(colours.get('#e98d91')).toBeLessThan(1300); // the legend alone
  });

  it('is none of what is no SVG, and the next one is drawn all the same', async () => {
    await expect(toPng('<svg')).rejects.toThrow();
    expect((await toPng(svg())).length).toBeGreaterThan(1000);
  });

  it('asks the network for nothing that a text may name', async () => {
    const drawn = svg({}, '<image href="https://example.com/x.png"/>');
    expect(new Resvg(drawn).imagesToResolve()).toEqual([]);
  });

  it('is well-formed whatever the title and the figures are', async () => {
    const amounts = fc.array(fc.option(fc.double()), { maxLength: 50 });
    const chart = fc.record({ actual: amounts, expected: amounts, limit: amounts });
    await fc.assert(
      fc.asyncProperty(chart, fc.string({ unit: 'binary' }), async (given, title) => {
        const { width, height } = decodePng(await toPng(svg(given, title)));
        expect([width, height]).toEqual([1200, 640]);
      }),
      { numRuns: 40 },
    );
  });
});

describe('what is written on a chart', () => {
  let font: Uint8Array;
  beforeAll(async () => {
    font = await readFile(createRequire(import.meta.url).resolve(drawingFiles[1] ?? ''));
    await toPng(svg());
  });

  /** Where each text of a chart really stands, by the font that it is drawn in. */
  function boxesOf(drawn: string) {
    const [head = ''] = /^<svg [^>]*>/.exec(drawn) ?? [];
    return [...drawn.matchAll(/<text [^>]*>([^<]*)<\/text>/g)].flatMap(([text, word]) => {
      const box = new Resvg(`${head}${text}</svg>`, { font: { fontBuffers: [font] } }).getBBox();
      return box
        ? [{ word, left: box.x, right: box.x + box.width, top: box.y, bottom: box.y + box.height }]
        : [];
    });
  }

  const long = (days: number, since: number, base = 64): Partial<AlertChart> => ({
    start: '2026-10-05',
    actual: Array.from({ length: days }, (_, index) => (index >= since ? 13.3 * base : base)),
    expected: Array(days).fill(base),
    limit: Array(days).fill(1.5 * base),
    since: addDays('2026-10-05', since),
  });

  it.each<[string, Partial<AlertChart>]>([
    ['two weeks', {}],
    ['six weeks', long(42, 39)],
    ['six weeks, a problem of all of them', long(42, -20)],
    ['six weeks, a problem on a Monday in the middle', { ...long(42, 21), until: '2026-10-27' }],
    ['a day', long(1, 0)],
    ['ten days of yen', { ...long(10, 8, 1_234_567), currency: 'JPY' }],
    ['months of a currency without a sign', { ...long(100, 60, 123_456), currency: 'CHF' }],
    ['400 days', long(400, 380)],
    ['fractions of a cent', long(42, 30, 0.000123)],
    ['billions', long(42, 41, 7.77e9)],
    ['nothing known', { actual: [null] }],
  ])('has room of its own, of %s', (_, given) => {
    const titles = [
      'x',
      'Amazon Simple Storage Service in a-very-long-account-name-production-eu-west-1: $2,300.00 more',
      'WWWWWWWW MMMMMMM '.repeat(9),
    ];
    for (const title of titles) {
      const boxes = boxesOf(svg(given, title));
      expect(boxes.length).toBeGreaterThan(5);
      for (const [index, one] of boxes.entries()) {
        expect({
          ...one,
          isInside: one.left >= 20 && one.right <= 1180 && one.top >= 20 && one.bottom <= 625,
        }).toMatchObject({ isInside: true });
        for (const other of boxes.slice(index + 1)) {
          const isApart =
            one.right < other.left ||
            other.right < one.left ||
            one.bottom < other.top ||
            other.bottom < one.top;
          expect({ one: one.word, other: other.word, isApart }).toMatchObject({ isApart: true });
        }
      }
    }
  });
});

describe('a bundle that draws', () => {
  let folder: string;
  let beside: Record<string, string>;
  const probe = `
    const { toPng } = require(process.argv[1]);
    toPng(process.argv[2]).then(
      (png) => console.log(Buffer.from(png).toString('base64')),
      (error) => console.log('failed: ' + error.message.split('\\n')[0]),
    );
  `;
  const draw = async () => {
    const args = ['--eval', probe, join(folder, 'index.cjs'), svg()];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: folder });
    return stdout.trim();
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'watchdog-png-'));
    const { metafile } = await build({
      ...bundleOptions('notify'),
      entryPoints: ['shared/outlet/png.ts'],
      outfile: join(folder, 'index.cjs'),
    });
    beside = filesBeside(metafile);
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('loads without what it draws with, and says what is missing only where it draws', async () => {
    expect(await draw()).toMatch(/^failed: Cannot find module '@resvg\/resvg-wasm\/index_bg.wasm'/);
  });

  it('finds what it draws with beside itself, as in its zip', async () => {
    expect(Object.keys(beside)).toEqual(['index_bg.wasm', 'DejaVuSansCondensed.ttf']);
    for (const [name, file] of Object.entries(beside)) await copyFile(file, join(folder, name));
    expect(await draw()).toBe(Buffer.from(await toPng(svg())).toString('base64'));
  });

  it('is the only one that carries them', async () => {
    const { metafile } = await build({ ...bundleOptions('wake-schedules'), write: false });
    expect(filesBeside(metafile)).toEqual({});
  });
});
