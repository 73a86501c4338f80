import { type IsoTime, toTime } from '../../period.ts';
import { formatDuration } from '../duration.ts';
import type { Utilization } from '../utilization.ts';
import { asTold, instancesText, isOver, type Job } from './job.ts';

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

/**
 * A job that waits for longer than it should. Until its instances run nobody pays for them, then what they wait for, data
 * or an image, is paid for as work is.
 */
export function judgeStart(job: Job, startingMinutes: number, now: IsoTime): Utilization | undefined {
  if (job.waitingSince === undefined || !isWaiting(job)) return undefined;
  const waited = Date.parse(now) - Date.parse(job.waitingSince);
  const isStuck = waited > startingMinutes * 60_000;
  const isPaid = job.startedAt !== undefined && !unpaidPhases.has(job.phase ?? '');
  const paid = isPaid ? 'which are paid for' : 'which nobody pays for before they run';
  return asTold(job, now, {
    state: isStuck ? 'idle' : 'busy',
    reason: `${job.phase ?? 'not started'} for ${formatDuration(waited)}, ${instancesText(job)}, ${paid}`,
    ...(isStuck && { check: 'job-stuck-starting', ...(isPaid && { wastedShare: 1 }) }),
  });
}

/** Without instances, though it had some before: managed spot capacity was taken away. */
const unpaidPhases = new Set(['Pending', 'Interrupted']);

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
): { utilization: Utilization; since: IsoTime } | undefined {
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
