import { addMilliseconds, clockText, type IsoTime } from '../period.ts';

const hourMs = 3_600_000;

/** How long after a success the next one may take, as the alarms of the stack have it, and what is missing then. */
const heartbeats = {
  'watch-spend': { within: 26 * hourMs, missing: 'the bill was not read' },
  'watch-utilization': { within: 3 * hourMs, missing: 'utilization was not read' },
  'enforce-schedules': { within: 0.5 * hourMs, missing: 'schedules were not enforced' },
  'follow-up-alerts': { within: hourMs, missing: 'nobody looked at what was held back or not acknowledged' },
  'send-digests': { within: 26 * hourMs, missing: 'digests were not looked after' },
} as const;

/** A function that runs by a schedule. */
export type ScheduledFunction = keyof typeof heartbeats;

export const scheduledFunctions = Object.keys(heartbeats) as ScheduledFunction[];

/** A function that hasn't succeeded in its time. */
export type StaleHeartbeat = { name: ScheduledFunction; lastSuccess?: IsoTime | undefined };

/** Of the functions the ones that are overdue; one without any success on record is. */
export const staleHeartbeats = (
  lastSuccesses: ReadonlyMap<string, IsoTime>,
  now: IsoTime,
  names: readonly ScheduledFunction[] = scheduledFunctions,
): StaleHeartbeat[] =>
  names
    .map((name) => ({ name, lastSuccess: lastSuccesses.get(name) }))
    .filter(
      ({ name, lastSuccess }) =>
        lastSuccess === undefined ||
        Date.parse(addMilliseconds(lastSuccess, heartbeats[name].within)) < Date.parse(now),
    );

/** `utilization was not read since 2026-11-16 03:00 UTC (watch-utilization); watch-spend has no success on record` */
export function staleText(stale: readonly StaleHeartbeat[]): string {
  const late = stale.flatMap(({ name, lastSuccess }) =>
    lastSuccess === undefined
      ? []
      : [`${heartbeats[name].missing} since ${clockText(lastSuccess)} (${name})`],
  );
  const never = stale.filter(({ lastSuccess }) => lastSuccess === undefined).map(({ name }) => name);
  const has = never.length === 1 ? 'has' : 'have';
  return [...late, ...(never.length > 0 ? [`${never.join(', ')} ${has} no success on record`] : [])].join(
    '; ',
  );
}
