import type { Alert } from '../../../shared/alert/alert.ts';
import { toTime } from '../../../shared/period.ts';
import { lastRun, type Machine, minute, spanOf, stateOf, workedIn } from './machine.ts';
import { brokenBy, recheck, startableSince, stoppableSince, type Warned } from './promises.ts';
import type { Sweep } from './region.ts';

/** What the simulation saw of one machine. */
type Seen = {
  warnings: Warned[];
  /** Stops that were made, and how often each was told. */
  stops: { at: number; told: number; weather: string }[];
  due: { stop: Due | undefined; start: Due | undefined };
};

/** Since when it has been due without a break, the first healthy sweep since then, and how many there were after its grace. */
type Due = { since: number; first: number; chances: number };

export type Counts = {
  stops: number;
  starts: number;
  warnings: number;
  alerts: number;
  /** How often something was due for long enough to be judged. */
  judged: number;
};

/** Who watches the watch: sees each change and each alert, knows what is really so, and writes down what is broken. */
export function openWitness(machineOf: (id: string) => Machine | undefined, loadedWindow: number) {
  const seen = new Map<string, Seen>();
  const alerts = new Set<string>();
  const broken: string[] = [];
  const counts: Counts = { stops: 0, starts: 0, warnings: 0, alerts: 0, judged: 0 };
  const state = { now: 0, blockedUntil: 0, disturbedAt: 0, modeAt: 0, isObserved: true, weather: '' };

  const of = ({ id }: Machine): Seen => {
    const found = seen.get(id) ?? { warnings: [], stops: [], due: { stop: undefined, start: undefined } };
    seen.set(id, found);
    return found;
  };

  const complain = (promise: string, machine: Machine, detail = '') =>
    void broken.push(
      `${toTime(state.now)} ${promise} ${detail}\n  ${storyOf(machine, of(machine), state.now)}`,
    );

  function onPower(machine: Machine, action: 'stop' | 'start', sweep: Sweep, hibernate: boolean): void {
    const run = lastRun(machine);
    if (!run) return;
    if (action === 'stop') sweep.stops += 1;
    const { now, blockedUntil } = state;
    const span = spanOf(machine, sweep.time);
    const { warnings } = of(machine);
    const isCalm = state.weather === 'calm';
    const asked = {
      isCalm,
      machine,
      action,
      sweep,
      now,
      hibernate,
      run,
      span,
      warnings,
      blockedUntil,
      loadedWindow,
    };
    for (const name of brokenBy(asked)) complain(name, machine, `by the event of ${toTime(sweep.time)}`);
  }

  /** What was really changed since the last look, by the runs that the machines have had. */
  function noteChanges(machines: readonly Machine[]): void {
    for (const machine of machines) {
      const { stops } = of(machine);
      for (const run of machine.runs) {
        if (run.endedBy === 'watchdog' && run.to === state.now && stops.at(-1)?.at !== run.to) {
          stops.push({ at: run.to, told: 0, weather: state.weather });
          counts.stops += 1;
        }
        if (run.by === 'watchdog' && run.from === state.now) counts.starts += 1;
      }
    }
  }

  function onAlert(alert: Alert): void {
    counts.alerts += 1;
    if (alerts.has(alert.id)) broken.push(`${toTime(state.now)} noAlertComesTwice ${alert.id}`);
    alerts.add(alert.id);
    for (const item of alert.items) {
      const machine = machineOf(/i-[0-9a-f]{17}/.exec(item)?.[0] ?? '');
      if (!machine) continue;
      if (alert.kind === 'stop-warning') onWarning(machine, alert);
      if (alert.kind === 'stop-result' && item.startsWith('Stopped: ')) onTold(machine, alert);
    }
  }

  function onWarning(machine: Machine, { id, severity, at: time }: Alert): void {
    counts.warnings += 1;
    const at = Date.parse(time);
    const { warnings } = of(machine);
    const observed = severity === 'info';
    const { from } = spanOf(machine, at);
    const { taggedAt, keptAt, keptUntil } = machine;
    // Whoever answers a warning with a keep-until tag is warned again when that is over.
    const kept = Math.max(keptAt, Math.min(keptUntil, at));
    const since = Math.max(from, lastRun(machine)?.from ?? 0, taggedAt, kept, state.modeAt);
    const last = warnings.findLast((warning) => warning.observed === observed && warning.at > since);
    // What holds memory counts as at work again where a point of its rest is missing.
    const isSure = last && !machine.holdsMemory;
    if (isSure && !workedIn(machine, last.at - 20 * minute, at)) complain('nobodyIsWarnedTwice', machine, id);
    warnings.push({ at, deliveredAt: state.now, observed });
  }

  /** By the event that made the stop, or, where that run died, by a later one. */
  function onTold(machine: Machine, { id, at }: Alert): void {
    const time = Date.parse(at);
    const { stops } = of(machine);
    const untold = stops.findLast((one) => Math.abs(one.at - time) <= 20 * minute && one.told === 0);
    // Whoever stops by hand what a run claimed minutes before, and died, leaves no sign that it wasn't that run.
    const { to = 0, endedBy } = lastRun(machine) ?? {};
    if (untold === undefined && endedBy === 'person' && time - to <= 40 * minute) return;
    const stop = untold ?? stops.findLast((one) => one.at <= time);
    if (stop) stop.told += 1;
    if (stop?.told !== 1) complain('aStopIsToldOnce', machine, id);
  }

  /** After a sweep in which nothing went wrong: what is due, and was given its chances, must be done. */
  function afterHealthySweep(machines: readonly Machine[]): void {
    for (const machine of machines) {
      everyStopIsTold(machine);
      const { due } = of(machine);
      const grace = machine.meaning.kind === 'hours' ? machine.meaning.grace * minute : 0;
      due.stop = nextDue(due.stop, stoppableSince(machine, state.now, loadedWindow), grace);
      due.start = nextDue(due.start, startableSince(machine, state.now));
      if (due.stop && due.stop.chances >= 2) complain('whatIsDueIsStoppedWithinTwoSweeps', machine);
      if (due.start && due.start.chances >= 2) complain('whatIsDueIsStartedWithinTwoSweeps', machine);
    }
  }

  function nextDue(known: Due | undefined, dueSince: number | undefined, grace?: number): Due | undefined {
    // Whatever a bad run has left behind is over after half an hour.
    const since = dueSince && Math.max(dueSince, state.disturbedAt + recheck);
    if (since === undefined || since > state.now) return undefined;
    const due = known?.since === since ? known : { since, first: state.now, chances: 0 };
    if (due !== known) counts.judged += 1;
    // The first run only warns; a start needs no warning.
    const isChance = grace === undefined || (state.now > due.first && state.now >= due.first + grace);
    return isChance ? { ...due, chances: due.chances + 1 } : due;
  }

  /** What was stopped, and stays so with its tag, is told an hour later at the latest. */
  function everyStopIsTold(machine: Machine): void {
    const last = of(machine).stops.at(-1);
    if (last === undefined || last.told > 0 || lastRun(machine)?.to !== last.at) return;
    const isAskedFor = machine.taggedAt < last.at && machine.terminatedAt === undefined;
    const since = Math.max(last.at, state.disturbedAt);
    if (isAskedFor && state.now - since > 60 * minute) complain('everyStopIsTold', machine);
  }

  return { state, counts, broken, onPower, noteChanges, onAlert, afterHealthySweep };
}

/** What is known of a machine, for whoever looks for the reason. */
function storyOf({ open: _, ...machine }: Machine, seen: Seen, now: number): string {
  const story = {
    state: stateOf({ open: [], ...machine }, now),
    ...machine,
    ...seen,
    warnings: seen.warnings.slice(-4),
    stops: seen.stops.slice(-3),
  };
  const timed = (_key: string, value: unknown) =>
    typeof value === 'number' && value > 1e12 ? toTime(value).slice(5, 19) : value;
  return JSON.stringify(story, timed);
}
