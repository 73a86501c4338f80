import { faultAt, ScheduleFault } from './fault.ts';
import { type Holidays, toHolidays } from './holidays.ts';
import { type HourlyEvent, windowsBetween, windowsFrom } from './on-off-events.ts';
import { readOnce } from './read-once.ts';
import type { CustodianPolicy, ParsedSchedule, ScheduleContext } from './schedule.ts';
import { resolveTimeZone, timeZoneFault } from './zone.ts';

/**
 * Reads the value of a Cloud Custodian off-hours tag: `off=[(M-F,19),(S,12)];on=(M-F,7);tz=pt`, empty or `on` for what
 * its policies say, `off` for never. What Custodian itself takes for its default though it can't read it is `invalid`.
 * The grammar is that of c7n/filters/offhours.py.
 */
export function parseCustodianTag(value: string, context: ScheduleContext): ParsedSchedule {
  const policy = context.compatibility?.custodian;
  if (policy === undefined) return { kind: 'invalid', error: notRead };
  return readOnce(context, `custodian:${value}`, () => parse(value, policy));
}

const notRead = "Custodian's tags are not read: compatibility.custodian in the configuration turns that on";

function parse(value: string, policy: CustodianPolicy): ParsedSchedule {
  const text = normalise(value);
  if (text.trim() === 'off') return { kind: 'off' };
  const parts = readParts(text);
  const timeZone = toCustodianZone(parts.get('tz')?.value || policy.timeZone);
  const [neverOn, neverOff] = [parts.get('on'), parts.get('off')].map((part) => part?.value === disabled);
  if (neverOn && neverOff) return { kind: 'off' };
  const holidays = skipDaysOf(policy);
  const on = eventsOf(parts.get('on'), policyEvents(policy, 'on'));
  const off = eventsOf(parts.get('off'), policyEvents(policy, 'off'));
  return {
    kind: 'schedule',
    schedule: {
      hours: `${hoursText(parts, policy)} ${timeZone}`,
      windows: neverOff ? windowsFrom(on) : windowsBetween(on, off, holidays),
      timeZone,
      always: policy.always,
      start: policy.start && !neverOn,
      hibernate: false,
      ...(holidays && { holidays }),
    },
  };
}

const disabled = 'disabled';

/** What services that forbid these signs in a tag's value have in their place: `u28` is `(`. */
const escaped = /u(28|29|5b|5d|2c|3b|3d|2f|2d)/g;

/** Custodian reads lower case, without the quotes that people take over from its documentation. */
const normalise = (value: string): string =>
  value
    .toLowerCase()
    .replace(escaped, (_, code: string) => String.fromCodePoint(Number.parseInt(code, 16)))
    .replace(/^(\s*)["']+|["']+(\s*)$/g, (quotes) => ' '.repeat(quotes.length));

type Part = { value: string; column: number };

/** `off`, `on` and `tz`, with the column at which the value of each begins. */
function readParts(text: string): Map<string, Part> {
  const parts = new Map<string, Part>();
  let column = 1;
  for (const piece of text.split(/[; ]/)) {
    readPart(parts, piece, column);
    column += piece.length + 1;
  }
  return parts;
}

function readPart(parts: Map<string, Part>, piece: string, column: number): void {
  if (piece === '' || piece === 'on' || piece === 'offhours') return; // as people write it before "tz="
  const [, key, value] = /^(off|on|tz)=([^=]*)$/.exec(piece) ?? [];
  if (key === undefined || value === undefined) {
    faultAt({ column }, `"${piece}" is none of off=(M-F,19), on=(M-F,7) and tz=et`);
  }
  if (parts.has(key)) faultAt({ column }, `"${key}" stands there twice`);
  parts.set(key, { value, column: column + key.length + 1 });
}

/** The zones of its aliases; whatever else is a name of the time zone database. */
const aliases: Readonly<Record<string, string>> = {
  ...{ pt: 'America/Los_Angeles', pst: 'America/Los_Angeles', pdt: 'America/Los_Angeles' },
  ...{ mt: 'America/Denver', mst: 'America/Denver', mdt: 'America/Denver' },
  ...{ ct: 'America/Chicago', cst: 'America/Chicago', cdt: 'America/Chicago' },
  ...{ et: 'America/New_York', est: 'America/New_York', edt: 'America/New_York' },
  ...{ at: 'America/Phoenix', ast: 'America/Phoenix', brt: 'America/Sao_Paulo' },
  ...{ gmt: 'Etc/GMT', gt: 'Etc/GMT', utc: 'Etc/UTC' },
  ...{ bst: 'Europe/London', ist: 'Europe/Dublin', cet: 'Europe/Berlin', it: 'Asia/Kolkata' },
  ...{ jst: 'Asia/Tokyo', kst: 'Asia/Seoul', sgt: 'Asia/Singapore' },
  ...{ aet: 'Australia/Sydney', nzst: 'Pacific/Auckland' },
};

/** The zone that Custodian understands by a name; throws a ScheduleFault where it understands none. */
function toCustodianZone(name: string): string {
  const alias = aliases[name.toLowerCase()];
  const zone = alias ?? (/[/]|^utc$/i.test(name) ? resolveTimeZone(name) : undefined);
  if (zone === undefined) throw new ScheduleFault(`"${name}" is not a time zone that Custodian knows`);
  return zone;
}

/** Why a name is no zone for its policies, neither one of its aliases nor a name of the time zone database. */
export const custodianZoneFault = (name: string): string | undefined =>
  Object.hasOwn(aliases, name.toLowerCase()) ? undefined : timeZoneFault(name);

/** What its policies say where a tag says nothing: Monday to Friday, every day, or the weekend off as a whole. */
function policyEvents(policy: CustodianPolicy, type: 'on' | 'off'): HourlyEvent[] {
  const hour = type === 'on' ? policy.onhour : policy.offhour;
  if (policy.weekendsOnly) return [{ days: [type === 'on' ? 1 : 5], hour }];
  return [{ days: policy.weekends ? [1, 2, 3, 4, 5] : [1, 2, 3, 4, 5, 6, 7], hour }];
}

/** A part that is missing is what the policy says. What is never to be started still has hours: the policy's. */
const eventsOf = (part: Part | undefined, byPolicy: HourlyEvent[]): HourlyEvent[] =>
  part === undefined || part.value === disabled ? byPolicy : readEvents(part);

/** `(m-f,19)`, `[(m-f,21),(u,18)]`, or with square brackets alone. */
function readEvents({ value, column }: Part): HourlyEvent[] {
  const text = value.replaceAll(/[[\]]/g, ' ');
  return text.split(',(').map((item) => {
    const [days = '', hour = '', ...more] = item.replaceAll(/[()]/g, ' ').split(',');
    const event = { days: readDays(days.trim()), hour: /^\s*\d{1,2}\s*$/.test(hour) ? Number(hour) : 24 };
    if (event.days.length === 0 || event.hour > 23 || more.length > 0) {
      faultAt({ column }, `"${value}" can't be read: expected days and an hour from 0 to 23, e.g. (M-F,19)`);
    }
    return event;
  });
}

/** Thursday is h, Sunday u. */
const dayLetters = 'mtwhfsu';

function readDays(text: string): number[] {
  const [from = '', to = from, ...more] = text.split('-');
  const [first, last] = [dayNumber(from), dayNumber(to)];
  if (first === 0 || last === 0 || more.length > 0) return [];
  return Array.from({ length: ((last - first + 7) % 7) + 1 }, (_, index) => ((first - 1 + index) % 7) + 1);
}

const dayNumber = (text: string): number => (text.length === 1 ? dayLetters.indexOf(text) + 1 : 0);

const skipDaysOf = ({ skipDays }: CustodianPolicy): Holidays | undefined =>
  skipDays.length === 0 ? undefined : toHolidays('skip-days', { dates: skipDays });

function hoursText(parts: Map<string, Part>, { onhour, offhour }: CustodianPolicy): string {
  const said = ['off', 'on'].flatMap((key) => {
    const part = parts.get(key);
    return part === undefined ? [] : [`${key}=${part.value}`];
  });
  return said.length > 0 ? said.join(';') : `on at ${onhour}, off at ${offhour}`;
}
