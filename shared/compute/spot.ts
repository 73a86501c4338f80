import type { Attribution } from '../allocation/owner.ts';
import type { Usd } from '../money.ts';
import type { IsoTime } from '../period.ts';
import { costBetween } from './cost.ts';
import type { Instance } from './instance.ts';

/** What EC2 tells of a spot instance before it takes it back. */
export type SpotNotice = {
  kind: 'interruption' | 'rebalance';
  /** What becomes of it; only an interruption says. */
  action?: 'terminate' | 'stop' | 'hibernate';
  account: string;
  region: string;
  /** `eu-west-1b`, where EC2 names it. */
  zone?: string;
  instanceId: string;
  at: IsoTime;
};

/** The instance of a notice, as far as it could be described in the time there is. */
export type SpotInstance = {
  instance: Instance;
  attribution: Attribution;
  hasAccelerators: boolean;
  /** Where it saves its work, by its tag: a place, or only that it does. */
  checkpoint?: string | undefined;
  /** Dollars an hour, as the bill says. */
  hourlyRate?: Usd | undefined;
  onDemandRate?: Usd | undefined;
};

const noes: ReadonlySet<string> = new Set(['', '-', '0', 'false', 'n', 'no', 'none', 'off', 'never']);

/** What the checkpoint tag says, the first key that is set; undefined where there is none, or it says no. */
export function checkpointOf(
  tags: Readonly<Record<string, string>>,
  keys: readonly string[],
): string | undefined {
  const value = keys.map((key) => tags[key]?.trim()).find((tag) => tag !== undefined) ?? '';
  return noes.has(value.toLowerCase()) ? undefined : value;
}

/** Milliseconds between the notice of an interruption and its end (EC2 user guide, spot interruption notices). */
const notice = 120_000;

/** When it is taken; undefined where nobody knows, and with hibernation, which begins with the notice itself. */
export const takenAt = ({ kind, action, at }: SpotNotice): number | undefined =>
  kind === 'interruption' && action !== 'hibernate' ? Date.parse(at) + notice : undefined;

/** What an instance that saves nothing loses: the milliseconds since its launch, and the dollars, as far as known. */
export function atRisk(
  { instance, hourlyRate }: SpotInstance,
  at: IsoTime,
): { milliseconds: number; dollars: Usd | undefined } {
  const { launchTime } = instance;
  return {
    milliseconds: Math.max(0, Date.parse(at) - Date.parse(launchTime)),
    dollars: hourlyRate === undefined ? undefined : costBetween(hourlyRate, launchTime, at),
  };
}
