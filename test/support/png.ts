import { crc32, inflateSync } from 'node:zlib';

export type Decoded = {
  width: number;
  height: number;
  /** `#c4232b`, with its alpha behind it where that isn't full, by how many pixels have it. */
  colours: ReadonlyMap<string, number>;
  /** Of the pixel at a place. */
  colourAt: (x: number, y: number) => string;
};

/** Reads a PNG with a palette, its rows unfiltered; throws where a check sum or a size is wrong. */
export function decodePng(png: Uint8Array): Decoded {
  const file = Buffer.from(png);
  if (file.subarray(0, 8).toString('latin1') !== '\x89PNG\r\n\x1a\n') throw new Error('no PNG');
  const chunks = chunksOf(file);
  const header = chunks.get('IHDR') ?? Buffer.alloc(13);
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  if (header.subarray(8).join() !== '8,3,0,0,0') throw new Error('no palette of 8 bits');
  const [plte, trns] = [chunks.get('PLTE') ?? Buffer.alloc(0), chunks.get('tRNS') ?? Buffer.alloc(0)];
  const palette = Array.from({ length: plte.length / 3 }, (_, index) => {
    const alpha = trns[index] ?? 255;
    const colour = `#${plte.subarray(3 * index, 3 * index + 3).toString('hex')}`;
    return alpha === 255 ? colour : `${colour}/${alpha}`;
  });
  const rows = inflateSync(chunks.get('IDAT') ?? Buffer.alloc(0));
  if (rows.length !== height * (width + 1)) throw new Error('rows of another size');
  const colourAt = (x: number, y: number) => palette[rows[y * (width + 1) + x + 1] ?? -1] ?? 'none';
  const colours = new Map<string, number>();
  for (let y = 0; y < height; y++) {
    if (rows[y * (width + 1)] !== 0) throw new Error('a filtered row');
    for (let x = 0; x < width; x++) {
      const colour = colourAt(x, y);
      colours.set(colour, (colours.get(colour) ?? 0) + 1);
    }
  }
  return { width, height, colours, colourAt };
}

function chunksOf(file: Buffer): Map<string, Buffer> {
  const chunks = new Map<string, Buffer>();
  for (let at = 8; at < file.length; ) {
    const length = file.readUInt32BE(at);
    const named = file.subarray(at + 4, at + 8 + length);
    if (crc32(named) !== file.readUInt32BE(at + 8 + length)) throw new Error('a wrong check sum');
    chunks.set(named.subarray(0, 4).toString('latin1'), named.subarray(4));
    at += 12 + length;
  }
  return chunks;
}
