import { parseArgs } from 'node:util';
import type { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { DescribeInstancesCommand, type EC2Client } from '@aws-sdk/client-ec2';
import { openSampleAccount, readSampleConfig } from '../cli/sample/account.ts';
import { generateWorld } from '../cli/sample/generate.ts';
import { discoverDeviceMetrics, getSeries, instanceMetric } from '../shared/aws/cloudwatch.ts';
import { readMeter, resetMeter } from '../shared/aws/meter.ts';
import { containerMetrics } from '../shared/compute/container-source.ts';
import { type MetricQuery, periodSeconds } from '../shared/compute/metric.ts';
import { deviceMetricNames } from '../shared/compute/metric-source.ts';
import { windowBefore } from '../shared/compute/utilization.ts';
import { parseConfig } from '../shared/config.ts';
import { decide } from '../shared/schedule/decision.ts';
import { openTable } from '../shared/store/table.ts';
import { homeOf, type Target, targetsOf } from '../shared/target.ts';
import { type Plan, planSchedules } from '../shared/watch/plan-schedules.ts';
import { targetClients } from '../shared/watch/target-clients.ts';
import { watchUtilization } from '../shared/watch/utilization.ts';

/**
 * What a sweep over a large fleet takes: AWS calls, the least that the APIs allow for the same questions, and how many
 * instances a second are decided on, in the sample account's process. Beside it the plain way in the same run: small
 * pages, and for each instance one call for all of its metrics. It only asks and decides nothing, so that its own
 * seconds would tell nothing.
 */
const { values: options } = parseArgs({
  options: {
    instances: { type: 'string', default: '5000' },
    targets: { type: 'string', default: '1' },
  },
});
const instances = Number(options.instances);
process.env['POWERTOOLS_LOG_LEVEL'] = 'SILENT';

const now = '2026-11-16T18:05:00Z'; // five minutes after the office hours
const world = generateWorld({ instances, targets: Number(options.targets) });
const sample = await openSampleAccount({ now, world });
const config = parseConfig(readSampleConfig());
const targets = targetsOf(config, homeOf(process.env)).slice(0, Number(options.targets));
const table = openTable(sample.env['TABLE_NAME'] ?? '');

type Pass = {
  seconds: number;
  calls: (operation: string) => number;
  /** Metrics asked for, and the calls that so many need: one speaks of one account and region. */
  queries: number;
  leastDataCalls: number;
  /** Dollars. */
  cost: number;
};

/** Runs one pass over every target. */
async function measured(run: (target: Target) => Promise<unknown>): Promise<Pass> {
  resetMeter();
  let leastDataCalls = 0;
  const start = performance.now();
  for (const target of targets) {
    const before = readMeter().metricQueries;
    await run(target);
    leastDataCalls += Math.ceil((readMeter().metricQueries - before) / 500);
  }
  const seconds = (performance.now() - start) / 1000;
  const { calls, metricQueries, cost } = readMeter();
  const count = (operation: string) => calls[operation] ?? 0;
  return { seconds, calls: count, queries: metricQueries, leastDataCalls, cost };
}

/** At least, by the calls a second that CloudWatch answers in an account and region. */
const secondsOfCloudWatch = ({ calls }: Pass): number =>
  calls('CloudWatch:GetMetricData') / 50 / targets.length;

const pageSize = 100;

/** The ids of a target's instances, in pages as they are often asked for. */
async function describePlainly(client: EC2Client): Promise<string[]> {
  const ids: string[] = [];
  let NextToken: string | undefined;
  do {
    const page = await client.send(new DescribeInstancesCommand({ MaxResults: pageSize, NextToken }));
    const found = page.Reservations?.flatMap(({ Instances = [] }) => Instances) ?? [];
    ids.push(...found.flatMap(({ InstanceId }) => InstanceId ?? []));
    NextToken = page.NextToken;
  } while (NextToken);
  return ids;
}

/** Every metric of every instance, one call each. GPUs are discovered as we do it: per instance it would be worse. */
async function measurePlainly(client: CloudWatchClient, ids: readonly string[], minutes: number) {
  const { listed } = await discoverDeviceMetrics(client, ['CWAgent']);
  const byInstance = Map.groupBy(
    listed,
    ({ dimensions }) => dimensions.find(({ name }) => name === 'InstanceId')?.value,
  );
  for (const id of ids) {
    const metrics = [
      ...(byInstance.get(id) ?? []),
      ...(['CPUUtilization', 'NetworkIn', 'NetworkOut'] as const).map((name) => instanceMetric(name, id)),
    ];
    const queries = metrics.map((metric): MetricQuery => ({ metric, statistic: 'Maximum' }));
    await getSeries(client, queries, windowBefore(now, minutes), periodSeconds);
  }
}

const plainly = (minutes: number) =>
  measured(async (target) => {
    const { ec2, cloudWatch } = targetClients(target);
    await measurePlainly(cloudWatch, await describePlainly(ec2), minutes);
  });

const row = (name: string, ...cells: string[]): void =>
  console.log(`  ${name.padEnd(30)}${cells.map((cell) => cell.padStart(12)).join('')}`);

const whole = (value: number): string => Math.round(value).toLocaleString('en');
const ratio = (plain: number, ours: number): string =>
  `${(plain / ours).toFixed(plain / ours < 10 ? 1 : 0)}x`;

/** The figures of one pass beside the plain way, and the least calls for as many pages, metrics and queries. */
function report(title: string, ours: Pass, plain: Pass, listings: number): void {
  const count = (name: string, operation: string, least: number) => {
    const [made, plainly] = [ours.calls(operation), plain.calls(operation)];
    row(name, whole(made), whole(least), whole(plainly), ratio(plainly, made));
  };
  console.log(`\n${title}\n`);
  row('', 'calls', 'least', 'plain way', 'spared');
  count('DescribeInstances', 'EC2:DescribeInstances', leastPages);
  count('ListMetrics', 'CloudWatch:ListMetrics', listings);
  count('GetMetricData', 'CloudWatch:GetMetricData', ours.leastDataCalls);
  row('metrics asked for', whole(ours.queries), '', whole(plain.queries), ratio(plain.queries, ours.queries));
  row('dollars', ours.cost.toFixed(4), '', plain.cost.toFixed(4), ratio(plain.cost, ours.cost));
  row(
    'seconds that CloudWatch takes',
    ...[ours, undefined, plain].map((pass) => (pass ? secondsOfCloudWatch(pass).toFixed(1) : '')),
  );
  row('seconds here', ours.seconds.toFixed(2));
  row('instances a second here', whole(instances / ours.seconds));
}

const perTarget = Object.values(world.instances).flatMap((regions) => Object.values(regions));
const leastPages = perTarget.reduce((sum, { length }) => sum + Math.ceil(length / 1000), 0);

/** Every namespace is asked for once, a large one then for each name that counts. */
const leastListings = perTarget.reduce((sum, members) => {
  const gpus = members.reduce((count, { type }) => count + (world.types[type]?.gpu?.count ?? 0), 0);
  const pages = Math.ceil(gpus / 500);
  const namespaces = config.utilization.namespaces.length;
  const isLarge = 4 * gpus > 500; // utilisation, power, memory used and in all
  return sum + namespaces + (isLarge ? deviceMetricNames.length + 3 * (pages - 1) : 0);
}, 0);

/** What pods and tasks request and use is asked for by its name. */
const leastOfContainers =
  Object.values(containerMetrics).flatMap(({ gpus }) => gpus).length * perTarget.length;

console.log(`Node ${process.version}, ${whole(instances)} instances in ${targets.length} target(s)`);

const plans: Plan[] = [];
const planned = await measured(async (target) => {
  plans.push(await planSchedules({ ...targetClients(target), table }, target, config, now));
});
report('enforce-schedules: what to do with each', planned, await plainly(config.stop.idle), leastListings);
const inputs = plans.flatMap((plan) => plan.planned.map(({ input }) => input));
const start = performance.now();
for (const input of inputs) decide(input);
row('decisions alone, a second', whole((inputs.length / (performance.now() - start)) * 1000));

const watchAt = (time: string) =>
  measured((target) => watchUtilization({ ...targetClients(target), table }, target, config, time));
const first = await watchAt(now);
const ofAll = leastListings + leastOfContainers;
report('watch-utilization: which are idle', first, await plainly(config.idle.window), ofAll);
for (const time of ['2026-11-16T19:05:00Z', '2026-11-16T20:05:00Z', '2026-11-16T21:05:00Z']) {
  sample.setNow(time);
  const { queries, seconds } = await watchAt(time);
  row(`at ${time.slice(11, 16)}: metrics, seconds`, whole(queries), seconds.toFixed(2));
}

await sample.close();
