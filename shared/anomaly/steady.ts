import { type Allowance, isPlanned, noAllowance } from './allowance.ts';
import { type DetectorState, noiseMeasured, read } from './detector-state.ts';
import { rhythmRange } from './rhythm.ts';

/** In logarithms: what has users moves by more. */
const hardly = 0.03;

/** Whether a series hardly moves from day to day or from weekday to weekday, as what is provisioned and stored does. */
export const isSteady = (state: DetectorState): boolean =>
  read(state, noiseMeasured) < hardly && rhythmRange(state) < hardly;

/**
 * What is allowed for on a day of this series. A season stretches what follows its users; what is steady all year has
 * none, and what is forgotten over the holidays mustn't wait for their end to be told.
 */
export function allowanceFor(state: DetectorState, allowance: Allowance): Allowance {
  if (allowance.season === 1) return allowance;
  if (isSteady(state)) return isPlanned(allowance) ? allowance : noAllowance;
  return { ...allowance, factor: Math.max(allowance.factor, allowance.season) };
}
