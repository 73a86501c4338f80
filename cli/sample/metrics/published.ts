import { type Member, placeOf } from '../fleet.ts';
import type { Sample } from '../sample.ts';
import { bedrockSeries } from './bedrock.ts';
import { seriesWithId, seriesWithoutId } from './instance.ts';
import { sageMakerSeries } from './sagemaker.ts';
import type { Dimensions, Series } from './series.ts';

/** The series of the instances that were asked about last: a large fleet's are too many to keep. */
const kept = new Map<Member, readonly Series[]>();
const maxKept = 500;

function seriesOf(member: Member): readonly Series[] {
  const known = kept.get(member);
  if (known) return known;
  if (kept.size >= maxKept) kept.clear();
  const series = seriesWithId(member);
  kept.set(member, series);
  return series;
}

/** Everything that is published in an account and region, whoever does. */
export function* publishedAt(sample: Sample, account: string, region: string): Generator<Series> {
  for (const member of sample.fleet.byPlace.get(placeOf(account, region)) ?? []) yield* seriesOf(member);
  yield* othersAt(sample, account, region).values();
}

/** The series with exactly these dimensions, as CloudWatch finds it. */
export function findSeries(
  sample: Sample,
  { account, region }: { account: string; region: string },
  metric: { namespace: string; name: string; dimensions: Dimensions },
): Series | undefined {
  const id = metric.dimensions.find(({ Name }) => Name === 'InstanceId')?.Value;
  const member = id === undefined ? undefined : sample.fleet.byId.get(id);
  if (!member) return othersAt(sample, account, region).get(keyOf(metric));
  if (member.account !== account || member.region !== region) return undefined;
  const wanted = keyOf(metric);
  return seriesOf(member).find((series) => series.name === metric.name && keyOf(series) === wanted);
}

const keyOf = ({ namespace, name, dimensions }: Pick<Series, 'namespace' | 'name' | 'dimensions'>) =>
  [namespace, name, ...dimensions.map(({ Name, Value }) => `${Name}=${Value}`).toSorted()].join('\n');

const others = new WeakMap<Sample, Map<string, Map<string, Series>>>();

/** What no instance's id leads to, by its key. */
function othersAt(sample: Sample, account: string, region: string): Map<string, Series> {
  const places = others.get(sample) ?? new Map<string, Map<string, Series>>();
  others.set(sample, places);
  const place = placeOf(account, region);
  const known = places.get(place);
  if (known) return known;
  const found = new Map(
    otherSeries(sample, account, region).map((series) => [keyOf(series), series] as const),
  );
  places.set(place, found);
  return found;
}

function otherSeries({ file, fleet, services }: Sample, account: string, region: string): Series[] {
  const { sageMaker, bedrock } = services.get(placeOf(account, region)) ?? {};
  return [
    ...(fleet.byPlace.get(placeOf(account, region)) ?? []).flatMap(seriesWithoutId),
    ...(sageMaker ? sageMakerSeries(sageMaker, file.types) : []),
    ...(bedrock ? bedrockSeries(bedrock, account, region) : []),
  ];
}
