import type { Config } from '../config.ts';
import type { IsoTime } from '../period.ts';
import { readSchedule } from '../schedule/gates.ts';
import { type Keeping, type KeepWish, keepingOf, keepUntilTime } from '../schedule/keep.ts';
import { type Schedulable, schedulableKey } from '../schedule/schedulable.ts';
import { requestStop } from '../store/schedule-records.ts';
import type { Table } from '../store/table.ts';
import type { Target } from '../target.ts';
import type { KindContext } from './kinds/kind.ts';
import type { Gap } from './observe.ts';
import { listScheduled, type ScheduleClients } from './plan-schedules.ts';
import { tagSubject } from './tag-subject.ts';

/** Something that carries the schedule tag, and where it was found. */
export type Found = { target: Target; subject: Schedulable; context: KindContext };

/** What of a target has that id or name, among all that carries the schedule tag; changes nothing. */
export const findScheduled = async (...given: Parameters<typeof findScheduledIn>): Promise<Found[]> =>
  (await findScheduledIn(...given)).found;

/** The same, with what could not be listed: what is missing may be there. */
export async function findScheduledIn(
  clients: ScheduleClients,
  target: Target,
  config: Config,
  now: IsoTime,
  wanted: ReadonlySet<string>,
): Promise<{ found: Found[]; gaps: readonly Gap[] }> {
  const { context, listed, gaps } = await listScheduled(clients, target, config, now, { readOnly: true });
  const found = listed
    .flatMap(([, { subjects }]) => subjects)
    .filter((subject) => [subject.id, subject.name, schedulableKey(subject)].some((name) => wanted.has(name)))
    .map((subject) => ({ target, subject, context }));
  return { found, gaps };
}

/** The zone in which something's times are meant: its schedule's, else the configured one. */
export function zoneOf({ tags }: Schedulable, config: Config): string {
  const parsed = readSchedule(tags, config);
  return parsed?.kind === 'schedule' ? parsed.schedule.timeZone : config.timeZone;
}

/** What a wish would bring it, in its own zone; undefined where the wish is no time to come within 31 days. */
export function answerWish({ subject, context }: Found, wish: KeepWish): Keeping | undefined {
  const { config, now } = context;
  const timeZone = zoneOf(subject, config);
  const until = keepUntilTime(wish, timeZone, now);
  return until === undefined
    ? undefined
    : keepingOf(subject, until, { key: config.tags.keepUntil, timeZone });
}

/** Keeps it running until then, by its keep-until tag: the next run reads it, and a warning that is out is void. */
export const keepRunning = ({ subject, context }: Found, until: IsoTime): Promise<void> =>
  tagSubject(context, subject, context.config.tags.keepUntil, until);

/**
 * Lets the next run stop it without waiting for the end of the grace period; false where no warning of a stop is out. Its
 * gates and its hours count as ever.
 */
export const stopNow = (
  table: Table,
  { target, subject }: Pick<Found, 'target' | 'subject'>,
  by: string,
  at: IsoTime,
): Promise<boolean> => requestStop(table, target, schedulableKey(subject), { at, by });
