import type { Sensitivity } from '../anomaly/policy.ts';
import type { Usd } from '../money.ts';
import type { BacktestResult } from './backtest.ts';

export type TuneSetting = { sensitivity: Sensitivity; floor: Usd };

/** What a setting would have told. */
export type TuneTrial = TuneSetting &
  Pick<BacktestResult['summary'], 'alerts' | 'alertsPerMonth' | 'incidents' | 'impact' | 'impactAfterAlert'>;

export type Tuning = {
  /** Alerts a month that somebody is ready to read. */
  wanted: number;
  /** Every setting that was tried: the most eager first, and of each sensitivity the lowest floor. */
  trials: readonly TuneTrial[];
  recommended: TuneTrial;
  /** Whether the recommended one tells no more than is wanted; else it is the one that tells least. */
  isEnough: boolean;
};

const sensitivities: readonly Sensitivity[] = ['eager', 'balanced', 'quiet'];
/** Times the floor of today. */
const ladder = [0.2, 0.4, 1, 2, 4, 10];
const defaultFloor: Usd = 25;

/** Every sensitivity with floors from a fifth to ten times that of today. */
export const tuneSettings = (floor: Usd): TuneSetting[] =>
  sensitivities.flatMap((sensitivity) =>
    ladder.map((times) => ({
      sensitivity,
      floor: Number(((floor || defaultFloor) * times).toPrecision(3)),
    })),
  );

/**
 * The setting to take for a wanted number of alerts a month: of those that keep to it the one that tells most of what
 * could still have been saved; of equal ones the one with fewer alerts, then the calmer one. At least one trial.
 */
export function tune(trials: readonly TuneTrial[], wanted: number): Tuning {
  const fitting = trials.filter(({ alertsPerMonth }) => alertsPerMonth <= wanted);
  const [recommended] = fitting.length > 0 ? fitting.toSorted(byWorth) : trials.toSorted(byAlerts);
  if (recommended === undefined) throw new Error('There is no setting to choose from');
  return { wanted, trials, recommended, isEnough: fitting.length > 0 };
}

const byWorth = (one: TuneTrial, other: TuneTrial): number =>
  other.impactAfterAlert - one.impactAfterAlert || byAlerts(one, other);

const byAlerts = (one: TuneTrial, other: TuneTrial): number =>
  one.alerts - other.alerts ||
  sensitivities.indexOf(other.sensitivity) - sensitivities.indexOf(one.sensitivity) ||
  other.floor - one.floor;
