import { clockText, toTime } from '../period.ts';
import { counted, lengthOf } from './evidence-text.ts';
import { type Inquiry, ofDevices, requiredCoverage } from './inquiry.ts';
import type { AcceleratorKind } from './instance.ts';
import { periodSeconds } from './metric.ts';
import { isWeighable, mayHaveRested } from './rest.ts';
import { deviceNoun, devicesOf, type Reading } from './signals.ts';
import { startedWithin } from './utilization.ts';

/** Why what has been read doesn't make it idle, whatever else might be read. */
export const doubtOf = (given: Inquiry): string | undefined =>
  doubtOfInstance(given) ??
  doubtOfQueries(given) ??
  doubtOfAccelerators(given) ??
  doubtOfUnits(given) ??
  (given.purpose === 'devices' ? undefined : doubtOfMemory(given)) ??
  doubtOfCoverage(given) ??
  doubtOfGaps(given);

export function doubtOfInstance({ measured: { instance, facts }, window }: Inquiry): string | undefined {
  if (instance.state !== 'running') return `it is ${instance.state}`;
  if (startedWithin(instance, window)) {
    return `started ${clockText(instance.launchTime)}: not up through the whole window of ${lengthOf(window)}`;
  }
  return facts === undefined
    ? `EC2 doesn't describe ${instance.instanceType}: what it should report is unknown`
    : undefined;
}

export function doubtOfQueries({ readings }: Inquiry): string | undefined {
  const failed = readings.find(({ failure }) => failure !== undefined);
  return failed && `${failed.name} could not be read: ${failed.failure}`;
}

function doubtOfAccelerators({ measured, readings, window }: Inquiry): string | undefined {
  const { facts, signals, unreadable } = measured;
  if (facts?.accelerators === undefined) return undefined;
  const { kind } = facts.accelerators;
  if (kind !== 'gpu' && kind !== 'neuron') {
    return `${noMetric[kind]}, and a quiet CPU says nothing of them`;
  }
  const { devices } = signals;
  const noun = deviceNoun(facts);
  if (unreadable !== undefined && devices.length < devicesOf(facts)) {
    return `${devices.length} of ${counted(devicesOf(facts), noun)} seen: ${unreadable}`;
  }
  if (devices.length === 0)
    return `no ${noun} metric of it in CloudWatch, and a quiet CPU says nothing of a ${noun}`;
  const mute = devices.find(({ utilization }) => utilization === undefined);
  if (mute) return `${noun} ${mute.index} reports no utilisation, as with MIG: missing is not idle`;
  const sliced = devices.find(({ isSliced }) => isSliced);
  if (sliced) return `${noun} ${sliced.index} is cut into slices (MIG), of which some may not report`;
  const gone = ofDevices(readings).filter(({ coverage }) => coverage === 0);
  if (gone[0] && devices.some(({ utilization }) => utilization === 'unread')) {
    return `${gone[0].name} reported nothing in the last ${lengthOf(window)}`;
  }
  const expected = devicesOf(facts);
  const reporting = devices.length - gone.length;
  return reporting < expected ? `${reporting} of ${counted(expected, noun)} reporting` : undefined;
}

/** Only the metrics of GPUs and NeuronCores are read: the others are seen, and never called idle. */
const noMetric: Readonly<Record<Exclude<AcceleratorKind, 'gpu' | 'neuron'>, string>> = {
  inference: 'its inference accelerators report no metric that is read',
  fpga: 'its FPGAs report no metric',
  media: 'its media accelerators report no metric',
};

/** What can't be weighed may hold a model, unless it has been silent for so long that this doesn't matter. */
function doubtOfMemory(given: Inquiry): string | undefined {
  const { facts, signals } = given.measured;
  if (isWeighable(given.measured) || mayHaveRested(given)) return undefined;
  const hours = Math.round(given.policy.loadedWindow / 60);
  const mute = signals.devices.find(({ memoryUsedMib }) => memoryUsedMib === undefined);
  const unweighed = mute
    ? `${deviceNoun(facts)} ${mute.index} doesn't report the memory it holds`
    : `the memory of a ${facts?.accelerators?.name} is unknown, and so the share held`;
  return `${unweighed}: a loaded model can't be ruled out before ${hours} h of silence`;
}

function doubtOfCoverage(given: Inquiry): string | undefined {
  const { readings, window, policy } = given;
  const [worst] = readings.toSorted((a, b) => a.coverage - b.coverage);
  if (worst === undefined) return undefined;
  const share = Math.floor(worst.coverage * 100); // 89.9 % is not the 90 % it takes
  const seen = `${metricName(worst)} reported for ${share} % of the last ${lengthOf(window)}`;
  if (worst.coverage < policy.coverage) return `${seen}, too little to call it idle`;
  return worst.coverage < requiredCoverage(given)
    ? `${seen}: work may be what is missing, and a stop can't be taken back`
    : undefined;
}

/** What reports shares of 1 for percent looks silent at full work. A GPU's own counters are whole percents. */
function doubtOfUnits({ readings }: Inquiry): string | undefined {
  const odd = ofDevices(readings).find(
    ({ largest, hasFractions }) => hasFractions && largest > 0 && largest <= 1,
  );
  return (
    odd && `${odd.name} reports at most ${odd.largest}, in fractions: it may be a share of 1, not percent`
  );
}

/** In a gap of one device's metric only the instance's own CPU and network can vouch for silence. */
function doubtOfGaps({ measured, readings, window }: Inquiry): string | undefined {
  if (measured.facts?.accelerators === undefined) return undefined;
  const vouching = readings.filter(({ signal }) => signal === 'cpu' || signal === 'network');
  const unvouched = new Set(vouching.flatMap(({ gaps }) => gaps));
  for (const { name, gaps } of ofDevices(readings)) {
    const gap = gaps.find((place) => measured.isForeign || unvouched.has(place));
    if (gap !== undefined) {
      const at = clockText(toTime(Date.parse(window.start) + gap * periodSeconds * 1000));
      return `${name} reported nothing at ${at}, and nothing else vouches for its silence`;
    }
  }
  return undefined;
}

const metricName = ({ signal, name }: Reading): string =>
  signal === 'memory' || signal === 'power' ? `${name}'s ${signal}` : name;
