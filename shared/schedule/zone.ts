import { Temporal } from 'temporal-polyfill';
import { didYouMean, faultAt, type Word } from './fault.ts';

/**
 * Abbreviations that several places share, or that stand for a fixed offset where people mean the local clock.
 * Guessing wrong would stop somebody's instance in the middle of their day.
 */
const ambiguous: Readonly<Record<string, readonly string[]>> = {
  ast: ['America/Halifax', 'Asia/Riyadh'],
  bst: ['Europe/London', 'Asia/Dhaka'],
  cet: ['Europe/Berlin', 'Africa/Algiers'],
  cst: ['America/Chicago', 'Asia/Shanghai', 'America/Havana'],
  eet: ['Europe/Athens', 'Africa/Tripoli'],
  est: ['America/New_York', 'America/Panama'],
  gst: ['Asia/Dubai', 'Atlantic/South_Georgia'],
  hst: ['Pacific/Honolulu', 'America/Adak'],
  ist: ['Asia/Kolkata', 'Europe/Dublin', 'Asia/Jerusalem'],
  met: ['Europe/Berlin', 'Africa/Algiers'],
  mst: ['America/Denver', 'America/Phoenix'],
  pst: ['America/Los_Angeles', 'Asia/Manila'],
  sst: ['Asia/Singapore', 'Pacific/Pago_Pago'],
  wet: ['Europe/Lisbon', 'Africa/El_Aaiun'],
};

/** The zone as the time zone database writes it; faults where the word names none, or more than one. */
export function toTimeZone(word: Word): string {
  const fault = timeZoneFault(word.text);
  return fault === undefined ? (resolveTimeZone(word.text) ?? word.text) : faultAt(word, fault);
}

/** Why a name stands for no zone, or for more than one; undefined where it is one. */
export function timeZoneFault(name: string): string | undefined {
  const lower = name.toLowerCase();
  const places = Object.hasOwn(ambiguous, lower) ? ambiguous[lower] : undefined;
  if (places) return `"${name}" is ambiguous: write the place instead, e.g. ${places.join(' or ')}`;
  return isNamedByPlace(name) && resolveTimeZone(name) !== undefined
    ? undefined
    : `"${name}" is not a time zone such as Europe/Berlin${suggestion(name)}`;
}

/** The zone in the case of the time zone database; undefined where there is no such zone. */
export function resolveTimeZone(name: string): string | undefined {
  const key = name.toLowerCase();
  if (!resolved.has(key)) resolved.set(key, lookUp(name));
  return resolved.get(key);
}

/** The database names areas and places by a slash; the rest are abbreviations and offsets, but for these two. */
const isNamedByPlace = (name: string): boolean => /^([a-z][\w+-]*(\/[\w+-]+)+|utc|gmt)$/i.test(name);

function lookUp(name: string): string | undefined {
  try {
    return epoch.toZonedDateTime(name).timeZoneId;
  } catch {
    return undefined;
  }
}

/** `Berlin` means Europe/Berlin, `Europe/Berln` is a slip. */
function suggestion(name: string): string {
  const zones = Intl.supportedValuesOf('timeZone');
  const place = zones.find((zone) => zone.toLowerCase().endsWith(`/${name.toLowerCase()}`));
  return place === undefined ? didYouMean(name, zones) : `, did you mean "${place}"?`;
}

const epoch = new Temporal.PlainDateTime(1970, 1, 1);
const resolved = new Map<string, string | undefined>();
