import type { Pass } from './pass.ts';
import { instancesOf, kinds } from './world.ts';

/** AWS's price of a metric that GetMetricData is asked for, in dollars, and the days of a mean month. */
const perMetric = 0.01 / 1000;
const daysPerMonth = 30.4;

/** CloudWatch's quotas of an account and region: calls of either kind a second, and points older than three hours. */
const perSecond = { data: 50, listings: 25, points: 90_000 };

export const whole = (value: number): string => Math.round(value).toLocaleString('en');
const one = (value: number): string => value.toFixed(1);
const dollars = (value: number): string => value.toFixed(3);

export const ratio = (plain: number, ours: number): string =>
  ours === 0 ? '' : `${(plain / ours).toFixed(plain / ours < 10 ? 1 : 0)}x`;

export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, ['---', ...head.slice(1).map(() => '---:')], ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');

/** One pass in heaps of several sizes, the smallest first, and the plain way beside it. */
export function passTable(
  ours: readonly { name: string; pass: Pass }[],
  plain: Pass,
  instances: number,
): string {
  const passes = ours.map(({ pass }) => pass);
  const row = (name: string, of: (pass: Pass) => number, show = whole) => {
    const [first] = passes;
    return [
      name,
      ...passes.map((pass) => show(of(pass))),
      show(of(plain)),
      first ? ratio(of(plain), of(first)) : '',
    ];
  };
  return table(
    ['', ...ours.map(({ name }) => name), 'plain way', 'spared'],
    [
      row('seconds', ({ seconds }) => seconds, one),
      row('of them in which the table was asked', ({ tableSeconds }) => tableSeconds, one),
      row('seconds of a processor', ({ cpuSeconds }) => cpuSeconds, one),
      row('peak memory, MB', ({ peakRss }) => peakRss),
      row('peak of its heap, MB', ({ peakHeap }) => peakHeap),
      row('ListMetrics calls (free)', ({ listings }) => listings),
      row('GetMetricData calls', ({ calls }) => calls),
      row('least calls, 500 metrics each', ({ metrics }) => Math.ceil(metrics / 500)),
      row('least calls, 100,800 points each', ({ leastCalls }) => leastCalls),
      row('metrics asked for', ({ metrics }) => metrics),
      row('metrics an instance', ({ metrics }) => metrics / instances, one),
      row('dollars', ({ metrics }) => metrics * perMetric, dollars),
      row('points asked for', ({ datapoints }) => datapoints),
      row('seconds that CloudWatch takes: listings', ({ listings }) => listings / perSecond.listings, one),
      row('calls', ({ calls }) => calls / perSecond.data, one),
      row('points', ({ datapoints }) => datapoints / perSecond.points, one),
    ],
  );
}

const sum = (passes: readonly Pass[], kind: string): number =>
  passes.reduce((total, { metricsByKind }) => total + (metricsByKind[kind] ?? 0), 0);

/** Hourly passes over two days by what the instances do: metrics an instance, and dollars a month by the second day. */
export function dayTable(hourly: readonly Pass[], instances: number, plain: Pass): string {
  const [first, second] = [hourly.slice(0, 24), hourly.slice(24)];
  const row = (name: string, count: number, metrics: (passes: readonly Pass[]) => number) => {
    const cells = [hourly.slice(0, 1), first, second].map((passes) => metrics(passes) / count);
    return [name, whole(count), ...cells.map(one), dollars((cells[2] ?? 0) * daysPerMonth * perMetric)];
  };
  const hour = plain.metrics / instances;
  return table(
    ['', 'instances', 'first pass', 'first day', 'second day', 'dollars a month'],
    [
      ...kinds.map((kind) => row(kind, instancesOf(kind, instances), (passes) => sum(passes, kind))),
      row('the mix', instances, (passes) => passes.reduce((total, { metrics }) => total + metrics, 0)),
      [
        'plain way, every hour',
        whole(instances),
        one(hour),
        one(hour * 24),
        one(hour * 24),
        dollars(hour * 24 * daysPerMonth * perMetric),
      ],
    ],
  );
}
