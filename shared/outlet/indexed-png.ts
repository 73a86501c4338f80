import { crc32, deflateSync } from 'node:zlib';

/**
 * Red, green, blue and alpha of each pixel, row by row from the top left; the colours are multiplied by the alpha, as
 * renderers keep them.
 */
type Pixels = { width: number; height: number; rgba: Uint8Array };

const mostColours = 256;

/**
 * Pixels as a PNG with a palette. A drawing has few colours, and takes a third of the bytes so; of more than 256, the
 * rarest become the ones most like them. PNG specification, third edition.
 */
export function toIndexedPng({ width, height, rgba }: Pixels): Uint8Array {
  const colours = new Uint32Array(rgba.buffer, rgba.byteOffset, width * height);
  const { palette, places } = paletteOf(colours);
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 3, 0, 0, 0], 8); // 8 bits a pixel, by palette
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk('PLTE', Uint8Array.from(palette.flatMap(ownColour))),
    chunk('tRNS', Uint8Array.from(palette, alphaOf)),
    chunk('IDAT', deflateSync(rowsOf(colours, places, width))),
    chunk('IEND', new Uint8Array()),
  ]);
}

/** The most frequent colours, and the place of each colour among them. */
function paletteOf(colours: Uint32Array): { palette: number[]; places: Map<number, number> } {
  const counts = new Map<number, number>();
  let start = 0;
  for (let end = 1; end <= colours.length; end++) {
    // Next to a pixel there is mostly another one of its colour: looked up is only where that changes.
    const colour = colours[start] as number;
    if (colours[end] === colour) continue;
    counts.set(colour, (counts.get(colour) ?? 0) + end - start);
    start = end;
  }
  const sorted = [...counts].toSorted(([, a], [, b]) => b - a).map(([colour]) => colour);
  const palette = sorted.slice(0, mostColours);
  const places = new Map(palette.map((colour, place) => [colour, place]));
  for (const colour of sorted.slice(mostColours)) places.set(colour, nearest(palette, colour));
  return { palette, places };
}

/** Each row begins with its filter: none, as lines have no gradients. */
function rowsOf(colours: Uint32Array, places: ReadonlyMap<number, number>, width: number): Uint8Array {
  const rows = new Uint8Array(colours.length + colours.length / width);
  let [colour, place] = [-1, 0];
  for (let index = 0, at = 0; index < colours.length; index++, at++) {
    if (index % width === 0) at++;
    if (colours[index] !== colour) {
      colour = colours[index] as number;
      place = places.get(colour) as number;
    }
    rows[at] = place;
  }
  return rows;
}

function nearest(palette: readonly number[], colour: number): number {
  let [place, least] = [0, Number.POSITIVE_INFINITY];
  for (const [index, other] of palette.entries()) {
    const distance = [0, 8, 16, 24].reduce(
      (sum, shift) => sum + (((colour >>> shift) & 0xff) - ((other >>> shift) & 0xff)) ** 2,
      0,
    );
    if (distance < least) [place, least] = [index, distance];
  }
  return place;
}

const alphaOf = (colour: number): number => colour >>> 24;

/** The colour itself, which PNG keeps apart from its alpha. */
const ownColour = (colour: number): number[] =>
  [0, 8, 16].map((shift) => Math.round((((colour >>> shift) & 0xff) * 255) / Math.max(1, alphaOf(colour))));

function chunk(type: string, data: Uint8Array): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const framed = Buffer.alloc(named.length + 8);
  framed.writeUInt32BE(data.length, 0);
  named.copy(framed, 4);
  framed.writeUInt32BE(crc32(named), named.length + 4);
  return framed;
}
