import {
  gpusOf,
  idleMinutes,
  lastRun,
  type Machine,
  minute,
  type Run,
  spanOf,
  stateOf,
  workedIn,
} from './machine.ts';
import { isLost, metricNames, period } from './measured.ts';
import type { Sweep } from './region.ts';

/** A warning that people have got. */
export type Warned = { at: number; deliveredAt: number; observed: boolean };

/** That a sweep is about to stop or start an instance, and what is really so. */
export type Asked = {
  machine: Machine;
  action: 'stop' | 'start';
  sweep: Sweep;
  now: number;
  hibernate: boolean;
  run: Run;
  /** The span of its hours at the time of the event. */
  span: ReturnType<typeof spanOf>;
  warnings: readonly Warned[];
  /** Until when the bill can't be believed. */
  blockedUntil: number;
  loadedWindow: number;
  /** Nothing goes wrong with AWS. */
  isCalm: boolean;
};

/** Minutes of its newest past that CloudWatch can't tell a run of: a period still open, and the one before. */
const unseen = 10;

const isAsked = ({ machine: { askedAt = 0 }, span, run }: Asked): boolean =>
  askedAt >= Math.max(span.from, run.from);

/** Whether it is stopped whatever it does. */
const isStoppedBusy = (asked: Asked): boolean =>
  isAsked(asked) || (asked.machine.meaning.kind === 'hours' && asked.machine.meaning.always);

const windowOf = ({ machine: { meaning }, sweep }: Asked) => ({
  from: sweep.time - (meaning.kind === 'hours' ? meaning.idle : 0) * minute,
  to: sweep.time - unseen * minute,
});

/** In which its devices must have been silent: longer where they hold memory. */
const deviceWindowOf = ({ machine, sweep, loadedWindow }: Asked) => ({
  from: sweep.time - idleMinutes(machine, loadedWindow) * minute,
  to: sweep.time - unseen * minute,
});

/** No busy instance is stopped without `always`, or somebody's word. */
function noBusyInstanceIsStopped(asked: Asked): boolean {
  const [window, ofDevices] = [windowOf(asked), deviceWindowOf(asked)];
  const { machine } = asked;
  const isBusy =
    workedIn(machine, window.from, window.to) || workedIn(machine, ofDevices.from, ofDevices.to, 'gpu');
  return isStoppedBusy(asked) || !isBusy;
}

/** What is not measured through the whole idle window is not idle. */
function unknownIsNeverIdle(asked: Asked): boolean {
  const { machine, sweep } = asked;
  const [{ from, to }, ofDevices] = [windowOf(asked), deviceWindowOf(asked)];
  const isSilent =
    gpusOf(machine) > 0 && machine.silent.some((one) => one.from < to && one.to > ofDevices.from);
  const isUnknown = isSilent || sweep.blind.has(machine.id) || lostIn(machine, from, to).length > 0;
  return isStoppedBusy(asked) || !isUnknown;
}

/** No instance is touched whose tag doesn't opt it in. */
const noUntaggedInstanceIsTouched = ({ machine: { meaning } }: Asked): boolean => meaning.kind === 'hours';

/** Nothing is stopped within its hours. */
const nothingIsStoppedWithinItsHours = ({ span }: Asked): boolean => !span.open;

/** What has just been started is not stopped before it can have been seen idle. */
const whatJustStartedIsLeft = ({ machine, sweep, run }: Asked): boolean =>
  sweep.time - run.from >= idleMinutes(machine, 0) * minute;

/** What somebody keeps by a tag is not touched. */
const keepUntilHolds = ({ machine: { keptUntil }, sweep }: Asked): boolean => keptUntil <= sweep.time;

/** What is protected is never touched: only EC2 itself knows of its stop protection, and refuses. */
const protectedIsNotStopped = ({ machine: { protection } }: Asked): boolean =>
  protection === undefined || protection === 'stop-protection';

/** In observe mode nothing is changed. */
const observeModeChangesNothing = ({ sweep }: Asked): boolean => sweep.config.enforce;

/** Nothing is stopped without a warning that people got, and that is as old as the grace period. */
function whoIsStoppedWasWarned(asked: Asked): boolean {
  const { machine, span, run, sweep, warnings, now } = asked;
  const grace = machine.meaning.kind === 'hours' ? machine.meaning.grace * minute : 0;
  const counts = ({ at, deliveredAt, observed }: Warned) =>
    !observed && at >= Math.max(span.from, run.from) && at + grace <= sweep.time && deliveredAt <= now;
  return isAsked(asked) || warnings.some(counts);
}

/** Nothing is stopped while the bill can't be believed. */
const doubtfulBillStopsNothing = ({ blockedUntil, sweep }: Asked): boolean => blockedUntil <= sweep.time;

/** No run stops more than the breaker lets through. */
const breakerHolds = ({ sweep }: Asked): boolean => sweep.stops <= sweep.config.stop.maxStops;

/** Only what runs is stopped: once, however many runs see it. A call that failed halfway may be made again. */
const onlyWhatRunsIsStopped = ({ machine, run, now, isCalm }: Asked): boolean =>
  stateOf(machine, now) === 'running' || (!isCalm && run.endedBy === 'watchdog' && run.to === now);

/** Only what can hibernate, and is to, does. */
const onlyWhatShouldHibernates = ({ machine, hibernate }: Asked): boolean =>
  !hibernate || (machine.canHibernate && machine.meaning.kind === 'hours' && machine.meaning.hibernate);

/** Only what its schedule starts is started, within its hours. */
const onlyItsScheduleStartsIt = ({ machine: { meaning }, span }: Asked): boolean =>
  meaning.kind === 'hours' && meaning.start && span.open;

/** A manual stop inside the hours is not undone. */
const manualStopStands = ({ run, span }: Asked): boolean =>
  !(run.endedBy === 'person' && (run.to ?? 0) >= span.from);

/** A window starts it once. */
const windowStartsOnce = ({ run, span }: Asked): boolean => !(run.by === 'watchdog' && run.from >= span.from);

/** Only what is stopped is started: once, however many runs see it. */
const onlyWhatIsStoppedIsStarted = ({ machine, now }: Asked): boolean => stateOf(machine, now) === 'stopped';

/** What is protected isn't started either, but for what only a stop would harm. */
const protectedIsNotStarted = ({ machine: { protection } }: Asked): boolean =>
  protection === undefined || ['stop-protection', 'local-disk'].includes(protection);

type Promised = (asked: Asked) => boolean;

const always: readonly Promised[] = [noUntaggedInstanceIsTouched, keepUntilHolds, observeModeChangesNothing];

const ofAction: Readonly<Record<Asked['action'], readonly Promised[]>> = {
  stop: [
    noBusyInstanceIsStopped,
    unknownIsNeverIdle,
    nothingIsStoppedWithinItsHours,
    whatJustStartedIsLeft,
    protectedIsNotStopped,
    whoIsStoppedWasWarned,
    doubtfulBillStopsNothing,
    breakerHolds,
    onlyWhatRunsIsStopped,
    onlyWhatShouldHibernates,
  ],
  start: [
    onlyItsScheduleStartsIt,
    manualStopStands,
    windowStartsOnce,
    onlyWhatIsStoppedIsStarted,
    protectedIsNotStarted,
  ],
};

/** The promises that a stop or start would break, by name. */
export const brokenBy = (asked: Asked): string[] =>
  [...always, ...ofAction[asked.action]].filter((keeps) => !keeps(asked)).map(({ name }) => name);

/**
 * What is due, can be stopped and has been idle is stopped within two sweeps after its grace period: since when it has
 * been so, in truth. Undefined where it isn't.
 */
export function stoppableSince(machine: Machine, now: number, loadedWindow: number): number | undefined {
  const { meaning, protection, keptUntil, keptAt, taggedAt, refusedAt } = machine;
  const run = lastRun(machine);
  const span = spanOf(machine, now);
  const isRunning = stateOf(machine, now) === 'running';
  if (meaning.kind !== 'hours' || span.open || !isRunning || !run) return undefined;
  if (protection !== undefined || keptUntil > now || refusedAt >= Math.max(span.from, run.from)) {
    return undefined;
  }
  const since = [span.from, taggedAt, keptAt, keptUntil, run.from + (meaning.idle + unseen + 5) * minute];
  if (meaning.always) return Math.max(...since);
  // What holds memory counts as at work until its devices have rested, and is looked at an idle window later.
  const again = machine.holdsMemory ? meaning.idle + unseen + 5 : 0;
  const window = (idleMinutes(machine, loadedWindow) + unseen + 5 + again) * minute;
  const gpus = gpusOf(machine);
  return Math.max(
    ...since,
    run.from + window,
    ...machine.work.map(({ to }) => Math.min(to, now) + window),
    // What could not be measured is looked at again after half an hour.
    ...(gpus > 0 ? machine.silent.map(({ to }) => Math.min(to, now) + window + recheck) : []),
    ...lostIn(machine, now - window - recheck, now).map((at) => at + window + recheck),
  );
}

export const recheck = 30 * minute;

/** The whole periods of a span of which something never came to CloudWatch. */
function lostIn(machine: Machine, from: number, to: number): number[] {
  const names = metricNames(gpusOf(machine));
  const lost: number[] = [];
  for (let at = Math.ceil(from / period) * period; at + period <= to; at += period) {
    if (names.some((name) => isLost(machine, name, at))) lost.push(at);
  }
  return lost;
}

/** What its schedule starts is started within two sweeps of its opening: since when it should be up, in truth. */
export function startableSince(machine: Machine, now: number): number | undefined {
  const { meaning, protection, keptUntil, keptAt, taggedAt } = machine;
  const run = lastRun(machine);
  const span = spanOf(machine, now);
  if (meaning.kind !== 'hours' || !meaning.start || !span.open || run?.to === undefined) return undefined;
  const isProtected = protection !== undefined && !['stop-protection', 'local-disk'].includes(protection);
  if (isProtected || keptUntil > now || stateOf(machine, now) !== 'stopped') return undefined;
  const isOurs = run.endedBy === 'watchdog' || run.to < span.from;
  const wasStarted = run.by === 'watchdog' && run.from >= span.from;
  return isOurs && !wasStarted
    ? Math.max(span.from, taggedAt, keptAt, keptUntil, run.to + minute)
    : undefined;
}
