import { type Member, placeOf } from '../fleet.ts';
import type { Sample } from '../sample.ts';
import { bedrockSeries } from './bedrock.ts';
import { ecsSeries } from './ecs.ts';
import { seriesWithId, seriesWithoutId } from './instance.ts';
import { rdsSeries } from './rds.ts';
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

/** The names that instances alike publish, so that nobody else's series need be made to find one. */
const namesByKind = new Map<string, ReadonlySet<string>>();

function publishes(member: Member, namespace: string | undefined, name: string | undefined): boolean {
  const { agent, type } = member.spec;
  const kind = `${agent} ${type}`;
  const names =
    namesByKind.get(kind) ??
    new Set(
      seriesOf(member).flatMap((series) => [
        `${series.namespace} ${series.name}`,
        `${series.namespace} `,
        ` ${series.name}`,
        ' ',
      ]),
    );
  namesByKind.set(kind, names);
  return names.has(`${namespace ?? ''} ${name ?? ''}`);
}

type Place = { sample: Sample; account: string; region: string };

/** How many groups of series there are: one an instance, and one of everything else. */
export const groupsAt = ({ sample, account, region }: Place): number =>
  (sample.fleet.byPlace.get(placeOf(account, region)) ?? []).length + 1;

/** A group's series; none where it has nothing of this namespace and name. */
export function groupAt(
  { sample, account, region }: Place,
  group: number,
  { namespace, name }: { namespace?: string | undefined; name?: string | undefined },
): Iterable<Series> {
  const member = sample.fleet.byPlace.get(placeOf(account, region))?.[group];
  if (!member) return othersAt(sample, account, region).values();
  return publishes(member, namespace, name) ? seriesOf(member) : [];
}

/** The series with exactly these dimensions, as CloudWatch finds it. */
export function findSeries(
  { sample, account, region }: Place,
  metric: { namespace: string; name: string; dimensions: Dimensions },
): Series | undefined {
  const id = metric.dimensions.find(({ Name }) => Name === 'InstanceId')?.Value;
  const member = id === undefined ? undefined : sample.fleet.byId.get(id);
  if (!member) return othersAt(sample, account, region).get(keyOf(metric));
  if (member.account !== account || member.region !== region) return undefined;
  return seriesOf(member).find(
    ({ namespace, name, dimensions }) =>
      name === metric.name && namespace === metric.namespace && isSame(dimensions, metric.dimensions),
  );
}

const isSame = (own: Dimensions, wanted: Dimensions): boolean =>
  own.length === wanted.length &&
  wanted.every(({ Name, Value }) => own.some((each) => each.Name === Name && each.Value === Value));

const keyOf = ({ namespace, name, dimensions }: Pick<Series, 'namespace' | 'name' | 'dimensions'>) =>
  [namespace, name, ...dimensions.map(({ Name, Value }) => `${Name}=${Value}`).toSorted()].join('\n');

type Others = { changes: number; series: Map<string, Series> };

const others = new WeakMap<Sample, Map<string, Others>>();

/** What no instance's id leads to, by its key. */
function othersAt(sample: Sample, account: string, region: string): Map<string, Series> {
  const places = others.get(sample) ?? new Map<string, Others>();
  others.set(sample, places);
  const place = placeOf(account, region);
  const changes = sample.services.get(place)?.sageMaker?.changes ?? 0;
  const known = places.get(place);
  if (known?.changes === changes) return known.series;
  const found = new Map(
    otherSeries(sample, account, region).map((series) => [keyOf(series), series] as const),
  );
  places.set(place, { changes, series: found });
  return found;
}

function otherSeries(sample: Sample, account: string, region: string): Series[] {
  const { file, fleet, services, databases } = sample;
  const { sageMaker, bedrock, ecs } = services.get(placeOf(account, region)) ?? {};
  return [
    ...(fleet.byPlace.get(placeOf(account, region)) ?? []).flatMap(seriesWithoutId),
    ...(sageMaker ? sageMakerSeries(sageMaker, file.types) : []),
    ...rdsSeries(databases.instances.filter((one) => one.account === account && one.region === region)),
    ...(bedrock ? bedrockSeries(bedrock, account, region) : []),
    ...(ecs ?? []).flatMap(ecsSeries),
  ];
}
