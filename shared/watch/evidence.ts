import { inBatches } from '../batches.ts';
import type { Observation } from '../compute/finding.ts';
import type { ReadSignals } from '../compute/hour-states.ts';
import { hourMs } from '../compute/hours.ts';
import {
  type DeviceMetrics,
  type Metric,
  type MetricQuery,
  periodSeconds,
  type Series,
  type Window,
} from '../compute/metric.ts';
import { windowBefore } from '../compute/utilization.ts';
import { toTime } from '../period.ts';
import { type Fleet, getFleet, sourcesOfFleet } from './fleet.ts';
import { largestOf, ownMetrics, perSecond, readSeries, type Sources, seriesOf } from './measure.ts';
import type { Watched } from './observe.ts';

/** One device's utilisation, percent, hour by hour. */
export type DeviceHours = { index: string; series: Series };

/** What was measured of an instance in the last day, of each device by its index. */
export type Evidence = Omit<ReadSignals, 'devices'> & {
  window: Window;
  devices: readonly (ReadSignals['devices'][number] & { index: string })[];
};

const hoursShown = 24;
const instancesAtOnce = 200;

/** The instances of a target, and where CloudWatch tells of their devices: for whoever looks at several of them. */
export async function openEvidence(watched: Watched): Promise<{ fleet: Fleet; sources: Sources }> {
  const fleet = await getFleet(watched);
  return { fleet, sources: await sourcesOfFleet(watched, fleet) };
}

/** The last day of every device of the instances among the observations, hourly maxima; $0.01 per 1,000 devices. */
export async function readCourses(
  { clients, now }: Watched,
  { devices }: Sources,
  observations: readonly Observation[],
): Promise<Map<string, DeviceHours[]>> {
  const end = Math.ceil(Date.parse(now) / hourMs) * hourMs;
  const window = { start: toTime(end - hoursShown * hourMs), end: toTime(end) };
  const ids = [...new Set(observations.map(({ resource }) => resource.id))].filter((id) => devices.has(id));
  const courses = new Map<string, DeviceHours[]>();
  for (const some of inBatches(ids, instancesAtOnce)) {
    const metrics = some.flatMap((id) => (devices.get(id) ?? []).flatMap(({ utilization }) => utilization));
    const readings = await readSeries(clients.cloudWatch, largestOf(metrics), window, 3600);
    for (const id of some) {
      const course = (devices.get(id) ?? []).map((device) => toCourse(device, readings));
      courses.set(id, course);
    }
  }
  return courses;
}

const toCourse = (
  { index, utilization }: DeviceMetrics,
  readings: ReadonlyMap<Metric, Series>,
): DeviceHours => ({
  index,
  series: seriesOf(utilization, readings) ?? { points: [] },
});

/** Everything that was measured of one instance in the last day; undefined where it isn't one of the fleet. */
export async function readEvidence(
  watched: Watched,
  { fleet, sources }: { fleet: Fleet; sources: Sources },
  instanceId: string,
): Promise<Evidence | undefined> {
  const member = fleet.members.find(({ instance }) => instance.instanceId === instanceId);
  if (member === undefined) return undefined;
  const { clients, now } = watched;
  const window = windowBefore(now, hoursShown * 60);
  const devices = sources.devices.get(instanceId) ?? [];
  const own = ownMetrics(instanceId);
  const readings = await readSeries(clients.cloudWatch, toQueries(devices, own), window, periodSeconds);
  return { window, ...toSignals(devices, own, readings, periodSeconds) };
}

type Own = ReturnType<typeof ownMetrics>;

/** Every signal of an instance: the largest sample of each period, and the sum of its traffic. */
export function toQueries(devices: readonly DeviceMetrics[], own: Own): MetricQuery[] {
  const ofDevices = devices.flatMap(({ utilization, memoryUsed, power }) => [
    ...utilization,
    ...memoryUsed,
    ...power,
  ]);
  const traffic = [own.networkIn, own.networkOut].map((metric) => ({ metric, statistic: 'Sum' as const }));
  return [...largestOf([...ofDevices, own.cpu]), ...traffic];
}

/** What was read of these signals in periods of so many seconds. */
export const toSignals = (
  devices: readonly DeviceMetrics[],
  own: Own,
  readings: ReadonlyMap<Metric, Series>,
  seconds: number,
): Omit<Evidence, 'window'> => ({
  devices: devices.map(({ index, utilization, memoryUsed, power, isSliced }) => ({
    index,
    ...(isSliced && { isSliced }),
    utilization: seriesOf(utilization, readings) ?? { points: [] },
    memoryUsed: seriesOf(memoryUsed, readings),
    power: seriesOf(power, readings),
  })),
  cpu: readings.get(own.cpu),
  networkIn: perSecond(readings.get(own.networkIn), seconds),
  networkOut: perSecond(readings.get(own.networkOut), seconds),
});
