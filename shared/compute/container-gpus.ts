import { toTime } from '../period.ts';
import { counted, largestOf, lengthOf, percent, rangeOf } from './evidence-text.ts';
import { hourSeconds, hoursOf } from './hours.ts';
import { periodSeconds, type Series, type Window } from './metric.ts';
import { type IdlePolicy, type Reading, toReading } from './signals.ts';
import { type Confidence, type Utilization, wholeCoverage } from './utilization.ts';

/** A pod, or an ECS task, over the window. */
export type Holder = {
  name: string;
  /** GPUs it requests; absent where nothing tells of any pod, without points where it tells of others alone. */
  requested?: Series | undefined;
  /** The GPUs it holds, in percent both; the second absent where it wasn't read. */
  gpus: readonly { index: string; utilization: Series; memoryPercent?: Series | undefined }[];
};

export type ContainerPolicy = Pick<IdlePolicy, 'gpuPercent' | 'memoryPercent' | 'coverage'> & {
  /** A warm standby, which may hold its memory for good. */
  isStandby?: boolean;
};

/** The largest utilisation of all GPUs of a workload in each hour of the longer window. */
export type Rest = { window: Window; utilization: Series };

/**
 * Whether the GPUs that a workload requests do something. A workload is judged as a whole: its pods come and go, and in
 * each period every pod that is there must report as many GPUs as it requests. Idle needs all of them silent, without memory
 * held; where memory is held, or not reported, they must have been silent through `rest`. Half of them or more silent
 * beside others that work are underused. Unknown in every other case.
 */
export function judgeContainerGpus(
  holders: readonly Holder[],
  window: Window,
  policy: ContainerPolicy,
  rest?: Rest,
): Utilization {
  const views = viewsOf(holders, window, policy);
  const gpus = views.flatMap((view) => view.gpus);
  const coverage = coverageOf(views, window);
  const seen = { windowStart: window.start, windowEnd: window.end, coverage };
  const busyAt = gpus.flatMap(({ use }) => use.busyAt ?? []);
  if (busyAt.length > 0) {
    const lastBusy = toTime(Math.max(...busyAt));
    return { ...seen, lastBusy, ...(partVerdict(views, window, policy) ?? busyVerdict(gpus, window)) };
  }
  const doubt = doubtOf(views, coverage, window, policy);
  if (doubt !== undefined) return { ...seen, ...unknown(doubt) };
  if (isLoaded(views, policy)) return { ...seen, ...loadedVerdict(views, window, policy, rest) };
  return { ...seen, ...unusedVerdict(views, coverage, window) };
}

/** Whether `rest` would tell more: its GPUs are silent, and hold memory or don't report it. */
export function isResting(holders: readonly Holder[], window: Window, policy: ContainerPolicy): boolean {
  const views = viewsOf(holders, window, policy);
  const isSilent = views.every(({ gpus }) => gpus.every(({ use }) => use.busyAt === undefined));
  const isCertain = doubtOf(views, coverageOf(views, window), window, policy) === undefined;
  return !policy.isStandby && isSilent && isCertain && isLoaded(views, policy);
}

/** GPUs that the workload's pods request now; 0 where they request none, undefined where nothing tells. */
export function gpusRequested(holders: readonly Holder[], window: Window): number | undefined {
  const views = viewsOf(holders, window, { gpuPercent: 0 });
  const present = views.filter((view) => isPresent(view, window));
  const told = (present.length > 0 ? present : views).filter(({ asked }) => asked !== undefined);
  return told.length === 0 ? undefined : askedBy(told);
}

type Gpu = { holder: string; index: string; use: Reading; memory: Reading | undefined };

/** A pod as far as it was seen; `places` are the periods in which anything of it was told. */
type View = {
  name: string;
  gpus: Gpu[];
  asked: number | undefined;
  isAskedPublished: boolean;
  failure: string | undefined;
  places: ReadonlySet<number>;
};

const viewsOf = (
  holders: readonly Holder[],
  window: Window,
  policy: Pick<ContainerPolicy, 'gpuPercent'>,
): View[] => holders.map((holder) => viewOf(holder, window, policy));

function viewOf(
  { name, requested, gpus }: Holder,
  window: Window,
  policy: Pick<ContainerPolicy, 'gpuPercent'>,
): View {
  const view = gpus.map(({ index, utilization, memoryPercent }) => ({
    holder: name,
    index,
    use: toReading('utilization', `GPU ${index}`, utilization, policy.gpuPercent, window),
    memory: memoryPercent && toReading('memory', `GPU ${index}`, memoryPercent, Number.MAX_VALUE, window),
  }));
  const request = requested && toReading('utilization', name, requested, Number.MAX_VALUE, window);
  const told = view.filter(({ use }) => use.coverage > 0).length;
  return {
    name,
    gpus: view,
    // A pod's request doesn't change while it lives.
    asked: request === undefined ? told || undefined : request.coverage > 0 ? request.largest : undefined,
    isAskedPublished: request !== undefined,
    failure: requested?.failure ?? gpus.find(({ utilization }) => utilization.failure)?.utilization.failure,
    places: new Set([...view.map(({ use }) => use), ...(request ? [request] : [])].flatMap(placesOf(window))),
  };
}

const periodsOf = ({ start, end }: Window): number =>
  Math.max(0, Math.round((Date.parse(end) - Date.parse(start)) / 1000 / periodSeconds));

const usesOf = ({ gpus }: View): Reading[] => gpus.map(({ use }) => use);

/** The periods with data, by their place in the window. */
const placesOf =
  (window: Window) =>
  ({ coverage, gaps }: Reading): number[] => {
    if (coverage === 0) return [];
    const missing = new Set(gaps);
    return Array.from({ length: periodsOf(window) }, (_, place) => place).filter(
      (place) => !missing.has(place),
    );
  };

/** Periods after which a pod of which nothing is told any more counts as gone. */
const goneAfter = 3;

const askedBy = (views: readonly View[]): number => views.reduce((sum, { asked = 0 }) => sum + asked, 0);

const isPresent = ({ places }: View, window: Window): boolean =>
  Math.max(-1, ...places) >= periodsOf(window) - goneAfter;

/** Share of the periods in which each pod that was there told of as many GPUs as it requests. */
function coverageOf(views: readonly View[], window: Window): number {
  const periods = periodsOf(window);
  const there = new Set(views.flatMap(({ places }) => [...places]));
  const lacking = new Set(views.flatMap((view) => lackingIn(view, window)));
  return periods === 0 ? 0 : there.difference(lacking).size / periods;
}

function lackingIn({ gpus, asked = Number.POSITIVE_INFINITY, places }: View, window: Window): number[] {
  const told = Map.groupBy(
    gpus.flatMap(({ use }) => placesOf(window)(use)),
    (place) => place,
  );
  return [...places].filter((place) => (told.get(place)?.length ?? 0) < asked);
}

type Verdict = Pick<Utilization, 'state' | 'reason' | 'confidence'> &
  Partial<Pick<Utilization, 'check' | 'wastedShare' | 'windowStart' | 'windowEnd' | 'coverage' | 'lastBusy'>>;

const unused = { state: 'idle', check: 'gpu-requested-unused', wastedShare: 1 } as const;

const unusedVerdict = (views: readonly View[], coverage: number, window: Window): Verdict => ({
  ...unused,
  reason: `${silenceOf(views, window, window)}, ${memoryText(views)}, ${covered(coverage)}`,
  confidence: confidenceOf(views, coverage),
});

const unknown = (reason: string): Verdict => ({ state: 'unknown', reason, confidence: 'low' });

function busyVerdict(gpus: readonly Gpu[], window: Window): Verdict {
  const working = gpus.filter(({ use }) => use.busyAt !== undefined);
  const largest = Math.max(...working.map(({ use }) => use.largest));
  const reason = `${working.length} of ${counted(gpus.length, 'GPU')} at work in the last ${lengthOf(window)}, up to ${percent(largest)}`;
  return { state: 'busy', reason, confidence: 'high' };
}

/** Some GPUs work, and at least half of those requested now were silent all through, nothing in their memory. */
function partVerdict(views: readonly View[], window: Window, policy: ContainerPolicy): Verdict | undefined {
  const present = views.filter((view) => isPresent(view, window));
  const asked = askedBy(present);
  const silent = present.flatMap(({ gpus }) => gpus.filter((gpu) => isUnused(gpu, policy)));
  const isWhole =
    views.every(({ failure }) => failure === undefined) && present.every(({ asked }) => asked !== undefined);
  if (!isWhole || asked < 2 || silent.length * 2 < asked || silent.length > asked) return undefined;
  const coverage = Math.min(...silent.map(({ use }) => use.coverage));
  const reason = `${silent.length} of ${counted(asked, 'requested GPU')} at ${rangeOf(silent.map(({ use }) => use))} for ${lengthOf(window)} while others work, ${covered(coverage)}`;
  return {
    state: 'underused',
    check: 'gpu-requested-unused',
    wastedShare: silent.length / asked,
    reason,
    coverage,
    confidence: confidenceOf(present, coverage),
  };
}

const isUnused = ({ use, memory }: Gpu, policy: ContainerPolicy): boolean =>
  use.busyAt === undefined &&
  use.coverage >= policy.coverage &&
  memory !== undefined &&
  memory.coverage >= policy.coverage &&
  memory.largest <= policy.memoryPercent;

function doubtOf(
  views: readonly View[],
  coverage: number,
  window: Window,
  policy: ContainerPolicy,
): string | undefined {
  const failed = views.find(({ failure }) => failure !== undefined);
  if (failed) return `the GPUs of ${failed.name} could not be read: ${failed.failure}`;
  if (!views.some(({ gpus }) => gpus.some(({ use }) => use.coverage > 0))) {
    const asked = askedBy(views);
    const requests = asked > 0 ? `requests ${counted(asked, 'GPU')} and ` : '';
    return `${requests}reports no utilisation, as with MIG: missing is not idle`;
  }
  const mute = views.find(({ places }) => places.size === 0);
  if (mute) return `${mute.name} is too new, or tells nothing: missing is not idle`;
  const unasked = views.find(({ asked }) => asked === undefined);
  if (unasked) return `nothing tells how many GPUs ${unasked.name} requests, as it does of other pods`;
  const short = views.find((view) => lackingIn(view, window).length === view.places.size);
  if (short) return `${short.name} tells of fewer GPUs than it requests: missing is not idle`;
  if (!views.some((view) => isPresent(view, window))) {
    return `reported nothing in the last ${(goneAfter * periodSeconds) / 60} min: it ended, or its agent did`;
  }
  if (coverage >= policy.coverage) return undefined;
  return `its GPUs reported for ${Math.floor(coverage * 100)} % of the last ${lengthOf(window)}, too little to call them unused`;
}

/** What its GPUs hold at most, in percent; undefined where one of those seen doesn't report it. */
function memoryHeld(views: readonly View[]): number | undefined {
  const told = views.flatMap(({ gpus }) => gpus.filter(({ use }) => use.coverage > 0));
  const memory = told.flatMap((gpu) => (gpu.memory && gpu.memory.coverage > 0 ? gpu.memory : []));
  const isWhole = memory.length === told.length && memory.every(({ failure }) => failure === undefined);
  return isWhole ? Math.max(0, ...memory.map(({ largest }) => largest)) : undefined;
}

/** Memory is held, or not reported. */
const isLoaded = (views: readonly View[], { memoryPercent }: ContainerPolicy): boolean =>
  (memoryHeld(views) ?? Number.POSITIVE_INFINITY) > memoryPercent;

function memoryText(views: readonly View[]): string {
  const held = memoryHeld(views);
  return held === undefined ? 'memory not reported' : `at most ${percent(held)} of memory held`;
}

/** Only the longer window tells what is loaded, and forgotten, from what is loaded and waits. */
function loadedVerdict(
  views: readonly View[],
  window: Window,
  policy: ContainerPolicy,
  rest: Rest | undefined,
): Verdict {
  const waiting = waitingVerdict(views);
  if (policy.isStandby || rest === undefined) return waiting;
  const { failure } = rest.utilization;
  if (failure !== undefined) return unknown(`its last day could not be read: ${failure}`);
  const { coverage, lastBusy } = workIn(rest, policy);
  if (lastBusy !== undefined) return { ...waiting, lastBusy };
  if (coverage < policy.coverage) return waiting;
  return {
    ...unused,
    windowStart: rest.window.start,
    windowEnd: rest.window.end,
    coverage,
    reason: `${silenceOf(views, window, rest.window)}, ${memoryText(views)}, ${covered(coverage)}`,
    confidence: 'medium',
  };
}

function waitingVerdict(views: readonly View[]): Verdict {
  const silent = `no GPU was above ${percent(largestOf(views.flatMap(usesOf)))}`;
  if (memoryHeld(views) === undefined)
    return unknown(`${memoryText(views)}, though ${silent}: a loaded model can't be ruled out`);
  const reason = `loaded, not computing: ${memoryText(views)}, though ${silent}`;
  return { state: 'busy', reason, confidence: 'medium' };
}

/** How much of the longer window was told, and when a GPU worked in it last. */
function workIn({ window, utilization }: Rest, { gpuPercent }: ContainerPolicy) {
  const hours = [...hoursOf(utilization, window)];
  const busy = hours.flatMap(([hour, value]) => (value > gpuPercent ? [hour] : []));
  const length = (Date.parse(window.end) - Date.parse(window.start)) / 1000 / hourSeconds;
  return {
    coverage: length > 0 ? hours.length / length : 0,
    lastBusy: busy.length === 0 ? undefined : toTime(Math.max(...busy)),
  };
}

/** `2 of 2 requested GPUs at 0-1 % for 3 h`, of the pods that are there. */
function silenceOf(views: readonly View[], window: Window, span: Window): string {
  const present = views.filter((view) => isPresent(view, window));
  const told = present.flatMap(usesOf).filter(({ coverage }) => coverage > 0);
  const noun = present.some(({ isAskedPublished }) => isAskedPublished) ? 'requested GPU' : 'GPU';
  const count = Math.max(told.length, askedBy(present));
  return `${told.length} of ${counted(count, noun)} at ${rangeOf(told)} for ${lengthOf(span)}`;
}

/** What tells what a workload requests may be missing: then the GPUs seen are taken for all of them. */
const confidenceOf = (views: readonly View[], coverage: number): Confidence =>
  coverage >= wholeCoverage && views.every(({ isAskedPublished }) => isAskedPublished) ? 'high' : 'medium';

const covered = (coverage: number): string => `${Math.floor(coverage * 100)} % coverage`;
