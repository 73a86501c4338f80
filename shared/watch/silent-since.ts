import { inBatchesByWeight } from '../batches.ts';
import { hourMs } from '../compute/hours.ts';
import type { Instance } from '../compute/instance.ts';
import type { Series, Window } from '../compute/metric.ts';
import { silentSince } from '../compute/silence.ts';
import { type IsoTime, toTime } from '../period.ts';
import { largestOf, readSeries, type Sources, seriesOf } from './measure.ts';
import type { Watched } from './observe.ts';

/** How far back to look for the last work: CloudWatch keeps hours for longer, nobody needs to be told. */
const lookBackMs = 14 * 24 * 3_600_000;
/** Two weeks of hours of so many fill a call. */
const metricsAtOnce = 300;

/** An instance that is silent since `before` at the latest: as a whole, or in those of its devices that are. */
type Silent = { instance: Instance; before: IsoTime; isPart: boolean };

/**
 * Since when instances have been silent that nobody knew to be, by instance id; once an episode, so that hourly maxima
 * will do.
 */
export async function silentSinces(
  { clients, config, now }: Watched,
  silent: readonly Silent[],
  { devices }: Sources,
): Promise<Map<string, IsoTime>> {
  const end = Math.ceil(Date.parse(now) / hourMs) * hourMs;
  const window: Window = { start: toTime(end - lookBackMs), end: toTime(end) };
  const found = new Map<string, IsoTime>();
  const metrics = ({ instanceId }: Instance) =>
    (devices.get(instanceId) ?? []).map(({ utilization }) => utilization);
  const countOf = ({ instance }: Silent) => metrics(instance).flat().length;
  const percent = config.idle.gpuPercent;
  for (const some of inBatchesByWeight(silent, metricsAtOnce, countOf)) {
    const queries = some.flatMap(({ instance }) => metrics(instance).flatMap(largestOf));
    const readings = await readSeries(clients.cloudWatch, queries, window, 3600);
    for (const { instance, before, isPart } of some) {
      const hours = metrics(instance).map((one) => seriesOf(one, readings) ?? { points: [] });
      const quiet = isPart ? hours.filter((series) => isSilentSince(series, before, percent)) : hours;
      const { launchTime, instanceId } = instance;
      found.set(instanceId, silentSince(quiet, { launchTime, before, percent }));
    }
  }
  return found;
}

/** Whether no whole hour since then is one of work. */
const isSilentSince = ({ points }: Series, before: IsoTime, percent: number): boolean =>
  points.every(({ at, value }) => at < Date.parse(before) || value <= percent);
