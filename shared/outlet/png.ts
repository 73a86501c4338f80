import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { toIndexedPng } from './indexed-png.ts';

const renderer = '@resvg/resvg-wasm/index_bg.wasm';
const font = 'dejavu-fonts-ttf/ttf/DejaVuSansCondensed.ttf';

/** What drawing takes besides code, by package and file: whatever bundles this puts them beside the bundle. */
export const drawingFiles: readonly string[] = [renderer, font];

type Draw = (svg: string) => Uint8Array;

/** Made by the first chart of a process and kept: most of them draw nothing, and load none of it. */
let drawing: Promise<Draw> | undefined;

/**
 * An SVG as a PNG of the same size in pixels, in 256 colours. Its text is drawn in DejaVu Sans Condensed, whatever font
 * it asks for; nothing that it refers to is fetched. Throws where it is no SVG.
 */
export async function toPng(svg: string): Promise<Uint8Array> {
  // Two first charts at once wait for the same promise: the renderer can be made once in a process.
  drawing ??= makeReady().catch((error) => {
    drawing = undefined; // the next chart tries again
    throw error;
  });
  const draw = await drawing;
  return draw(svg);
}

async function makeReady(): Promise<Draw> {
  const [{ initWasm, Resvg }, wasm, letters] = await Promise.all([
    import('@resvg/resvg-wasm'),
    readFile(pathOf(renderer)),
    readFile(pathOf(font)),
  ]);
  await initWasm(wasm);
  const options = { font: { fontBuffers: [letters], defaultFontFamily: 'DejaVu Sans' } };
  return (svg) => {
    const tree = new Resvg(svg, options);
    const image = tree.render();
    const { width, height, pixels: rgba } = image;
    // What lies in the renderer's own memory isn't collected.
    image.free();
    tree.free();
    return toIndexedPng({ width, height, rgba });
  };
}

/** Beside the bundle; from source, where npm has put it. */
function pathOf(file: string): string {
  const beside = join(import.meta.dirname, basename(file));
  return existsSync(beside) ? beside : createRequire(import.meta.filename).resolve(file);
}
