const longest = 200;

/** An alert's id from what it is about and which change of it; a long one ends in a digest of the whole. */
export function alertId(...parts: readonly string[]): string {
  const id = parts.join('/');
  return id.length <= longest ? id : `${id.slice(0, longest - digestLength - 1)}~${digest(id)}`;
}

const digestLength = 14;

/** A few letters by which people name a problem: its subject is too long to be typed. */
export const handleOf = ({ subject }: { subject: string }): string => digest(subject).slice(-6);

/** What `watchdog alerts show` takes: of a problem its handle, of what is told once and is then over its id. */
export const referenceOf = ({
  id,
  subject,
  step,
}: {
  id: string;
  subject: string;
  step?: unknown;
}): string => (step === undefined ? id : `id ${handleOf({ subject })}`);

/** 53 bits of a text, in hex, to tell it from others of its kind; no secret can be kept in it. */
export function digest(text: string): string {
  // Two 32-bit FNV-1a lanes with different seeds: the domain has no node:crypto.
  let low = 0x811c9dc5;
  let high = 0x9e3779b1;
  for (const byte of new TextEncoder().encode(text)) {
    low = Math.imul(low ^ byte, 0x01000193);
    high = Math.imul(high ^ byte, 0x85ebca6b);
  }
  const bits = (high & 0x1fffff) * 2 ** 32 + (low >>> 0);
  return bits.toString(16).padStart(digestLength, '0');
}
