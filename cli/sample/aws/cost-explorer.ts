import type {
  Expression,
  GetCostAndUsageCommandInput,
  GetCostAndUsageCommandOutput,
  GetCostAndUsageWithResourcesCommandInput,
  GetCostAndUsageWithResourcesCommandOutput,
  GetDimensionValuesCommandInput,
  GetDimensionValuesCommandOutput,
  GetTagsCommandInput,
  GetTagsCommandOutput,
  Group,
  GroupDefinition,
  ListCostAllocationTagsCommandInput,
  ListCostAllocationTagsCommandOutput,
  MatchOption,
  ResultByTime,
} from '@aws-sdk/client-cost-explorer';
import { datesOf, type IsoDate } from '../../../shared/period.ts';
import { type BillLine, type Charge, readCharge } from '../bill.ts';
import { awsError, type Caller, type Reply, type Sample } from '../sample.ts';

export const costExplorer = {
  GetCostAndUsage: getCostAndUsage,
  GetCostAndUsageWithResources: getCostAndUsageWithResources,
  GetDimensionValues: getDimensionValues,
  GetTags: getTags,
  ListCostAllocationTags: listCostAllocationTags,
};

const day = 86_400_000;
const metrics: Readonly<Record<string, (charge: Charge) => number>> = {
  UnblendedCost: ({ unblended }) => unblended,
  NetUnblendedCost: ({ unblended }) => unblended,
  AmortizedCost: ({ netAmortized }) => netAmortized,
  NetAmortizedCost: ({ netAmortized }) => netAmortized,
  UsageQuantity: ({ usage }) => usage,
};

type Read = (line: BillLine) => string;

const dimensions: Readonly<Record<string, Read>> = {
  LINKED_ACCOUNT: ({ account }) => account,
  SERVICE: ({ service }) => service,
  REGION: ({ region }) => region,
  USAGE_TYPE: ({ usageType }) => usageType,
  OPERATION: ({ operation }) => operation,
  RESOURCE_ID: ({ resource }) => resource,
  RECORD_TYPE: ({ recordType }) => recordType,
};

type Answer = { key: string; results: ResultByTime[] };
const answers = new WeakMap<Sample, Answer>();

function getCostAndUsage(
  input: GetCostAndUsageCommandInput,
  caller: Caller,
): Reply<GetCostAndUsageCommandOutput> {
  if (isByResource(input)) throw invalid('RESOURCE_ID is for GetCostAndUsageWithResources');
  return answerTo(input, caller);
}

const isByResource = ({ GroupBy = [] }: Pick<GetCostAndUsageCommandInput, 'GroupBy'>): boolean =>
  GroupBy.some(({ Key }) => Key === 'RESOURCE_ID');

function answerTo(input: GetCostAndUsageCommandInput, caller: Caller): Reply<GetCostAndUsageCommandOutput> {
  const { NextPageToken, ...asked } = input;
  const { sample } = caller;
  const key = JSON.stringify([caller.account, sample.now, sample.version, asked]);
  const kept = answers.get(sample);
  const results = kept?.key === key ? kept.results : resultsOf(asked, caller);
  answers.set(sample, { key, results });
  const { page, next } = pageOf(results, startOf(NextPageToken), sample.groupsPerPage);
  return {
    ...(input.GroupBy && { GroupDefinitions: input.GroupBy }),
    ResultsByTime: page,
    DimensionValueAttributes: accountNames(input.GroupBy ?? [], sample),
    ...next,
  };
}

/** The sample account has opted in to resource-level data, which goes back 14 days. */
function getCostAndUsageWithResources(
  input: GetCostAndUsageWithResourcesCommandInput,
  caller: Caller,
): Reply<GetCostAndUsageWithResourcesCommandOutput> {
  const { Start = '' } = input.TimePeriod ?? {};
  const oldest = new Date(caller.sample.now - 14 * day).toISOString().slice(0, 10);
  if (Start < oldest) throw awsError('ValidationException', 'Resource-level data goes back 14 days');
  if (!isByResource(input)) throw invalid('Resource-level data is grouped by RESOURCE_ID');
  if (!JSON.stringify(input.Filter ?? {}).includes('"SERVICE"'))
    throw invalid('Resource-level data is of a service: filter by SERVICE');
  return answerTo(input as GetCostAndUsageCommandInput, caller);
}

/** A page holds so many groups, and may end in the middle of a day: the rest of the day is on the next one. */
function pageOf(results: readonly ResultByTime[], start: number, size: number) {
  const page: ResultByTime[] = [];
  const end = start + size;
  let passed = 0;
  for (const result of results) {
    const groups = result.Groups ?? [];
    const weight = Math.max(1, groups.length); // a day without groups takes the place of one
    const part = groups.slice(Math.max(0, start - passed), Math.max(0, end - passed));
    const isEmptyHere = groups.length === 0 && passed >= start && passed < end;
    if (part.length > 0 || isEmptyHere) page.push({ ...result, Groups: part });
    passed += weight;
  }
  return { page, next: end < passed ? { NextPageToken: String(end) } : {} };
}

function resultsOf(
  asked: Omit<GetCostAndUsageCommandInput, 'NextPageToken'>,
  caller: Caller,
): ResultByTime[] {
  const { sample } = caller;
  const groupBy = (asked.GroupBy ?? []).map((group) => readerOf(group, sample));
  if (groupBy.length > 2) throw invalid('Cannot group by more than 2 dimensions or tags');
  const lines = billOf(caller).filter(toPredicate(asked.Filter, sample));
  return spansOf(asked).map(({ start, end, dates }) => {
    const sums = new Map<string, Sum>();
    for (const line of lines) for (const date of dates) add(sums, line, date, groupBy, sample.now);
    const groups = [...sums.values()].map((sum) => ({
      Keys: sum.keys,
      Metrics: amounts(asked.Metrics, sum),
    }));
    return {
      TimePeriod: { Start: start, End: end },
      ...(groupBy.length > 0
        ? { Total: {}, Groups: groups.sort(byKeys) }
        : { Total: groups[0]?.Metrics ?? amounts(asked.Metrics, emptySum([], 'N/A')), Groups: [] }),
      Estimated: isEstimated(start, sample.now),
    };
  });
}

/** `unit` is N/A where it adds up different ones. */
type Sum = Charge & { keys: string[]; unit: string };

const emptySum = (keys: string[], unit: string): Sum => ({
  keys,
  unit,
  unblended: 0,
  netAmortized: 0,
  usage: 0,
});

function add(
  sums: Map<string, Sum>,
  line: BillLine,
  date: IsoDate,
  groupBy: readonly Read[],
  now: number,
): void {
  const charge = readCharge(line, Date.parse(date), now);
  if (charge.unblended === 0 && charge.netAmortized === 0 && charge.usage === 0) return;
  const keys = groupBy.map((read) => read(line));
  const key = keys.join('\u0000');
  const sum = sums.get(key) ?? emptySum(keys, line.unit);
  sum.unblended += charge.unblended;
  sum.netAmortized += charge.netAmortized;
  sum.usage += charge.usage;
  if (sum.unit !== line.unit) sum.unit = 'N/A';
  sums.set(key, sum);
}

const byKeys = (a: Group, b: Group): number => ((a.Keys ?? []).join('|') < (b.Keys ?? []).join('|') ? -1 : 1);

function amounts(names: readonly string[] | undefined, sum: Sum): NonNullable<Group['Metrics']> {
  if (!names || names.length === 0) throw invalid('Metrics must not be empty');
  return Object.fromEntries(
    names.map((name) => {
      const read = metrics[name];
      if (!read) throw invalid(`The sample account has no metric ${name}`);
      return [name, { Amount: read(sum).toFixed(10), Unit: name === 'UsageQuantity' ? sum.unit : 'USD' }];
    }),
  );
}

/** The payer sees every account, a member its own. */
const billOf = ({ sample, account }: Caller): readonly BillLine[] =>
  sample.file.accounts.some(({ id, payer }) => id === account && payer)
    ? sample.bill
    : sample.bill.filter((line) => line.account === account);

function readerOf({ Type, Key = '' }: GroupDefinition, sample: Sample): Read {
  if (Type === 'DIMENSION') return dimensionOf(Key);
  if (Type === 'TAG') return (line) => `${Key}$${tagOf(line, Key, sample)}`;
  throw invalid(`The sample account can't group by ${Type}`);
}

function dimensionOf(key: string): Read {
  const read = dimensions[key];
  if (!read) throw invalid(`The sample account has no dimension ${key}`);
  return read;
}

/** On the bill a tag is there only once it is activated as a cost allocation tag; absent is empty. */
const tagOf = ({ tags }: BillLine, key: string, { file }: Sample): string =>
  file.costAllocationTags.includes(key) ? (tags[key] ?? '') : '';

type Predicate = (line: BillLine) => boolean;

function toPredicate(filter: Expression | undefined, sample: Sample): Predicate {
  if (!filter) return () => true;
  const { And, Or, Not, Dimensions, Tags, ...other } = filter;
  const unsupported = Object.keys(other)[0];
  if (unsupported !== undefined) throw invalid(`The sample account can't filter by ${unsupported}`);
  const parts: Predicate[] = [];
  if (And) {
    const all = And.map((part) => toPredicate(part, sample));
    parts.push((line) => all.every((is) => is(line)));
  }
  if (Or) {
    const any = Or.map((part) => toPredicate(part, sample));
    parts.push((line) => any.some((is) => is(line)));
  }
  if (Not) {
    const is = toPredicate(Not, sample);
    parts.push((line) => !is(line));
  }
  if (Dimensions) {
    const read = dimensionOf(Dimensions.Key ?? '');
    parts.push((line) => matches(read(line), Dimensions.Values, Dimensions.MatchOptions));
  }
  if (Tags)
    parts.push((line) => matches(tagOf(line, Tags.Key ?? '', sample), Tags.Values, Tags.MatchOptions));
  if (parts.length !== 1) throw invalid('An expression must have exactly one root');
  return (line) => parts.every((is) => is(line));
}

function matches(
  actual: string,
  values: readonly string[] = [],
  options: readonly MatchOption[] = [],
): boolean {
  if (options.includes('ABSENT')) return actual === '';
  const fold = (text: string) => (options.includes('CASE_INSENSITIVE') ? text.toLowerCase() : text);
  return values.some((value) => {
    if (options.includes('STARTS_WITH')) return fold(actual).startsWith(fold(value));
    if (options.includes('CONTAINS')) return fold(actual).includes(fold(value));
    return fold(actual) === fold(value);
  });
}

type Span = { start: IsoDate; end: IsoDate; dates: IsoDate[] };

function spansOf({
  TimePeriod,
  Granularity,
}: Pick<GetCostAndUsageCommandInput, 'TimePeriod' | 'Granularity'>): Span[] {
  const { Start: start = '', End: end = '' } = TimePeriod ?? {};
  const isDate = (text: string) => /^\d{4}-\d{2}-\d{2}$/.test(text);
  if (!isDate(start) || !isDate(end)) throw invalid('Start and End must be dates, yyyy-MM-dd');
  if (start >= end) throw invalid(`Start time (${start}) should be before end time (${end})`);
  const dates = datesOf({ start, end });
  if (Granularity === 'HOURLY') throw invalid('The sample account has no hourly data');
  const spans = Map.groupBy(dates, (date) => (Granularity === 'MONTHLY' ? date.slice(0, 7) : date));
  return [...spans.values()].map((days) => ({
    start: days[0] ?? start,
    end: new Date(Date.parse(days.at(-1) ?? start) + day).toISOString().slice(0, 10),
    dates: days,
  }));
}

/** The open month, and the one before it until its invoice on the 4th. */
const isEstimated = (date: IsoDate, now: number): boolean =>
  date.slice(0, 7) >= new Date(now - 3 * day).toISOString().slice(0, 7);

function accountNames(groupBy: readonly GroupDefinition[], { file }: Sample) {
  if (!groupBy.some(({ Key }) => Key === 'LINKED_ACCOUNT')) return [];
  return file.accounts.map(({ id, name }) => ({ Value: id, Attributes: { description: name } }));
}

function getDimensionValues(
  input: GetDimensionValuesCommandInput,
  caller: Caller,
): Reply<GetDimensionValuesCommandOutput> {
  const { sample } = caller;
  const read = dimensionOf(input.Dimension ?? '');
  const values = valuesOf(input, caller, read);
  const names = new Map(sample.file.accounts.map(({ id, name }) => [id, name]));
  const start = startOf(input.NextPageToken);
  const page = values.slice(start, start + (input.MaxResults ?? 1000));
  const end = start + page.length;
  return {
    DimensionValues: page.map((Value) => {
      const name = input.Dimension === 'LINKED_ACCOUNT' ? names.get(Value) : undefined;
      return { Value, Attributes: name === undefined ? {} : { description: name } };
    }),
    ReturnSize: page.length,
    TotalSize: values.length,
    ...(end < values.length && { NextPageToken: String(end) }),
  };
}

function getTags(input: GetTagsCommandInput, caller: Caller): Reply<GetTagsCommandOutput> {
  const { sample } = caller;
  const { TagKey } = input;
  const tags =
    TagKey === undefined
      ? sample.file.costAllocationTags
      : valuesOf(input, caller, (line) => tagOf(line, TagKey, sample));
  return { Tags: tags, ReturnSize: tags.length, TotalSize: tags.length };
}

/** What a line of the bill says, of those that charge anything in the period. */
function valuesOf(
  { TimePeriod, SearchString = '', Filter }: GetTagsCommandInput,
  caller: Caller,
  read: Read,
): string[] {
  const { sample } = caller;
  const dates = spansOf({ TimePeriod, Granularity: 'DAILY' }).map(({ start }) => Date.parse(start));
  const values = billOf(caller)
    .filter(toPredicate(Filter, sample))
    .filter((line) => dates.some((date) => readCharge(line, date, sample.now).unblended !== 0))
    .map(read);
  return [...new Set(values)].filter((value) => value.includes(SearchString)).sort();
}

function listCostAllocationTags(
  { Status, TagKeys }: ListCostAllocationTagsCommandInput,
  { sample }: Caller,
): Reply<ListCostAllocationTagsCommandOutput> {
  const active = new Set(sample.file.costAllocationTags);
  const seen = sample.fleet.members.flatMap(({ tags }) => Object.keys(tags));
  return {
    CostAllocationTags: [...new Set([...active, ...seen])]
      .map((key) => ({
        TagKey: key,
        Type: key.startsWith('aws:') ? ('AWSGenerated' as const) : ('UserDefined' as const),
        Status: active.has(key) ? ('Active' as const) : ('Inactive' as const),
      }))
      .filter((tag) => (Status ?? tag.Status) === tag.Status && (TagKeys?.includes(tag.TagKey) ?? true)),
  };
}

function startOf(token: string | undefined): number {
  const start = Number(token ?? 0);
  if (!Number.isInteger(start)) throw awsError('InvalidNextTokenException', 'The page token is not valid');
  return start;
}

const invalid = (message: string): Error => awsError('ValidationException', message);
