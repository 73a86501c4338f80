import { hoursBefore } from '../../shared/compute/hours.ts';
import type { Series } from '../../shared/compute/metric.ts';
import type { Endpoint, Variant } from '../../shared/compute/sagemaker/endpoint.ts';

/** One instance of a type with one GPU. */
export const variant = (given: Partial<Variant> = {}): Variant => ({
  name: 'AllTraffic',
  fleets: [{ instanceType: 'ml.g5.xlarge', count: 1 }],
  provisionedConcurrency: 0,
  isReserved: false,
  hostsComponents: false,
  ...given,
});

/** A real-time endpoint that has been in service for a month and a half. */
export const endpoint = (given: Partial<Endpoint> = {}): Endpoint => ({
  name: 'ranker',
  arn: 'arn:aws:sagemaker:eu-west-1:210987654321:endpoint/ranker',
  status: 'InService',
  createdAt: '2026-10-01T08:00:00Z',
  isAsync: false,
  variants: [variant()],
  components: [],
  mayReportByInstance: false,
  ...given,
});

const hourMs = 3_600_000;

/** One value for every hour that touches the last `days` before `now`; by hours ago, others, or none. */
export function hourly(
  now: string,
  days: number,
  value: number | undefined,
  others: Readonly<Record<number, number | undefined>> = {},
): Series {
  const window = hoursBefore(now, days * 1440);
  const [start, end] = [Date.parse(window.start), Date.parse(window.end)];
  const points = Array.from({ length: (end - start) / hourMs }, (_, index) => {
    const ago = (end - start) / hourMs - index - 1;
    return { at: start + index * hourMs, value: ago in others ? others[ago] : value };
  });
  return { points: points.flatMap(({ at, value }) => (value === undefined ? [] : [{ at, value }])) };
}
