import { type IsoTime, toTime } from '../../period.ts';
import { lengthOf, percent } from '../evidence-text.ts';
import { hourMs, hoursOf } from '../hours.ts';
import type { Point, Window } from '../metric.ts';
import { isRead } from '../signals.ts';
import { p95, type UnderusePolicy } from '../underuse.ts';
import type { Utilization } from '../utilization.ts';
import { allInstancesText, instancesOf, type Job } from './job.ts';
import { confidenceOf, gpuHostsOf, type MeasuredJob } from './job-utilization.ts';

/** The whole hours of a job's work within the last days; the hour that runs isn't told yet. */
export function wholeHours({ startedAt, createdAt }: Job, days: number, now: IsoTime): Window {
  const end = Math.floor(Date.parse(now) / hourMs) * hourMs;
  const started = Math.ceil(Date.parse(startedAt ?? createdAt) / hourMs) * hourMs;
  const start = Math.min(end, Math.max(started, end - days * 24 * hourMs));
  return { start: toTime(start), end: toTime(end) };
}

/** What it takes to call a job's GPUs underused, and how much of its hours must be told. */
export type JobUnderusePolicy = Pick<UnderusePolicy, 'days' | 'hours' | 'percent' | 'coverage'>;

/** Whether a job has run for long enough to ask how much its GPUs do. Of a mixed cluster nobody can tell. */
export const isMature = (
  measured: Pick<MeasuredJob, 'job' | 'facts'>,
  window: Window,
  { hours }: JobUnderusePolicy,
): boolean =>
  measured.job.clusters.length === 1 &&
  gpuHostsOf(measured) > 0 &&
  Date.parse(window.end) - Date.parse(window.start) >= hours * hourMs;

/**
 * A job whose GPUs have little to do on every host, by their hourly averages: what waits between two steps counts, what
 * waits for a checkpoint does not. Undefined where one host has enough to do, or where that can't be told.
 */
export function judgeJobUnderuse(
  { job, hosts }: MeasuredJob,
  window: Window,
  policy: JobUnderusePolicy,
): Utilization | undefined {
  const expected = (Date.parse(window.end) - Date.parse(window.start)) / hourMs;
  const told = hosts.flatMap(({ hourly }) => (isRead(hourly) && !hourly.failure ? [hourly] : []));
  if (told.length < instancesOf(job) || expected <= 0) return undefined;
  const courses = told.map((hourly) => [...hoursOf(hourly, window).values()]);
  const coverage = Math.min(...courses.map(({ length }) => length / expected));
  const busiest = Math.min(100, Math.max(...courses.map(p95)));
  if (coverage < policy.coverage || busiest >= policy.percent) return undefined;
  const covered = `${Math.floor(coverage * 100)} % coverage`;
  return {
    state: 'underused',
    check: 'underused-accelerator',
    reason: `GPUs at ${percent(busiest)} or less in 95 % of the last ${lengthOf(window)} on ${allInstancesText(job)}, ${covered}`,
    windowStart: window.start,
    windowEnd: window.end,
    coverage,
    confidence: confidenceOf(coverage),
    wastedShare: 1 - busiest / 100,
  };
}

/**
 * Since when a silent job has been so, by the hourly maxima of its hosts: back from the window, hour by hour, for as long
 * as every host says so. It ends at work, at an hour that one of them doesn't tell, and where the job began.
 */
export function silentSince({ job, hosts }: MeasuredJob, window: Window, limit: number): IsoTime {
  const courses = hosts.map(({ hourly }) => (isRead(hourly) ? hourly.points : []));
  // In a mixed cluster those without GPUs tell nothing of them.
  const told = job.clusters.length > 1 ? courses.filter(({ length }) => length > 0) : courses;
  const silent = told.map((points) => silentHours(points, limit));
  const began = Date.parse(job.phaseSince ?? job.startedAt ?? job.createdAt);
  let since = Date.parse(window.start);
  let hour = Math.floor(since / hourMs) * hourMs;
  while (silent.length > 0 && since > began && silent.every((hours) => hours.has(hour))) {
    since = Math.min(since, Math.max(hour, began));
    hour -= hourMs;
  }
  return toTime(since);
}

/** The hours of which each value told is at or below the limit. */
function silentHours(points: readonly Point[], limit: number): Set<number> {
  const values = points.filter(({ value }) => value >= 0);
  const working = new Set(values.filter(({ value }) => value > limit).map(({ at }) => at));
  return new Set(values.map(({ at }) => at).filter((at) => !working.has(at)));
}
