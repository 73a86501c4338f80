import { type PlannedEvent, seasonUpTo } from '../../shared/anomaly/calendar.ts';
import type { Sensitivity } from '../../shared/anomaly/policy.ts';
import type { SpendRecord } from '../../shared/spend/history.ts';
import { type BacktestResult, backtest } from '../../shared/watch/backtest.ts';
import { isoOf, type LabelledSet } from './labelled.ts';
import { toHistory } from './readings.ts';
import type { Alarms } from './score.ts';

const dayMs = 86_400_000;

/** A labelled set as `watchdog backtest` reads it from a file with `observed`. */
export const toRecord = ({ series }: Pick<LabelledSet, 'series'>): SpendRecord => ({
  currency: 'USD',
  dimensions: ['series'],
  bitemporal: true,
  histories: series.map(toHistory),
});

/** The seasons of a labelled set, as far above the usual as the named seasons of the configuration may be. */
export const toCalendar = ({ calendar }: Pick<LabelledSet, 'calendar'>): PlannedEvent[] =>
  calendar.map(({ start, end }) => ({
    name: 'season',
    start: isoOf(start),
    end: isoOf(end + 1),
    scope: {},
    upTo: seasonUpTo,
    isSeason: true,
  }));

/** What `watchdog backtest --flat` tells of a record, at the floor that the other methods have. */
export const backtestOurs = (
  record: SpendRecord,
  calendar: readonly PlannedEvent[],
  sensitivity: Sensitivity,
): BacktestResult => backtest(record, { sensitivity, floor: 5, flat: true, calendar });

/** The runs at which ours tells a new incident of each series, by the newest day that each saw: the eve of its morning. */
export function alarmsOfOurs(set: LabelledSet, sensitivity: Sensitivity): Alarms {
  const { incidents } = backtestOurs(toRecord(set), toCalendar(set), sensitivity);
  const alarms = incidents.map(({ series, detected }) => ({
    name: series['series'] ?? '',
    day: Date.parse(detected) / dayMs - 1,
  }));
  return new Map(
    [...Map.groupBy(alarms, ({ name }) => name)].map(([name, own]) => [name, own.map(({ day }) => day)]),
  );
}
