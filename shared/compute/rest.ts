import { addMilliseconds } from '../period.ts';
import { type Inquiry, requiredCoverage } from './inquiry.ts';
import type { Series, Window } from './metric.ts';
import { type IdlePolicy, isRead, type Measured, type Reading, type Signal, toReading } from './signals.ts';

/** The time in which what holds memory has to be silent before it counts as idle. */
export const historyWindow = (
  { end }: Window,
  { loadedWindow }: Pick<IdlePolicy, 'loadedWindow'>,
): Window => ({
  start: addMilliseconds(end, -loadedWindow * 60_000),
  end,
});

/** Whether its memory is held as far as it is read, or can't be weighed: then the longer window decides. */
export const isLoaded = ({ measured, readings }: Inquiry): boolean =>
  readings.some(({ signal, busyAt }) => signal === 'memory' && busyAt !== undefined) ||
  !isWeighable(measured);

export const isWeighable = ({ facts, signals: { devices } }: Measured): boolean =>
  facts?.accelerators === undefined ||
  (facts.accelerators.memoryMib > 0 && devices.every(({ memoryUsedMib }) => memoryUsedMib !== undefined));

/** Whether the devices have been silent through the longer window, or nobody has asked yet. */
export const mayHaveRested = (given: Inquiry): boolean => {
  const { measured, window, policy } = given;
  if (measured.isStandby) return false;
  const { start } = historyWindow(window, policy);
  if (Date.parse(measured.instance.launchTime) > Date.parse(start)) return false; // not up for so long
  return measured.signals.devices.every(({ history }) => isSilent(history, given) || history === 'unread');
};

/** Whether it covers the longer window, all of it silent. */
function isSilent(history: Signal, given: Inquiry): boolean {
  if (!isRead(history)) return false;
  const { coverage, busyAt, failure } = restOf(history, given);
  return failure === undefined && busyAt === undefined && coverage >= requiredCoverage(given);
}

const restOf = (history: Series, { window, policy }: Inquiry): Reading =>
  toReading('utilization', 'history', history, policy.gpuPercent, historyWindow(window, policy));

/** The share of the longer window that the worst-covered device reported. */
export const historyShare = (given: Inquiry): number =>
  Math.min(
    ...given.measured.signals.devices.map(({ history }) =>
      isRead(history) ? restOf(history, given).coverage : 0,
    ),
  );
