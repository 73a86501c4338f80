/** A 32-bit seed for a text (FNV-1a): the same text has the same noise on every machine and in every run. */
export function seedOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}

/** A number in [0, 1) that looks random and depends on nothing but `seed` and `step`. */
export function noise(seed: number, step: number): number {
  let mixed = (seed ^ Math.imul(step, 0x9e3779b1)) | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return ((mixed ^ (mixed >>> 16)) >>> 0) / 0x1_0000_0000;
}

/** Noise around 0 with a standard deviation of 1, never beyond 3. */
export const bellNoise = (seed: number, step: number): number =>
  2 * (noise(seed, 3 * step) + noise(seed, 3 * step + 1) + noise(seed, 3 * step + 2) - 1.5);

/** `length` hexadecimal digits for a text: for ids that nobody needs to read. */
export function hexOf(text: string, length: number): string {
  let digits = '';
  for (let part = 0; digits.length < length; part++) {
    digits += seedOf(`${part}/${text}`).toString(16).padStart(8, '0');
  }
  return digits.slice(0, length);
}

/** An id as AWS writes them, the same for the same text. */
export const uuidOf = (text: string): string =>
  hexOf(text, 32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
