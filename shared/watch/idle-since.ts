import { inBatchesByWeight } from '../batches.ts';
import type { Instance } from '../compute/instance.ts';
import type { Window } from '../compute/metric.ts';
import { isRead } from '../compute/signals.ts';
import { silentSince } from '../compute/silence.ts';
import { type IsoTime, toTime } from '../period.ts';
import { joined, largestOf, readSeries, type Sources } from './measure.ts';
import type { Watched } from './observe.ts';

/** How far back to look for the last work: CloudWatch keeps hours for longer, nobody needs to be told. */
const lookBackMs = 14 * 24 * 3_600_000;
/** Two weeks of hours of so many fill a call. */
const metricsAtOnce = 300;

/**
 * Since when the devices of newly idle instances have been silent, by instance id; once an episode, so that hourly
 * maxima will do. `before` is where the silence that was seen begins.
 */
export async function idleSinces(
  { clients, config, now }: Watched,
  idle: readonly { instance: Instance; before: IsoTime }[],
  { devices }: Sources,
): Promise<Map<string, IsoTime>> {
  const hourMs = 3_600_000;
  const end = Math.ceil(Date.parse(now) / hourMs) * hourMs;
  const window: Window = { start: toTime(end - lookBackMs), end: toTime(end) };
  const found = new Map<string, IsoTime>();
  const metrics = ({ instanceId }: Instance) =>
    (devices.get(instanceId) ?? []).map(({ utilization }) => utilization);
  const countOf = ({ instance }: (typeof idle)[number]) => metrics(instance).flat().length;
  for (const some of inBatchesByWeight(idle, metricsAtOnce, countOf)) {
    const queries = some.flatMap(({ instance }) => metrics(instance).flatMap(largestOf));
    const readings = await readSeries(clients.cloudWatch, queries, window, 3600);
    for (const { instance, before } of some) {
      const hours = metrics(instance).map((one) => {
        const series = joined(one, readings);
        return isRead(series) ? series : { points: [] };
      });
      const { launchTime, instanceId } = instance;
      found.set(instanceId, silentSince(hours, { launchTime, before, percent: config.idle.gpuPercent }));
    }
  }
  return found;
}
