import { periodSeconds, type Series } from '../shared/compute/metric.ts';
import { toTime } from '../shared/period.ts';
import { pointsWithin } from './evidence-text.ts';
import type { ViewedEvidence } from './utilization-view.ts';

/**
 * What was measured, for programs: of each series the largest value of each `periodSeconds` in the window that people
 * see drawn, by the time at which the period begins. Percent, MiB, Watts, and bytes a second.
 */
export function evidenceJson({ window, devices, cpu, networkIn, networkOut, noun }: ViewedEvidence) {
  const span = { start: Date.parse(window.start), end: Date.parse(window.end) };
  const told = (series: Series | undefined) =>
    series && {
      points: pointsWithin(series, span).map(({ at, value }) => ({ at: toTime(at), value })),
      failure: series.failure,
    };
  return {
    window,
    periodSeconds,
    noun,
    devices: devices.map(({ index, utilization, memoryUsed, power }) => ({
      index,
      utilization: told(utilization),
      memoryUsed: told(memoryUsed),
      power: told(power),
    })),
    cpu: told(cpu),
    networkIn: told(networkIn),
    networkOut: told(networkOut),
  };
}
