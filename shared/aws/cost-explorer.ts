import {
  type CostExplorerClient,
  type Expression,
  GetCostAndUsageCommand,
  type GetCostAndUsageCommandInput,
  GetCostAndUsageWithResourcesCommand,
  type GroupDefinition,
} from '@aws-sdk/client-cost-explorer';
import { z } from 'zod';
import type { IsoDate, Period } from '../period.ts';
import type { BreakdownDimension, PartLine, UsageLine } from '../spend/breakdown.ts';
import { chargeCategory, type ScopedCharge } from '../spend/charge.ts';
import { byAccount, tagKeyOf } from '../spend/grouping.ts';
import type { Question } from '../spend/plan.ts';
import type { Scope } from '../spend/scope.ts';

/**
 * Called before each request, of which every page is one and costs $0.01; throws where the day's requests are used up.
 */
export type CountRequest = () => Promise<void>;

/** Where a partition has its one Cost Explorer endpoint, by the region something runs in. */
export const costExplorerRegion = (region = ''): string =>
  region.startsWith('cn-') ? 'cn-northwest-1' : 'us-east-1';

const decimal = z.string().min(1).pipe(z.coerce.number());
const money = z.object({ Amount: decimal, Unit: z.string().min(1) });
const quantity = z.object({ Amount: decimal, Unit: z.string().optional() });
const metrics = z.object({
  NetAmortizedCost: money.optional(),
  UsageQuantity: quantity.optional(),
});
const result = z.object({
  TimePeriod: z.object({ Start: z.iso.date() }),
  Groups: z.array(z.object({ Keys: z.array(z.string()), Metrics: metrics })),
});
const response = z.object({
  ResultsByTime: z.array(result),
  NextPageToken: z.string().min(1).optional(),
  DimensionValueAttributes: z
    .array(z.object({ Value: z.string(), Attributes: z.record(z.string(), z.string()).default({}) }))
    .default([]),
});

type Metrics = z.infer<typeof metrics>;
type Row = { date: IsoDate; keys: string[]; metrics: Metrics };
type Answer = { rows: Row[]; accountNames: Map<string, string> };

/** What the bill says of a period, and which of its record types are usage. */
type Bill = { charges: ScopedCharge[]; usageTypes: string[] };

/** Everything charged on the days of a period, and the usage of each account: the least number of requests. */
export async function getCharges(
  client: CostExplorerClient,
  period: Period,
  countRequest: CountRequest,
): Promise<Bill> {
  const byRecordType = await ask(client, countRequest, {
    ...daily(period, ['NetAmortizedCost']),
    GroupBy: [dimension('RECORD_TYPE'), dimension('SERVICE')],
  });
  const recordTypes = [...new Set(byRecordType.rows.map(({ keys }) => keyAt(keys, 0)))];
  const usageTypes = recordTypes.filter((recordType) => chargeCategory(recordType) === 'Usage');
  const others = byRecordType.rows.flatMap((row) => toOtherCharge(row));
  const usage = await getUsage(client, { grouping: byAccount, period }, usageTypes, countRequest);
  return { charges: [...usage, ...others], usageTypes };
}

/** The usage on the days of a period by a grouping; `usageTypes` are the record types that are usage. */
export async function getUsage(
  client: CostExplorerClient,
  { grouping, period }: Question,
  usageTypes: readonly string[],
  countRequest: CountRequest,
): Promise<ScopedCharge[]> {
  // A filter without values asks for everything.
  if (usageTypes.length === 0) return [];
  const { rows, accountNames } = await ask(client, countRequest, {
    ...daily(period, ['NetAmortizedCost']),
    GroupBy: grouping.map(toGroupBy),
    Filter: anyOf('RECORD_TYPE', [...usageTypes]),
  });
  return rows.map(({ date, keys, metrics }) => {
    const scope = Object.fromEntries(
      grouping.map((name, index) => [name, valueIn(name, keyAt(keys, index))]),
    );
    const accountName = accountNames.get(scope['account'] ?? '');
    return { date, scope, ...(accountName && { accountName }), category: 'Usage', ...costOf(metrics) };
  });
}

function toOtherCharge({ date, keys, metrics }: Row): ScopedCharge[] {
  const [recordType, service] = pair(keys);
  const category = chargeCategory(recordType);
  return category === 'Usage' ? [] : [{ date, scope: { service }, category, ...costOf(metrics) }];
}

const byDimension: Readonly<Record<string, Dimension>> = {
  account: 'LINKED_ACCOUNT',
  service: 'SERVICE',
  region: 'REGION',
  usageType: 'USAGE_TYPE',
};

function toGroupBy(name: string): GroupDefinition {
  const ofTheBill = byDimension[name];
  return ofTheBill ? dimension(ofTheBill) : tag(tagKeyOf(name) ?? name);
}

/** Untagged spend is in the group without a value, once. */
const valueIn = (name: string, key: string): string =>
  tagKeyOf(name) === undefined ? key : (tagValue(key) ?? '');

/** What to break down, and by what. */
type BreakdownQuestion = {
  /** One or two. With `resource` the account has to be opted in, one service named, and no day older than 14. */
  dimensions: readonly BreakdownDimension[];
  within: Scope;
  /** The record types that are usage, one at least: the breakdown is of what was judged, fees and credits apart. */
  usageTypes: readonly string[];
  /** The cost allocation tags that name a team and an owner. */
  tagKeys: { team: string; owner: string };
};

/** What a part of the usage divides into by day, in dollars and in the bill's units. */
export async function getBreakdown(
  client: CostExplorerClient,
  { dimensions, within, usageTypes, tagKeys }: BreakdownQuestion,
  period: Period,
  countRequest: CountRequest,
): Promise<PartLine[]> {
  const question = {
    ...daily(period, ['NetAmortizedCost', 'UsageQuantity']),
    GroupBy: dimensions.map((name) => toPartGroup(name, tagKeys)),
    Filter: all(
      ...Object.entries(within).flatMap(([name, value]) => toPartFilter(name, value, tagKeys)),
      anyOf('RECORD_TYPE', [...usageTypes]),
    ),
  };
  const send = dimensions.includes('resource') ? byResource : byAggregate;
  const { rows } = await ask(client, countRequest, question, send);
  return rows.map(({ date, keys, metrics }) => ({
    date,
    part: Object.fromEntries(
      dimensions.map((name, index) => [name, partValue(name, keyAt(keys, index))] as const),
    ),
    amount: costOf(metrics).amount,
    ...usedOf(metrics),
  }));
}

const byPart: Readonly<Record<string, Dimension>> = {
  ...byDimension,
  operation: 'OPERATION',
  recordType: 'RECORD_TYPE',
  resource: 'RESOURCE_ID',
};

type TagKeys = Readonly<Record<string, string>>;

function toPartGroup(name: string, tagKeys: TagKeys): GroupDefinition {
  const ofTheBill = byPart[name];
  return ofTheBill ? dimension(ofTheBill) : tag(tagKeys[name] ?? name);
}

const partValue = (name: string, key: string): string => (byPart[name] ? key : (tagValue(key) ?? ''));

/** What the bill calls having no region, operation or resource (`NoRegion`) is no value that it can be asked for. */
const isAbsent = (value: string): boolean => value === '' || /^No[A-Z]\w+$/.test(value);

function toPartFilter(name: string, value: string, tagKeys: TagKeys): Expression[] {
  const ofTheBill = byPart[name];
  if (ofTheBill) return isAbsent(value) ? [] : [anyOf(ofTheBill, [value])];
  const Key = tagKeys[name] ?? tagKeyOf(name) ?? name;
  return [{ Tags: value === '' ? { Key, MatchOptions: ['ABSENT'] } : { Key, Values: [value] } }];
}

/** The services under which the bill lists what is paid for by the hour: EC2 instances, SageMaker, model units. */
const byTheHour = [
  'Amazon Elastic Compute Cloud - Compute',
  'Amazon SageMaker',
  'Amazon Bedrock',
  'Amazon Relational Database Service',
];

/**
 * What these services cost in dollars and how much of them was used, over all accounts: what the prices that were paid
 * follow from. `usageTypes` are the record types that are usage: what is on demand, and what Savings Plans and
 * reservations cover. Amortised, what they cover costs its share of the commitment; the rest of their fees, what is
 * taken off the list price for them, credits and refunds have record types of their own.
 */
export async function getInstanceUsage(
  client: CostExplorerClient,
  period: Period,
  usageTypes: readonly string[],
  countRequest: CountRequest,
): Promise<UsageLine[]> {
  // A filter without values asks for everything.
  if (usageTypes.length === 0) return [];
  const { rows } = await ask(client, countRequest, {
    ...daily(period, ['NetAmortizedCost', 'UsageQuantity']),
    // Two keys at most: the usage type tells the region too, and nothing else the system of an instance.
    GroupBy: [dimension('USAGE_TYPE'), dimension('OPERATION')],
    Filter: all(anyOf('SERVICE', byTheHour), anyOf('RECORD_TYPE', [...usageTypes])),
  });
  return rows.flatMap(({ date, keys, metrics }) => {
    const [usageType, operation] = pair(keys);
    const { amount, currency } = costOf(metrics);
    return currency === 'USD' ? [{ date, usageType, operation, amount, ...usedOf(metrics) }] : [];
  });
}

/** Every page of one question. Throws where a page fails or comes twice: a part never passes for the whole. */
async function ask(
  client: CostExplorerClient,
  countRequest: CountRequest,
  question: GetCostAndUsageCommandInput,
  send: Send = byAggregate,
): Promise<Answer> {
  const answer: Answer = { rows: [], accountNames: new Map() };
  const seen = new Set<string | undefined>();
  let NextPageToken: string | undefined;
  do {
    if (seen.has(NextPageToken))
      throw new Error('Cost Explorer sends a page again: its answer is incomplete');
    seen.add(NextPageToken);
    await countRequest();
    const page = response.parse(await send(client, { ...question, NextPageToken }));
    answer.rows.push(...page.ResultsByTime.flatMap(toRows));
    for (const { Value, Attributes } of page.DimensionValueAttributes) {
      if (Attributes['description']) answer.accountNames.set(Value, Attributes['description']);
    }
    NextPageToken = page.NextPageToken;
  } while (NextPageToken !== undefined);
  return answer;
}

/** Sends one page's request by one of the two APIs that answer alike. */
type Send = (client: CostExplorerClient, question: GetCostAndUsageCommandInput) => Promise<unknown>;

const byAggregate: Send = (client, question) => client.send(new GetCostAndUsageCommand(question));
const byResource: Send = (client, { Filter, ...question }) =>
  client.send(new GetCostAndUsageWithResourcesCommand({ ...question, Filter }));

const toRows = ({ TimePeriod, Groups }: z.infer<typeof result>): Row[] =>
  Groups.map(({ Keys, Metrics }) => ({ date: TimePeriod.Start, keys: Keys, metrics: Metrics }));

const daily = ({ start, end }: Period, Metrics: string[]) => ({
  TimePeriod: { Start: start, End: end },
  Granularity: 'DAILY' as const,
  Metrics,
});

type Dimension =
  | 'RECORD_TYPE'
  | 'SERVICE'
  | 'LINKED_ACCOUNT'
  | 'REGION'
  | 'USAGE_TYPE'
  | 'OPERATION'
  | 'RESOURCE_ID';

const dimension = (Key: Dimension) => ({ Type: 'DIMENSION', Key }) as const;
const tag = (Key: string) => ({ Type: 'TAG', Key }) as const;
const anyOf = (Key: Dimension, Values: string[]): Expression => ({ Dimensions: { Key, Values } });

/** An `And` of one is refused. */
function all(...And: Expression[]): Expression {
  const [only, another] = And;
  return only && another === undefined ? only : { And };
}

const pair = (keys: readonly string[]): [string, string] => [keyAt(keys, 0), keyAt(keys, 1)];

function keyAt(keys: readonly string[], index: number): string {
  const key = keys[index];
  if (key === undefined) throw new Error(`Cost Explorer sent a group with ${keys.length} of its keys`);
  return key;
}

/** The value of a group such as `team$search`. It may itself hold a `$`; untagged spend, `team$`, has none. */
const tagValue = (group: string): string | undefined => group.slice(group.indexOf('$') + 1) || undefined;

function costOf({ NetAmortizedCost }: Metrics): Pick<ScopedCharge, 'amount' | 'currency'> {
  if (NetAmortizedCost === undefined) throw new Error('Cost Explorer sent a group without its cost');
  return { amount: NetAmortizedCost.Amount, currency: NetAmortizedCost.Unit };
}

function usedOf({ UsageQuantity }: Metrics): Pick<UsageLine, 'quantity' | 'unit'> {
  if (UsageQuantity === undefined) return {};
  const { Amount, Unit } = UsageQuantity;
  return { quantity: Amount, ...(Unit && Unit !== 'N/A' && { unit: Unit }) };
}
