import type { Method } from '../anomaly/methods/method.ts';
import { alarmedRuns, isFeeDay, judgeRuns } from '../anomaly/methods/runs.ts';
import type { Usd } from '../money.ts';
import { addDays, daysBetween, daysPerMonth, type IsoDate } from '../period.ts';
import type { SpendHistory, SpendRecord } from '../spend/history.ts';
import { areCompatible } from '../spend/scope.ts';
import type { BacktestIncident, BacktestResult } from './backtest.ts';

/** What another method would have told over the same data. */
export type MethodComparison = {
  method: string;
  /** One for each series and run in alarm: these methods have no memory, and tell each day anew. */
  alarms: number;
  alarmsPerMonth: number;
  /** Alarms on a day and in a series of one of our incidents. */
  onIncidents: number;
  others: number;
  /** Of our incidents, those on which it was in alarm at least once. */
  incidentsSeen: number;
};

/**
 * Runs other methods over the usage of a record, each at its best: thresholds tuned, with the same floor, and silent on
 * the days on which monthly fees fall due. A file says what was spent, not what was a leak: this counts agreement with
 * our incidents, and no mistakes.
 */
export function compareMethods(
  { histories }: SpendRecord,
  { period, incidents }: BacktestResult,
  methods: readonly Method[],
  floor: Usd,
  onProgress: (done: number, of: number) => void = () => {},
): MethodComparison[] {
  const usage = histories.filter(({ category }) => category === 'Usage');
  const months = daysBetween(period.start, period.end) / daysPerMonth;
  return methods.map((method, index) => {
    const seen = new Set<BacktestIncident>();
    let alarms = 0;
    let onIncidents = 0;
    for (const [done, history] of usage.entries()) {
      onProgress(index * usage.length + done, methods.length * usage.length);
      for (const date of alarmDates(method, history, floor)) {
        const own = incidents.filter((incident) => isAbout(incident, history, date));
        for (const incident of own) seen.add(incident);
        alarms += 1;
        if (own.length > 0) onIncidents += 1;
      }
    }
    return {
      method: method.name,
      alarms,
      alarmsPerMonth: alarms / months,
      onIncidents,
      others: alarms - onIncidents,
      incidentsSeen: seen.size,
    };
  });
}

/** The newest day of each run at which the method was in alarm. */
function alarmDates(method: Method, history: SpendHistory, floor: Usd): IsoDate[] {
  const judgements = judgeRuns(method, method.tuned, history);
  const runs = alarmedRuns(judgements, method.tuned, { floor, isMuted: isFeeDay });
  return runs.map((day) => addDays('1970-01-01', day));
}

/** Its last day may be told on the day after, when its figure is complete. */
const isAbout = ({ series, start, end }: BacktestIncident, { scope }: SpendHistory, date: IsoDate): boolean =>
  areCompatible(series, scope) && date >= start && (end === null || date <= end);
