import { openMinutes } from '../shared/schedule/fit.ts';
import { localHour } from '../shared/schedule/local-hour.ts';
import { weekOf } from '../shared/schedule/pattern.ts';
import { parseScheduleTag } from '../shared/schedule/tag.ts';
import { isProposal, type Proposed } from '../shared/watch/propose.ts';

/** A week of seven days by 24 hours, Monday first, on the clock of the zone. */
export type WeekView = {
  timeZone: string;
  /** Share of the weeks in which it worked in that hour, 0 to 1. */
  work: number[][];
  /** Share of the weeks in which nobody knows what it did. */
  unknown: number[][];
  /** Whether the proposed windows are open at the hour's beginning; absent where nothing is proposed. */
  open?: boolean[][] | undefined;
};

/** How an instance worked in each hour of the week; undefined where nobody looked. */
export function weekView({ past, outcome }: Pick<Proposed, 'past' | 'outcome'>): WeekView | undefined {
  if (past === undefined) return undefined;
  const { timeZone, hours } = past;
  const week = weekOf(hours.map((hour) => ({ ...hour, ...localHour(timeZone, hour.at) })));
  const shares = (counts: readonly number[]) =>
    byDay((slot) => (week.all[slot] ? (counts[slot] ?? 0) / (week.all[slot] ?? 1) : 0));
  return {
    timeZone,
    work: shares(week.busy),
    unknown: shares(week.unknown),
    open: isProposal(outcome) ? openHours(outcome.hours) : undefined,
  };
}

const byDay = <Value>(of: (slot: number) => Value): Value[][] =>
  Array.from({ length: 7 }, (_, day) => Array.from({ length: 24 }, (_, hour) => of(day * 24 + hour)));

function openHours(hours: string): boolean[][] | undefined {
  const parsed = parseScheduleTag(hours, { schedules: {}, timeZone: 'UTC' });
  if (parsed.kind !== 'schedule') return undefined;
  const minutes = openMinutes(parsed.schedule);
  return byDay((slot) => minutes[slot * 60] === 1);
}

const dayNames = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

const shades = ['░', '▒', '▓', '█'] as const;

/**
 * A row a day, a column an hour: the share of weeks with work, and brackets where the windows open and close. One that
 * goes on through midnight has none there.
 */
export function weekStrip({ work, unknown, open }: WeekView): string[] {
  const isOpen = (slot: number) => open?.[Math.floor(slot / 24) % 7]?.[slot % 24] ?? false;
  const edgeAt = (slot: number) => {
    const [before, after] = [isOpen(slot + 167), isOpen(slot)];
    return before === after ? ' ' : after ? '[' : ']';
  };
  const rows = work.map((shares, day) => {
    const cells = shares.map((share, hour) => {
      const edge = edgeAt(24 * day + hour);
      const closed = hour === 0 && edge === ']'; // it stands at the end of the day before
      return `${closed ? ' ' : edge}${signOf(share, unknown[day]?.[hour] ?? 0)}`;
    });
    const closes = edgeAt(24 * (day + 1)) === ']';
    return `${dayNames[day]} ${cells.join('')}${closes ? ']' : ''}`;
  });
  return [axis, ...rows];
}

const axis =
  `    ${Array.from({ length: 8 }, (_, index) => ` ${String(3 * index).padStart(2, '0')}`.padEnd(6)).join('')}`.trimEnd();

export const stripLegend =
  '· no work   ░ ▒ ▓ █ worked in up to a quarter, half, three quarters, all of the weeks   ? unknown   [ ] proposed hours';

function signOf(work: number, unknown: number): string {
  if (unknown > work) return '?';
  return work === 0 ? '·' : (shades[Math.min(shades.length, Math.ceil(work * shades.length)) - 1] ?? '█');
}
