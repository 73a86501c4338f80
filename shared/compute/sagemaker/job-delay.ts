import { type IsoTime, later, toTime } from '../../period.ts';
import { formatDuration } from '../duration.ts';
import type { Utilization } from '../utilization.ts';
import { asTold, instancesText, isOver, type Job, type JobPhase } from './job.ts';

/**
 * What SageMaker calls a training job that has not begun, or has to begin again. API reference: valid values are subject
 * to change, so that what isn't among them counts as work.
 */
const startingPhases = new Set([
  'Starting',
  'Pending',
  'LaunchingMLInstances',
  'PreparingTrainingStack',
  'Downloading',
  'DownloadingTrainingImage',
  'Restarting',
  'Interrupted',
]);

export const isStartingPhase = (phase: string): boolean => startingPhases.has(phase);

/** Whether a job that was asked for has not begun to work, or waits to begin again. */
export const isWaiting = ({ status, waitingSince }: Job): boolean =>
  status === 'InProgress' && waitingSince !== undefined;

/** A verdict, and since when it holds. */
type Delay = { utilization: Utilization; since: IsoTime };

/**
 * A job that waits for longer than it should. Until its instances run nobody pays for them, then what they wait for, data
 * or an image, is paid for as work is: that is an episode of its own, which begins with the first dollar.
 */
export function judgeStart(job: Job, startingMinutes: number, now: IsoTime): Delay | undefined {
  const phases = waitsOf(job);
  if (phases === undefined || !isWaiting(job)) return undefined;
  const [paid, late] = [paidSince(job, phases), lateSince(job, phases)];
  const isStuck = late !== undefined && Date.parse(now) - Date.parse(late) > startingMinutes * 60_000;
  const utilization = asTold(job, now, {
    state: isStuck ? 'idle' : 'busy',
    reason: `${phasesText(phases, now)}, ${instancesText(job)}, ${paidText(job, phases, paid, now)}`,
    ...(isStuck && { check: 'job-stuck-starting', ...(paid && { wastedShare: 1 }) }),
  });
  return { utilization, since: paid ?? phases[0].since };
}

type Phases = readonly [JobPhase, ...JobPhase[]];

function waitsOf({ waits = [], waitingSince, phase }: Job): Phases | undefined {
  const [first, ...others] = waits;
  if (first !== undefined) return [first, ...others];
  return waitingSince === undefined ? undefined : [{ phase: phase ?? 'not started', since: waitingSince }];
}

/** Without instances: none yet, or managed spot capacity was taken away. */
const unpaidPhases = new Set(['Pending', 'Interrupted']);

/**
 * Since when what it waits for is paid for. SageMaker API reference: training is billed from TrainingStartTime on, which
 * is before data and image are downloaded.
 */
function paidSince({ startedAt }: Job, phases: Phases): IsoTime | undefined {
  if (startedAt === undefined) return undefined;
  const unpaid = phases.findLastIndex(({ phase }) => unpaidPhases.has(phase));
  const resumed = unpaid < 0 ? phases[0] : phases[unpaid + 1];
  return resumed && later(startedAt, resumed.since);
}

/** Whether nothing of its rate is paid for: its instances have not come yet, or were taken away. */
export function isUnpaid(job: Job): boolean {
  if (isOver(job)) return false;
  if (job.startedAt === undefined) return true;
  const phases = waitsOf(job);
  return isWaiting(job) && phases !== undefined && paidSince(job, phases) === undefined;
}

/** Since when it should be at work; undefined where it waits for the hours that its training plan has bought. */
function lateSince(job: Job, phases: Phases): IsoTime | undefined {
  const waited = isPlanned(job) ? phases.findLastIndex(({ phase }) => phase === 'Pending') : -1;
  return phases[waited + 1]?.since;
}

const isPlanned = ({ payment }: Job): boolean => payment === 'plan';

/** How long it has waited in each phase: `Pending for 20 h, then Downloading for 6 min`. */
function phasesText(phases: Phases, now: IsoTime): string {
  const lengths = phases.map(({ phase, since }, index) => ({
    phase,
    length: Date.parse(phases[index + 1]?.since ?? now) - Date.parse(since),
  }));
  return [...Map.groupBy(lengths, ({ phase }) => phase)]
    .map(([phase, alike]) => ({ phase, length: alike.reduce((sum, { length }) => sum + length, 0) }))
    .map(({ phase, length }) => `${phase} for ${formatDuration(length)}`)
    .join(', then ');
}

function paidText(job: Job, phases: Phases, paid: IsoTime | undefined, now: IsoTime): string {
  if (paid === undefined) {
    const isReserved = isPlanned(job) && lateSince(job, phases) === undefined;
    return isReserved
      ? 'until the hours of its training plan begin'
      : 'which nobody pays for before they run';
  }
  const isAll = Date.parse(paid) <= Date.parse(phases[0].since);
  const span = formatDuration(Date.parse(now) - Date.parse(paid));
  return isAll ? 'which are paid for' : `which are paid for since they run, ${span}`;
}

/** For how long a job may run, and whose limit that is. */
export type RunLimit = { hours: number; team?: string | undefined };

/**
 * A job that runs for longer than its team allows. Whether it works is another question, and so is what that wastes:
 * `utilization` has answered both.
 */
export function judgeLimit(
  job: Job,
  { hours, team }: RunLimit,
  utilization: Utilization,
  now: IsoTime,
): Delay | undefined {
  if (job.startedAt === undefined || isOver(job)) return undefined;
  const limitAt = Date.parse(job.startedAt) + hours * 3_600_000;
  const excess = Date.parse(now) - limitAt;
  if (excess <= 0) return undefined;
  const ran = formatDuration(Date.parse(now) - Date.parse(job.startedAt));
  const whose = team === undefined ? '' : ` of team ${team}`;
  const limit = `the limit${whose} of ${formatDuration(hours * 3_600_000)}`;
  const told = asTold(job, now, {
    state: utilization.state,
    check: 'job-over-limit',
    reason: `running for ${ran}, ${formatDuration(excess)} over ${limit}, ${instancesText(job)}`,
  });
  return { utilization: { ...told, lastBusy: utilization.lastBusy }, since: toTime(limitAt) };
}
