import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import type { Pluggable } from '@smithy/types';
import { addClientPlugin, createClient } from '../../shared/aws/client.ts';
import { discoverDeviceMetrics, getSeries, instanceMetric } from '../../shared/aws/cloudwatch.ts';
import { callName, readMeter, resetMeter } from '../../shared/aws/meter.ts';
import { type MetricQuery, periodSeconds } from '../../shared/compute/metric.ts';
import { windowBefore } from '../../shared/compute/utilization.ts';
import { parseConfig } from '../../shared/config.ts';
import type { IsoTime } from '../../shared/period.ts';
import { openTable, type Table } from '../../shared/store/table.ts';
import { targetClients } from '../../shared/watch/target-clients.ts';
import { toSummary, watchUtilization } from '../../shared/watch/utilization.ts';
import { instanceIdOf, kindOf, openWorld, type World, type WorldSize } from './world.ts';

/**
 * Passes over a world in a process of their own, so that the memory they take is theirs. `fork` it with an `Order` as its
 * one argument; it sends what each pass took.
 */
export type Order = WorldSize & {
  /** Our watch, or every metric of every device in full batches. */
  way: 'watch' | 'plain';
  times: readonly IsoTime[];
  /** The table of the watch; without it nothing is remembered. */
  table?: string;
};

export type Pass = {
  seconds: number;
  /** Of the processor, the collection of garbage beside the pass included. */
  cpuSeconds: number;
  /** In which the table was asked or written to. */
  tableSeconds: number;
  listings: number;
  calls: number;
  leastCalls: number;
  metrics: number;
  metricsByKind: Record<string, number>;
  datapoints: number;
  /** Verdicts by their state; none of the plain way, which judges nothing. */
  states: Record<string, number>;
  /** Megabytes, of the process so far. */
  peakRss: number;
  peakHeap: number;
};

const config = parseConfig({});
const target = { account: '123456789012', region: 'eu-west-1' };

async function run({ way, times, table, ...size }: Order): Promise<Pass[]> {
  const world = openWorld(size, times[0] ?? '');
  const tableTime = clockTable();
  const heap = watchHeap();
  const open = table === undefined ? undefined : openTable(table);
  const passes: Pass[] = [];
  for (const time of times) {
    world.setNow(time);
    world.forget();
    resetMeter();
    const before = tableTime();
    const [start, cpu] = [performance.now(), process.cpuUsage()];
    const states = way === 'plain' ? await readPlainly(size, time) : await watch(time, open);
    const seconds = (performance.now() - start) / 1000;
    const { user, system } = process.cpuUsage(cpu);
    const cpuSeconds = (user + system) / 1e6;
    const tableSeconds = tableTime() - before;
    passes.push({ seconds, cpuSeconds, tableSeconds, states, ...asked(world), ...heap() });
  }
  world.close();
  return passes;
}

/** The verdicts by their state. Throws where a part could not be read: its figures would be those of nothing. */
async function watch(time: IsoTime, table: Table | undefined): Promise<Pass['states']> {
  const result = await watchUtilization({ ...targetClients(target), table }, target, config, time);
  const [gap] = result.gaps;
  if (gap) throw new Error(`${gap.what} could not be read: ${gap.why}`);
  return toSummary(result).states;
}

function asked(world: World) {
  const { metrics, datapoints, leastCalls } = world.asked();
  const { calls, metricQueries } = readMeter();
  const metricsByKind: Record<string, number> = {};
  for (const [instance, count] of metrics.entries()) {
    metricsByKind[kindOf(instance)] = (metricsByKind[kindOf(instance)] ?? 0) + count;
  }
  return {
    listings: calls['CloudWatch:ListMetrics'] ?? 0,
    calls: calls['CloudWatch:GetMetricData'] ?? 0,
    metrics: metricQueries,
    leastCalls,
    metricsByKind,
    datapoints,
  };
}

/** Every metric of every device, its CPU and its network, held until all are there. */
async function readPlainly({ instances }: WorldSize, now: IsoTime): Promise<Pass['states']> {
  const client = createClient(CloudWatchClient, { region: target.region });
  const { listed } = await discoverDeviceMetrics(client, ['CWAgent']);
  const own = Array.from({ length: instances }, (_, instance) =>
    (['CPUUtilization', 'NetworkIn', 'NetworkOut'] as const).map((name) =>
      instanceMetric(name, instanceIdOf(instance)),
    ),
  );
  const queries = [...listed, ...own.flat()].map((metric): MetricQuery => ({ metric, statistic: 'Maximum' }));
  const series = await getSeries(client, queries, windowBefore(now, config.idle.window), periodSeconds);
  return series.length === queries.length ? {} : { unanswered: queries.length - series.length };
}

/** Seconds so far in which at least one call to the table was under way. */
function clockTable(): () => number {
  let [open, since, total] = [0, 0, 0];
  const clock: Pluggable<object, object> = {
    applyToStack: (stack) =>
      stack.add(
        (next, context) => async (args) => {
          if (!callName(context).startsWith('DynamoDB:')) return next(args);
          if (open++ === 0) since = performance.now();
          try {
            return await next(args);
          } finally {
            if (--open === 0) total += (performance.now() - since) / 1000;
          }
        },
        { step: 'initialize', name: 'clockTable' },
      ),
  };
  addClientPlugin(clock);
  return () => total;
}

/** The peak of all memory is the kernel's own count; that of the heap is looked at every 20 ms. */
function watchHeap(): () => Pick<Pass, 'peakRss' | 'peakHeap'> {
  let peakHeap = 0;
  const look = () => {
    peakHeap = Math.max(peakHeap, process.memoryUsage().heapUsed / 1e6);
  };
  setInterval(look, 20).unref();
  return () => {
    look();
    return { peakRss: (process.resourceUsage().maxRSS * 1024) / 1e6, peakHeap };
  };
}

// The bundle is CommonJS, in which nothing can be awaited here.
const order = process.argv[2];
if (process.send && order) {
  const tell = process.send.bind(process);
  run(JSON.parse(order)).then((passes) => tell(passes, undefined, {}, () => process.exit()));
}
