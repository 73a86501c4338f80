import { type Allowance, noAllowance } from '../../shared/anomaly/allowance.ts';
import { judgeDay, learnDay } from '../../shared/anomaly/detector.ts';
import { type DetectorState, newDetector } from '../../shared/anomaly/detector-state.ts';
import type { Turn } from '../../shared/anomaly/episode.ts';
import { type Policy, toPolicy } from '../../shared/anomaly/policy.ts';
import type { Figure, Verdict } from '../../shared/anomaly/verdict.ts';
import { type IsoDate, toDay } from '../../shared/period.ts';
import type { DailyFigure } from '../../shared/spend/series.ts';

/** Balanced, with a floor of 25 dollars a day. */
export const policy = toPolicy('balanced', 25);

const toFigure = ({ date, amount = Number.NaN }: DailyFigure): Figure => ({
  day: toDay(date),
  amount,
});

/** What was learnt of days that are complete, and what was said of each. */
export type Learnt = { state: DetectorState; days: readonly LearntDay[] };
type LearntDay = { date: IsoDate; turn: Turn; verdict: Verdict };

export type Terms = {
  policy?: Policy;
  allowanceOn?: (date: IsoDate) => Allowance;
  acceptFrom?: IsoDate;
};

/** Learns days one by one, oldest first. */
export function learn(
  days: readonly DailyFigure[],
  { policy: own = policy, allowanceOn = () => noAllowance, acceptFrom }: Terms = {},
): Learnt {
  const state = newDetector();
  const learnt = days.map((day) => ({
    date: day.date,
    ...learnDay(
      state,
      toFigure(day),
      own,
      allowanceOn(day.date),
      acceptFrom !== undefined && day.date < acceptFrom,
    ),
  }));
  return { state, days: learnt };
}

/** Judges the last of the days by those before it. */
export function judgeLast(days: readonly DailyFigure[], own: Policy = policy): Verdict {
  const last = days.at(-1);
  if (last === undefined) throw new Error('no day to judge');
  return judgeDay(learn(days.slice(0, -1), { policy: own }).state, toFigure(last), own);
}

/** What became of incidents, by date: only the days on which one opened, came back, ended or was accepted. */
export const turnsOf = ({ days }: Learnt): (readonly [IsoDate, Turn])[] =>
  days.flatMap(({ date, turn }) => (turn === 'none' || turn === 'goes on' ? [] : [[date, turn] as const]));

/** Days, as dates, on which a state was given. */
export const datesOfState = ({ days }: Learnt, state: Verdict['state']): IsoDate[] =>
  days.flatMap(({ date, verdict }) => (verdict.state === state ? [date] : []));
