import type { Check } from './check.ts';
import { formatDuration } from './duration.ts';
import type { Window } from './metric.ts';
import { deviceNoun, isRead, type Measured, type Reading } from './signals.ts';

/** Why it counts as at work: the devices first, what they hold next, then the rest. */
export function busyText(
  { facts, signals }: Measured,
  readings: readonly Reading[],
  work: readonly Reading[],
  window: Window,
): string {
  const atWork = (signal: Reading['signal']) =>
    work.filter((reading) => reading.signal === signal).toSorted((a, b) => b.largest - a.largest);
  const devices = of(readings, 'utilization');
  const span = lengthOf(window);
  const noun = deviceNoun(facts);

  const [device] = atWork('utilization');
  if (device) {
    const largest = `${device.name} up to ${percent(device.largest)}`;
    const isPart = signals.devices.some(({ utilization }) => utilization === 'unread');
    if (isPart) return `${largest} in the last ${span}`;
    return `${atWork('utilization').length} of ${counted(devices.length, noun)} at work in the last ${span}: ${largest}`;
  }
  const silent = devices.length === 0 ? '' : `, though no ${noun} was above ${percent(largestOf(devices))}`;
  const [power] = atWork('power');
  if (power) return `${power.name} drew up to ${Math.round(power.largest)} W in the last ${span}${silent}`;
  const [cpu] = atWork('cpu');
  if (cpu) return `CPU up to ${percent(cpu.largest)} in the last ${span}${silent}`;
  const [network] = atWork('network');
  if (network) return `${network.name} up to ${rate(network.largest)} in the last ${span}${silent}`;
  const [memory] = atWork('memory');
  return `loaded, not computing: ${memory?.name} held ${gib(memory?.largest ?? 0)} GiB${silent}`;
}

/** Why it counts as idle: `8 of 8 GPUs at 0-2 % for 3 h, 1.2 of 320 GiB of memory held, 96 % coverage`. */
export function idleText(
  measured: Measured,
  readings: readonly Reading[],
  window: Window,
  { check, coverage: share }: { check?: Check | undefined; coverage: number },
): string {
  const devices = of(readings, 'utilization');
  const coverage = `${Math.floor(share * 100)} % coverage`;
  if (devices.length === 0) {
    const traffic = rate(largestOf(of(readings, 'network')));
    return `CPU at most ${percent(largestOf(of(readings, 'cpu')))}, network at most ${traffic} for ${lengthOf(window)}, ${coverage}`;
  }
  const rest = check === 'loaded-not-computing' ? restText(measured, window) : undefined;
  const span = rest ?? lengthOf(window);
  const noun = deviceNoun(measured.facts);
  const silence = `${devices.length} of ${counted(devices.length, noun)} at ${rangeOf(devices)} for ${span}`;
  return [silence, ...memoryText(measured, of(readings, 'memory')), coverage].join(', ');
}

/** Which devices work and which don't: `GPU 0 up to 97 %, the other 7 of 8 GPUs at 0-1 % for 3 h, 100 % coverage`. */
export function skewText({ facts }: Measured, devices: readonly Reading[], window: Window): string {
  const silent = devices.filter(({ busyAt }) => busyAt === undefined);
  const working = devices.filter(({ busyAt }) => busyAt !== undefined);
  const noun = deviceNoun(facts);
  const indexes = working.map(({ name }) => name.slice(noun.length + 1)).join(', ');
  const names = `${noun}${working.length === 1 ? '' : 's'} ${indexes}`;
  const coverage = Math.floor(Math.min(...devices.map((device) => device.coverage)) * 100);
  const rest = `the other ${silent.length} of ${counted(devices.length, noun)} at ${rangeOf(silent)}`;
  return `${names} up to ${percent(largestOf(working))}, ${rest} for ${lengthOf(window)}, ${coverage} % coverage`;
}

/** How long they have been silent, as far as they were looked at; undefined where nobody looked further back. */
function restText({ signals: { devices } }: Measured, { end }: Window): string | undefined {
  const first = devices.flatMap(({ history }) =>
    isRead(history) ? [Math.min(...history.points.map(({ at }) => at))] : [],
  );
  const span = Date.parse(end) - Math.max(...first);
  return first.length > 0 && Number.isFinite(span) ? formatDuration(span) : undefined;
}

function memoryText({ facts, signals }: Measured, memory: readonly Reading[]): string[] {
  if (signals.devices.every(({ memoryUsedMib }) => memoryUsedMib === undefined))
    return ['memory not reported'];
  if (memory.length === 0) return [];
  const held = gib(memory.reduce((sum, { largest }) => sum + largest, 0));
  const { memoryMib = 0, count = 0 } = facts?.accelerators ?? {};
  const of = memoryMib > 0 ? ` of ${gib(memoryMib * count)}` : '';
  return [`${held}${of} GiB of memory held`];
}

const of = (readings: readonly Reading[], signal: Reading['signal']): Reading[] =>
  readings.filter((reading) => reading.signal === signal);

export const largestOf = (readings: readonly Reading[]): number =>
  Math.max(0, ...readings.map(({ largest }) => largest));

/** `0-2 %`, over all of the readings. */
export function rangeOf(readings: readonly Reading[]): string {
  const [from, to] = [Math.min(...readings.map(({ smallest }) => smallest)), largestOf(readings)];
  return tenth(from) === tenth(to) ? percent(to) : `${tenth(from)}-${percent(to)}`;
}

export const lengthOf = ({ start, end }: Window): string =>
  formatDuration(Date.parse(end) - Date.parse(start));

const tenth = (value: number): number => Math.round(value * 10) / 10;

/** `12.5 %` */
export const percent = (value: number): string => `${tenth(value)} %`;

const gib = (mib: number): number => tenth(mib / 1024);

export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** `1.2 MB/s` */
export const rate = (bytesPerSecond: number): string =>
  bytesPerSecond >= 1_000_000
    ? `${tenth(bytesPerSecond / 1_000_000)} MB/s`
    : `${tenth(bytesPerSecond / 1000)} kB/s`;
