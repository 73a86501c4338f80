import type { Usd } from '../money.ts';
import { toTime } from '../period.ts';
import type { Check } from './check.ts';
import { formatDuration } from './duration.ts';
import { percent } from './evidence-text.ts';
import type { InstanceTypeFacts } from './instance.ts';
import { type Point, periodSeconds, type Series, type Window } from './metric.ts';
import { deviceNoun, devicesOf, isValid } from './signals.ts';
import type { Utilization } from './utilization.ts';

/** From when on something that works counts as underused. */
export type UnderusePolicy = {
  /** Days to judge by. */
  days: number;
  /** Hours it must have run in them. */
  hours: number;
  /** 95th percentile below which a device is underused. */
  percent: number;
  /** Device memory below which there is room for larger batches. */
  memoryPercent: number;
  /** Share of the periods in which it ran that a device must have reported, 0 to 1. */
  coverage: number;
};

/** What one device did, period by period. `peaks` and `memoryMib` are absent where nobody asked, or it doesn't report. */
type DeviceCourse = {
  index: string;
  /** Mean utilisation of each period, percent. */
  averages: Series;
  /** Largest sample of each period, percent. */
  peaks?: Series | undefined;
  /** Largest memory held in each period. */
  memoryMib?: Series | undefined;
};

/** A course of days of one instance, in periods of five minutes. */
export type Course = {
  facts: InstanceTypeFacts;
  devices: readonly DeviceCourse[];
  /** Mean CPU, percent: reported whenever the instance runs. */
  cpu: Series;
};

/** A type that could do the work of another: what it costs an hour, where that is known. */
export type SmallerType = { facts: InstanceTypeFacts; hourlyRate?: Usd | undefined };

export type Underuse = Utilization & { proposal?: { type: string; hourlyRate?: Usd | undefined } };

/** Devices are asked for more, peaks and memory, only where their 95th percentile stays below this. */
export const detailPercent = 70;

/** Of a smaller type no more than this share is planned with. */
const plannedLoad = 0.8;

const periodMs = periodSeconds * 1000;

/**
 * The 95th percentile of the busiest device over the periods in which the instance ran; undefined where too little of
 * it is known. By nearest rank: the smallest value that 95 % of all are at or below.
 */
export function busiestP95(course: Course, window: Window, policy: UnderusePolicy): number | undefined {
  const load = loadOf(course, window, policy);
  return load?.p95;
}

type Load = {
  /** Periods in which the instance ran. */
  ran: number;
  /** Share of the window in which it ran. */
  ranShare: number;
  coverage: number;
  p95: number;
  /** Sum over the devices of each one's 95th percentile. */
  total: number;
};

function loadOf({ facts, devices, cpu }: Course, window: Window, policy: UnderusePolicy): Load | undefined {
  const ran = within(cpu, window);
  const covered = devices.map(({ averages }) => within(averages, window));
  if (ran.size * periodMs < policy.hours * 3_600_000) return undefined;
  if (devices.length < devicesOf(facts) || devices.length === 0) return undefined;
  const isFailed = [cpu, ...devices.map(({ averages }) => averages)].some(
    ({ failure }) => failure !== undefined,
  );
  const coverage = Math.min(...covered.map((periods) => shared(periods, ran) / ran.size));
  if (isFailed || coverage < policy.coverage) return undefined;
  const p95s = covered.map((periods) => p95(periods.values()));
  return {
    ran: ran.size,
    ranShare: (ran.size * periodMs) / (Date.parse(window.end) - Date.parse(window.start)),
    coverage,
    p95: Math.max(...p95s),
    total: p95s.reduce((sum, value) => sum + value, 0),
  };
}

/**
 * What is short where a device that works stays far below what it could; undefined where it is well used, or too little
 * is known. Data first: a larger share of a starved device helps nobody. Then a smaller type, then larger batches.
 */
export function judgeUnderuse(
  course: Course,
  window: Window,
  policy: UnderusePolicy,
  { rate, smaller = [] }: { rate?: Usd | undefined; smaller?: readonly SmallerType[] } = {},
): Underuse | undefined {
  const load = loadOf(course, window, policy);
  if (load === undefined || load.p95 >= detailPercent) return undefined;
  const noun = deviceNoun(course.facts);
  const span = formatDuration(load.ran * periodMs);
  const level = `${devicesText(course.devices.length, noun)} at most ${percent(load.p95)} for 95 % of ${span}`;
  const verdict = (check: Check, why: string, unusedShare: number): Underuse => ({
    state: 'underused',
    check,
    reason: `${level}${why}, ${Math.floor(load.coverage * 100)} % coverage`,
    windowStart: window.start,
    windowEnd: window.end,
    coverage: load.coverage,
    confidence: load.coverage >= wholeCoverage ? 'high' : 'medium',
    lastBusy: toTime(Math.max(...course.devices.flatMap(({ averages }) => lastAt(averages, window)))),
    wastedShare: unusedShare * load.ranShare, // what is stopped costs nothing, and wastes nothing
  });
  const unused = 1 - load.p95 / 100;

  const starved = starvationOf(course, window);
  if (starved) return verdict('data-starved', `: ${starved}`, unused);
  const memory = memoryShare(course, window);
  const fit = load.p95 < policy.percent ? smallestFit(course, window, load, smaller, rate) : undefined;
  if (fit) {
    const { facts, hourlyRate } = fit;
    const share = rate !== undefined && hourlyRate !== undefined ? 1 - hourlyRate / rate : unused;
    const found = verdict('oversized', `: ${fit.facts.instanceType} would carry it`, share);
    return { ...found, proposal: { type: facts.instanceType, hourlyRate } };
  }
  if (load.p95 < smallBatchPercent && memory !== undefined && memory < policy.memoryPercent) {
    return verdict(
      'small-batch',
      ` with ${percent(memory)} of its memory in use: room for larger batches`,
      unused,
    );
  }
  return load.p95 < policy.percent ? verdict('underused-accelerator', '', unused) : undefined;
}

const wholeCoverage = 0.98;
const smallBatchPercent = 50;

const devicesText = (count: number, noun: string): string =>
  count === 1 ? `its ${noun}` : `each of its ${count} ${noun}s`;

/** The largest valid value of each period of the window, by the period's start. */
function within({ points }: Series, { start, end }: Window): Map<number, number> {
  const [from, to] = [Date.parse(start), Date.parse(end)];
  const periods = new Map<number, number>();
  for (const { at, value } of points) {
    if (at < from || at >= to || !isValid(value)) continue;
    const period = Math.floor(at / periodMs) * periodMs;
    periods.set(period, Math.max(periods.get(period) ?? 0, value));
  }
  return periods;
}

function shared(one: ReadonlyMap<number, unknown>, other: ReadonlyMap<number, unknown>): number {
  let count = 0;
  for (const period of other.keys()) if (one.has(period)) count += 1;
  return count;
}

/** By nearest rank: the smallest value that 95 % of all are at or below; 0 where there is none. */
export function p95(values: Iterable<number>): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.max(0, Math.ceil(sorted.length * 0.95) - 1)] ?? 0;
}

function lastAt({ points }: Series, window: Window): number[] {
  const to = Date.parse(window.end);
  const valid = points.filter(({ at, value }) => at < to && isValid(value) && value > 0).map(({ at }) => at);
  return valid.length === 0
    ? [Date.parse(window.start)]
    : [valid.reduce((one, other) => Math.max(one, other))];
}

/** A period is one of work from this mean on. */
const workingPercent = 5;
/** How a saw-tooth looks in one period: its peak, and how far the mean lies below. */
const toothPeak = 80;
const toothDepth = 30;
const shortCpu = 90;

/**
 * Whether the devices wait for data, in a sentence: their utilisation jumps between nearly all and little within
 * minutes, while the CPU that prepares their data has nothing left.
 */
function starvationOf({ devices, cpu }: Course, window: Window): string | undefined {
  const cpuOf = within(cpu, window);
  const [busiest] = devices.toSorted((a, b) => mean(b.averages.points) - mean(a.averages.points));
  if (busiest?.peaks === undefined) return undefined;
  const peaks = within(busiest.peaks, window);
  const working = [...within(busiest.averages, window)].filter(([, average]) => average >= workingPercent);
  const teeth = working.filter(([at, average]) => {
    const peak = peaks.get(at) ?? 0;
    return peak >= toothPeak && peak - average >= toothDepth;
  });
  if (working.length === 0 || teeth.length * 2 < working.length) return undefined;
  const load = median(working.flatMap(([at]) => cpuOf.get(at) ?? []));
  if (load === undefined || load < shortCpu) return undefined;
  const average = mean(working.map(([, value]) => ({ at: 0, value })));
  return `it jumps between idle and full, ${percent(average)} on average, while the CPU is at ${percent(load)}: it waits for its data`;
}

const mean = (points: readonly Point[]): number =>
  points.length === 0
    ? 0
    : points.reduce((sum, { value }) => sum + (isValid(value) ? value : 0), 0) / points.length;

function median(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

/** Share of its memory that the fullest device uses for 95 % of the time, percent; undefined where one doesn't tell. */
function memoryShare({ facts, devices }: Course, window: Window): number | undefined {
  const used = memoryUsed(devices, window);
  const { memoryMib = 0, cores = 1 } = facts.accelerators ?? {};
  return used === undefined || memoryMib === 0 ? undefined : (Math.max(...used) / (memoryMib / cores)) * 100;
}

function memoryUsed(devices: readonly DeviceCourse[], window: Window): number[] | undefined {
  const used = devices.map(({ memoryMib }) => {
    const periods =
      memoryMib && memoryMib.failure === undefined ? within(memoryMib, window) : new Map<number, number>();
    return periods.size === 0 ? undefined : p95(periods.values());
  });
  return used.every((value) => value !== undefined) ? used : undefined;
}

/**
 * The cheapest type that carries the load on 80 % of its devices, memory and CPUs, and costs less. Types without a
 * price are taken only where none has one, the one with the fewest devices and CPUs first.
 */
function smallestFit(
  course: Course,
  window: Window,
  load: Load,
  smaller: readonly SmallerType[],
  rate: Usd | undefined,
): SmallerType | undefined {
  const memory = memoryUsed(course.devices, window);
  if (memory === undefined) return undefined; // what it holds may not fit
  const cpus = (p95(within(course.cpu, window).values()) / 100) * course.facts.vcpus;
  const fits = smaller.filter(({ facts, hourlyRate }) => {
    const { accelerators } = facts;
    if (accelerators?.kind !== course.facts.accelerators?.kind || accelerators === undefined) return false;
    const needed = memory.reduce((sum, mib) => sum + mib, 0);
    return (
      isSmaller(facts, course.facts) &&
      devicesOf(facts) * 100 * plannedLoad >= load.total &&
      (accelerators.memoryMib / accelerators.cores) * plannedLoad >= Math.max(...memory) &&
      accelerators.memoryMib * accelerators.count * plannedLoad >= needed &&
      facts.vcpus * plannedLoad >= cpus &&
      (hourlyRate === undefined || rate === undefined || hourlyRate < rate)
    );
  });
  return fits.toSorted(bySize)[0];
}

/** Fewer devices, or as many on fewer CPUs. */
function isSmaller(facts: InstanceTypeFacts, than: InstanceTypeFacts): boolean {
  const [one, other] = [devicesOf(facts), devicesOf(than)];
  return one < other || (one === other && facts.vcpus < than.vcpus);
}

const bySize = (a: SmallerType, b: SmallerType): number =>
  (a.hourlyRate ?? Number.POSITIVE_INFINITY) - (b.hourlyRate ?? Number.POSITIVE_INFINITY) ||
  devicesOf(a.facts) - devicesOf(b.facts) ||
  a.facts.vcpus - b.facts.vcpus;
