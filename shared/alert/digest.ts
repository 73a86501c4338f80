import type { Recommendation } from '../advice/recommendation.ts';
import type { PeriodIncidents } from '../anomaly/period-incidents.ts';
import type { BudgetStatus } from '../budget/budget.ts';
import type { OwnerWaste } from '../compute/waste.ts';
import type { Usd } from '../money.ts';
import type { IsoDate, IsoTime, Period } from '../period.ts';
import type { Savings } from '../schedule/savings.ts';
import type { Mover, PeriodSpend } from '../spend/period-change.ts';
import type { DailyFigure } from '../spend/series.ts';
import { adviceText } from './advice-text.ts';
import type { Alert, AlertChart } from './alert.ts';
import type { Cadence } from './digest-due.ts';
import { dailyLines, digestFacts, digestSummary, digestTitle, moverText } from './digest-text.ts';
import type { StaleHeartbeat } from './heartbeat.ts';
import { alertId } from './identity.ts';

/** What a digest says, before it is put into words. Amounts of the bill in its currency, of resources in dollars. */
export type Digest = {
  cadence: Cadence;
  /** Whose it is; absent: the whole. */
  team?: string | undefined;
  /** The first day of what was due: the newest day on the bill may be an earlier one. */
  start: IsoDate;
  /** The days that it is about. */
  period: Period;
  at: IsoTime;
  /** Absent while nothing was charged. */
  currency?: string | undefined;
  /** Absent where nothing is known of it, for the reason in `unknown`. */
  spend?:
    | {
        before: PeriodSpend;
        now: PeriodSpend;
        daysBefore: readonly DailyFigure[];
        days: readonly DailyFigure[];
      }
    | undefined;
  unknownSpend?: string | undefined;
  budgets: readonly BudgetStatus[];
  /** Names of budgets whose part of the spend isn't followed, or has no day of the month on record. */
  budgetsUnknown: readonly string[];
  /** Parts of the spend, and why they cost more or less, where that is known. */
  movers: readonly (Mover & { why?: string | undefined })[];
  incidents: PeriodIncidents;
  waste: readonly OwnerWaste[];
  /** Dollars an hour that what doesn't end by itself wastes now. */
  lastingWaste: Usd;
  /** Findings that are open now. */
  openFindings: number;
  saved: Savings;
  recommendations: readonly Recommendation[];
  /** Share of the spend, or of the findings, that a team or an owner is known of, 0 to 1; absent: of nothing. */
  tagged?: { share: number; of: 'spend' | 'findings' } | undefined;
  /** What the watchdog's runs cost, and on which days; absent where none is on record. */
  ownCost?: { amount: Usd; on: Period } | undefined;
  stale: readonly StaleHeartbeat[];
  /** What people call the accounts. */
  names: Readonly<Record<string, string>>;
};

/** The digest as an alert, for whoever it is for; the same digest has the same id in every run. */
export function digestAlert(digest: Digest, to?: readonly string[]): Alert {
  const { cadence, team, start, at, names } = digest;
  const isDaily = cadence === 'daily';
  const subject = digestId(cadence, start, team);
  const chart = chartOf(digest);
  return {
    id: subject,
    subject,
    kind: 'digest',
    severity: 'info',
    at,
    title: digestTitle(digest),
    summary: isDaily ? dailyLines(digest).join('\n') : digestSummary(digest),
    facts: isDaily ? [] : digestFacts(digest),
    items: isDaily ? [] : digest.movers.map((mover) => moverText(mover, digest)),
    action: isDaily
      ? ''
      : digest.recommendations
          .map((recommendation, index) => `${index + 1}. ${adviceText(recommendation, names)}`)
          .join('\n'),
    links: [],
    ...(team !== undefined && { team }),
    ...(chart && { chart }),
    ...(to && { to }),
  };
}

export const digestId = (cadence: Cadence, start: IsoDate, team?: string): string =>
  alertId('digest', cadence, start, team === undefined ? 'whole' : `team=${team}`);

/** The days of the period, and as what is expected those of the one before. Nothing of it is part of a problem. */
function chartOf({ cadence, currency, period, spend }: Digest): AlertChart | undefined {
  if (cadence === 'daily' || spend === undefined || currency === undefined) return undefined;
  const { days, daysBefore } = spend;
  return {
    currency,
    start: period.start,
    actual: days.map(({ amount }) => amount ?? null),
    expected: days.map((_, index) => daysBefore[index]?.amount ?? null),
    limit: days.map(() => null),
    since: period.end,
  };
}
