import { expect, it } from 'vitest';
import { toIndexedPng } from '../../shared/outlet/indexed-png.ts';
import { decodePng } from '../support/png.ts';

it('keeps every colour of up to 256, and its alpha apart from it', () => {
  const rgba = Uint8Array.of(255, 0, 0, 255, 0, 64, 0, 128, 0, 0, 0, 0, 255, 0, 0, 255);
  const { width, height, colourAt } = decodePng(toIndexedPng({ width: 2, height: 2, rgba }));
  expect([width, height]).toEqual([2, 2]);
  expect([colourAt(0, 0), colourAt(1, 0), colourAt(0, 1), colourAt(1, 1)]).toEqual([
    '#ff0000',
    '#008000/128', // it was multiplied by its alpha
    '#000000/0',
    '#ff0000',
  ]);
});

it('gives the rarest of more than 256 colours the one most like them', () => {
  // 300 greys and blues in a row, the first 256 of which are there twice.
  const colours = Array.from({ length: 300 }, (_, index) =>
    index < 256 ? [index, index, index, 255] : [index - 256, index - 256, index - 250, 255],
  );
  const rgba = Uint8Array.from([...colours, ...colours.slice(0, 256)].flat());
  const { colours: found, colourAt } = decodePng(toIndexedPng({ width: 556, height: 1, rgba }));
  expect(found.size).toBe(256);
  expect(colourAt(200, 0)).toBe('#c8c8c8');
  expect(colourAt(256 + 10, 0)).toBe('#0c0c0c'); // (10, 10, 16): 24 from the grey 12, 36 from the grey 10
});
