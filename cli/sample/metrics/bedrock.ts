import type { BedrockSpec, TrafficSpec } from '../bedrock-spec.ts';
import { overAt } from '../course.ts';
import { hexOf, seedOf } from '../noise.ts';
import { counted, dimensionsOf, minute, type Series } from './series.ts';

export const provisionedModelArn = (account: string, region: string, name: string): string =>
  `arn:aws:bedrock:${region}:${account}:provisioned-model/${hexOf(name, 12)}`;

/** What Bedrock publishes by model id: of provisioned throughput its ARN is the id that is called. */
export const bedrockSeries = (
  { throughputs, models }: BedrockSpec,
  account: string,
  region: string,
): Series[] => [
  ...throughputs.flatMap((throughput) =>
    trafficSeries(provisionedModelArn(account, region, throughput.name), throughput, throughput.created),
  ),
  ...models.flatMap((model) => trafficSeries(model.model, model, 0)),
];

const metrics = {
  InputTokenCount: 'input',
  OutputTokenCount: 'output',
  CacheReadInputTokenCount: 'cacheRead',
  CacheWriteInputTokenCount: 'cacheWrite',
} as const;

function trafficSeries(ModelId: string, traffic: TrafficSpec, from: number): Series[] {
  const seed = seedOf(`model ${ModelId}`);
  const dimensions = dimensionsOf({ ModelId });
  const calls = counted(traffic.invocations, seed);
  const samples = (at: number) => calls(at) ?? 0;
  const metric = (name: string, sample: Series['sample'], until: number): Series => ({
    namespace: 'AWS/Bedrock',
    name,
    dimensions,
    resolution: minute,
    sample,
    samples,
    runs: [{ from }],
    until,
  });
  const tokens = Object.entries(metrics)
    .map(([name, key]) => ({ name, key, until: overAt(traffic[key]) }))
    .filter(({ until }) => until > 0); // a model that never read its cache has no such metric
  return [
    metric('Invocations', calls, overAt(traffic.invocations)),
    ...tokens.map(({ name, key, until }) => metric(name, counted(traffic[key], seed ^ name.length), until)),
  ].filter(({ until }) => until > from);
}
