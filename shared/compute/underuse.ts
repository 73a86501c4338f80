import type { Usd } from '../money.ts';
import { addMilliseconds, type IsoTime, toTime } from '../period.ts';
import type { Check } from './check.ts';
import { formatDuration } from './duration.ts';
import { percent } from './evidence-text.ts';
import type { InstanceTypeFacts } from './instance.ts';
import { periodSeconds, type Series, type Window } from './metric.ts';
import { deviceNoun, devicesOf, isValid } from './signals.ts';
import { type Utilization, wholeCoverage } from './utilization.ts';

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
  /** Utilisation up to which a device is silent, and minutes of silence that count as idle, and not as use. */
  gpuPercent: number;
  idleMinutes: number;
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

/** What can be found wrong with how well an instance is used. */
export const underuseChecks: readonly Check[] = [
  'data-starved',
  'oversized',
  'small-batch',
  'underused-accelerator',
];

export type Underuse = Utilization & { proposal?: { type: string; hourlyRate?: Usd | undefined } };

/** Nobody can tell how well it is used, and not before so many milliseconds have passed: 0 where the next look may. */
type Unknown = { outcome: 'unknown'; wait: number };

/** What a course of days says. Only `well used` ends what an earlier one has said. */
export type Judgement = { outcome: 'flaw'; underuse: Underuse } | { outcome: 'well used' } | Unknown;

/** The averages leave it open: peaks and memory decide, and where it may fit a smaller type those that there are. */
export type Candidate = { outcome: 'candidate'; mayFitSmaller: boolean };

export const unread: Unknown = { outcome: 'unknown', wait: 0 };
const wellUsed: Judgement = { outcome: 'well used' };

/** Devices are asked for more, peaks and memory, only where their 95th percentile stays below this. */
const detailPercent = 70;
const smallBatchPercent = 50;

/** Points by which a flaw that was found must be left behind before it is over: one at the edge isn't told daily. */
const margin = 5;

/** Of a smaller type no more than this share is planned with. */
const plannedLoad = 0.8;

const periodMs = periodSeconds * 1000;
/** Once a day; an hourly event is some seconds early at times. */
const rejudgeMs = 23.5 * 3_600_000;
/** What couldn't be read is read by the next hourly run. */
const retryMs = 50 * 60_000;

/** What is known of how well an instance is used. */
export type UnderuseRecord = {
  /** The type that was judged: of another it says nothing. */
  type: string;
  /** Since when it has been of this type, where it was of another before. */
  typeSince?: IsoTime | undefined;
  /** When to judge it again. */
  dueAt: IsoTime;
  /** When it was judged last; absent where nobody could tell yet. */
  judgedAt?: IsoTime | undefined;
  /** What was found then; absent where it is well used. */
  underuse?: Underuse | undefined;
  /** Another flaw that the last look has found in its place. */
  rival?: Check | undefined;
};

/**
 * What is known once it was judged at `now`. Unknown leaves what was found as it is, and another flaw takes its place
 * when it is found twice.
 */
export function judgedAgain(earlier: UnderuseRecord, judgement: Judgement, now: IsoTime): UnderuseRecord {
  const again = (wait: number): IsoTime => addMilliseconds(now, wait);
  if (judgement.outcome === 'unknown') {
    return { ...earlier, dueAt: again(Math.max(judgement.wait, retryMs)) };
  }
  const { type, typeSince, underuse: before, rival } = earlier;
  const record = { type, typeSince, dueAt: again(rejudgeMs), judgedAt: now };
  if (judgement.outcome === 'well used') return record;
  const { underuse } = judgement;
  const isOther = before !== undefined && before.check !== underuse.check;
  if (isOther && rival !== underuse.check) {
    return { ...earlier, dueAt: record.dueAt, rival: underuse.check };
  }
  return { ...record, underuse };
}

/** What the averages say by themselves. `earlier` is the flaw that was found before, and lasts. */
export function judgeAverages(
  course: Course,
  window: Window,
  policy: UnderusePolicy,
  earlier?: Check,
): Judgement | Candidate {
  const load = loadOf(course, window, policy);
  if ('outcome' in load) return load;
  if (!isCandidate(load, earlier)) return wellUsed;
  return { outcome: 'candidate', mayFitSmaller: load.p95 < policy.percent + slackOf('oversized', earlier) };
}

const isCandidate = ({ p95 }: Load, earlier: Check | undefined): boolean =>
  p95 < detailPercent + slackOf('data-starved', earlier);

const slackOf = (check: Check, earlier: Check | undefined): number => (check === earlier ? margin : 0);

type Load = {
  /** Periods in which the instance ran. */
  ran: number;
  /** Share of the window in which it ran. */
  ranShare: number;
  coverage: number;
  /** 95th percentile of the busiest device over the periods in which the instance ran. */
  p95: number;
  /** Sum over the devices of each one's 95th percentile. */
  total: number;
};

/** How much it did; unknown where too little of it was read, or it ran for too short. */
function loadOf({ facts, devices, cpu }: Course, window: Window, policy: UnderusePolicy): Load | Unknown {
  const isFailed = [cpu, ...devices.map(({ averages }) => averages)].some(
    ({ failure }) => failure !== undefined,
  );
  if (isFailed || devices.length < devicesOf(facts) || devices.length === 0) return unread;
  const covered = devices.map(({ averages }) => within(averages, window));
  const ran = inUse(within(cpu, window), covered, policy);
  for (const periods of covered) for (const at of [...periods.keys()]) if (!ran.has(at)) periods.delete(at);
  const missing = policy.hours * 3_600_000 - ran.size * periodMs;
  if (missing > 0) return { outcome: 'unknown', wait: missing };
  const coverage = Math.min(...covered.map((periods) => coverageOf(periods, ran)));
  if (coverage < policy.coverage) {
    return { outcome: 'unknown', wait: Math.ceil((policy.coverage - coverage) * ran.size) * periodMs };
  }
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
 * The periods in which it ran, but for the stretches in which all its devices were silent for as long as it takes to be
 * idle: those are another finding, and say nothing of how well it is used when it is.
 */
function inUse(
  ran: ReadonlyMap<number, number>,
  devices: readonly ReadonlyMap<number, number>[],
  { gpuPercent, idleMinutes }: UnderusePolicy,
): Map<number, number> {
  const isSilent = (at: number) =>
    devices.every((periods) => (periods.get(at) ?? Number.POSITIVE_INFINITY) <= gpuPercent);
  const used = new Map(ran);
  let stretch: number[] = [];
  const end = () => {
    if (stretch.length * periodMs >= idleMinutes * 60_000) for (const at of stretch) used.delete(at);
    stretch = [];
  };
  for (const at of [...ran.keys()].toSorted((a, b) => a - b)) {
    if (isSilent(at)) stretch.push(at);
    else end();
  }
  end();
  return used;
}

/** A course, and how much it did. */
type Case = { course: Course; window: Window; policy: UnderusePolicy; load: Load };

/** What may take the place of an instance, what that one costs an hour, and the flaw that was found of it before. */
type Given = { rate?: Usd | undefined; smaller?: readonly SmallerType[]; earlier?: Check | undefined };

/**
 * What is short where a device that works stays far below what it could. Data first: a larger share of a starved device
 * helps nobody. Then a smaller type, then larger batches. A flaw that was found before stays the same as long as it
 * holds, and a little longer: what is at the edge would come and go.
 */
export function judgeUnderuse(
  course: Course,
  window: Window,
  policy: UnderusePolicy,
  given: Given = {},
): Judgement {
  const load = loadOf(course, window, policy);
  if ('outcome' in load) return load;
  const { earlier } = given;
  if (!isCandidate(load, earlier)) return wellUsed;
  const details = course.devices.flatMap(({ peaks, memoryMib }) => [peaks, memoryMib]);
  if (details.some((series) => series?.failure !== undefined)) return unread;
  const judged: Case = { course, window, policy, load };
  const held = memoryHeld(judged);
  if (held === undefined && restsOnMemory(judged, earlier)) return { outcome: 'unknown', wait: rejudgeMs };
  const flaws = flawsOf(judged, held, given);
  const flaw = flaws.find(({ check }) => check === earlier) ?? flaws[0];
  if (flaw) return { outcome: 'flaw', underuse: flaw };
  // No other type fits any more, but it is no better used.
  const isAtEdge = earlier === 'oversized' && load.p95 < policy.percent + margin;
  return isAtEdge ? { outcome: 'unknown', wait: rejudgeMs } : wellUsed;
}

/** Whether the flaw that was found before can't be judged without knowing what the devices hold. */
function restsOnMemory({ load, policy }: Case, earlier: Check | undefined): boolean {
  if (earlier === 'oversized') return load.p95 < policy.percent + margin;
  return earlier === 'small-batch' && load.p95 < smallBatchPercent + margin;
}

/** Everything that is wrong with it, the first first. */
function flawsOf(judged: Case, held: readonly number[] | undefined, given: Given): Underuse[] {
  const { course, policy, load } = judged;
  const slack = (check: Check) => slackOf(check, given.earlier);
  const unused = 1 - load.p95 / 100;
  const flaws: Underuse[] = [];

  const starved = starvationOf(judged, slack('data-starved'));
  if (starved) flaws.push(toUnderuse(judged, 'data-starved', `: ${starved}`, unused));
  const mayShrink = held !== undefined && load.p95 < policy.percent + slack('oversized');
  const fit = mayShrink ? smallestFit(judged, held, given) : undefined;
  if (fit) {
    const { facts, hourlyRate } = fit;
    const { rate } = given;
    const share = rate !== undefined && hourlyRate !== undefined ? 1 - hourlyRate / rate : unused;
    const found = toUnderuse(judged, 'oversized', `: ${facts.instanceType} would carry it`, share);
    flaws.push({ ...found, proposal: { type: facts.instanceType, hourlyRate } });
  }
  const full = held && memoryPercentOf(course.facts, held);
  const room = slack('small-batch');
  if (load.p95 < smallBatchPercent + room && full !== undefined && full < policy.memoryPercent + room) {
    const why = ` with at most ${percent(full)} of its memory in use: room for larger batches`;
    flaws.push(toUnderuse(judged, 'small-batch', why, unused));
  }
  if (load.p95 < policy.percent + slack('underused-accelerator')) {
    flaws.push(toUnderuse(judged, 'underused-accelerator', '', unused));
  }
  return flaws;
}

function toUnderuse(
  { course, window, load }: Case,
  check: Check,
  why: string,
  unusedShare: number,
): Underuse {
  const devices = devicesText(course.devices.length, deviceNoun(course.facts));
  const span = formatDuration(load.ran * periodMs);
  const level = `${devices} at most ${percent(load.p95)} for 95 % of ${span}`;
  return {
    state: 'underused',
    check,
    reason: `${level}${why}, ${Math.floor(load.coverage * 100)} % coverage`,
    windowStart: window.start,
    windowEnd: window.end,
    coverage: load.coverage,
    confidence: load.coverage >= wholeCoverage ? 'high' : 'medium',
    lastBusy: lastBusyOf(course, window),
    wastedShare: unusedShare * load.ranShare, // what is stopped costs nothing, and wastes nothing
  };
}

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

/** Share of the periods in which the instance ran that these are, 0 to 1. */
function coverageOf(periods: ReadonlyMap<number, unknown>, ran: ReadonlyMap<number, unknown>): number {
  let count = 0;
  for (const period of ran.keys()) if (periods.has(period)) count += 1;
  return count / ran.size;
}

/** By nearest rank: the smallest value that 95 % of all are at or below; 0 where there is none. */
export function p95(values: Iterable<number>): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.max(0, Math.ceil(sorted.length * 0.95) - 1)] ?? 0;
}

/** When a device worked last within the window; its start where none did. */
function lastBusyOf({ devices }: Course, window: Window): IsoTime {
  const busy = devices.flatMap(({ averages }) =>
    [...within(averages, window)].flatMap(([at, value]) => (value > 0 ? [at] : [])),
  );
  return toTime(busy.reduce((one, other) => Math.max(one, other), Date.parse(window.start)));
}

/** A period is one of work from this mean on. */
const workingPercent = 5;
/** How a saw-tooth looks in one period: its peak, and how far the mean lies below. */
const toothPeak = 80;
const toothDepth = 30;
/** Percent of the working periods that are teeth. */
const toothShare = 50;
const shortCpu = 90;

/**
 * Whether the devices wait for data, in a sentence: their utilisation jumps between nearly all and little within
 * minutes, while the CPU that prepares their data has nothing left.
 */
function starvationOf({ course: { devices, cpu }, window }: Case, slack: number): string | undefined {
  const cpuOf = within(cpu, window);
  const courses = devices.map(({ averages, peaks }) => ({ averages: within(averages, window), peaks }));
  const [busiest] = courses.toSorted((a, b) => mean(b.averages.values()) - mean(a.averages.values()));
  if (busiest?.peaks === undefined) return undefined;
  const peaks = within(busiest.peaks, window);
  const working = [...busiest.averages].flatMap(([at, average]) => {
    const peak = peaks.get(at);
    return average >= workingPercent && peak !== undefined ? [{ at, average, peak }] : [];
  });
  const teeth = working.filter(({ average, peak }) => peak >= toothPeak && peak - average >= toothDepth);
  if (working.length === 0 || teeth.length * 100 < working.length * (toothShare - slack)) return undefined;
  const load = median(working.flatMap(({ at }) => cpuOf.get(at) ?? []));
  if (load === undefined || load < shortCpu - slack) return undefined;
  const average = mean(working.map((period) => period.average));
  return `it jumps between idle and full, ${percent(average)} on average, while the CPU is at ${percent(load)}: it waits for its data`;
}

/** 0 where there is none. */
function mean(values: Iterable<number>): number {
  let [sum, count] = [0, 0];
  for (const value of values) [sum, count] = [sum + value, count + 1];
  return count === 0 ? 0 : sum / count;
}

function median(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

/** The share of its memory that the fullest device holds, percent; undefined where nobody knows how much it has. */
function memoryPercentOf({ accelerators }: InstanceTypeFacts, held: readonly number[]): number | undefined {
  const { memoryMib = 0, cores = 1 } = accelerators ?? {};
  return memoryMib === 0 ? undefined : (Math.max(...held) / (memoryMib / cores)) * 100;
}

/**
 * The most that each device ever held, MiB: what doesn't fit once fails. Undefined where one of them doesn't tell it, or
 * for too little of the time.
 */
function memoryHeld({ course: { devices, cpu }, window, policy }: Case): number[] | undefined {
  const ran = within(cpu, window);
  const held = devices.map(({ memoryMib }) => {
    const periods = memoryMib ? within(memoryMib, window) : new Map<number, number>();
    return coverageOf(periods, ran) < policy.coverage ? undefined : largest(periods.values());
  });
  return held.every((value) => value !== undefined) ? held : undefined;
}

const largest = (values: Iterable<number>): number => {
  let most = 0;
  for (const value of values) most = Math.max(most, value);
  return most;
};

/**
 * The cheapest type that carries the load on 80 % of its devices, memory and CPUs, and costs less. Types without a
 * price are taken only where none has one, the one with the fewest devices and CPUs first.
 */
function smallestFit(
  { course: { facts: own, cpu }, window, load }: Case,
  held: readonly number[],
  { rate, smaller = [] }: Given,
): SmallerType | undefined {
  const cpus = (p95(within(cpu, window).values()) / 100) * own.vcpus;
  const needed = held.reduce((sum, mib) => sum + mib, 0);
  const fits = smaller.filter(({ facts, hourlyRate }) => {
    const { accelerators } = facts;
    if (accelerators?.kind !== own.accelerators?.kind || accelerators === undefined) return false;
    return (
      isSmaller(facts, own) &&
      devicesOf(facts) * 100 * plannedLoad >= load.total &&
      accelerators.memoryMib > 0 &&
      (accelerators.memoryMib / accelerators.cores) * plannedLoad >= Math.max(...held) &&
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
