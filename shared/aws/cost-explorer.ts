import {
  type CostExplorerClient,
  type Expression,
  GetCostAndUsageCommand,
  type GetCostAndUsageCommandInput,
} from '@aws-sdk/client-cost-explorer';
import { z } from 'zod';
import type { IsoDate, Period } from '../period.ts';
import type { OwnerLine, UsageLine } from '../spend/breakdown.ts';
import { allAccounts, type Charge, chargeCategory } from '../spend/charge.ts';

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
  UnblendedCost: money.optional(),
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
type Row = { date: IsoDate; keys: [string, string]; metrics: Metrics };
type Answer = { rows: Row[]; accountNames: Map<string, string> };

/** What the bill says of a period, and which of its record types are usage. */
type Bill = { charges: Charge[]; usageTypes: string[] };

/** Everything charged on the days of a period, and the usage of each account: the least number of requests. */
export async function getCharges(
  client: CostExplorerClient,
  period: Period,
  countRequest: CountRequest,
): Promise<Bill> {
  const cost = ['NetAmortizedCost'];
  const byRecordType = await ask(client, countRequest, {
    ...daily(period, cost),
    GroupBy: [dimension('RECORD_TYPE'), dimension('SERVICE')],
  });
  const recordTypes = [...new Set(byRecordType.rows.map(({ keys }) => keys[0]))];
  const usageTypes = recordTypes.filter((recordType) => chargeCategory(recordType) === 'Usage');
  const others = byRecordType.rows.flatMap((row) => toOtherCharge(row));
  // A filter without values asks for everything.
  if (usageTypes.length === 0) return { charges: others, usageTypes };

  const byAccount = await ask(client, countRequest, {
    ...daily(period, cost),
    GroupBy: [dimension('LINKED_ACCOUNT'), dimension('SERVICE')],
    Filter: anyOf('RECORD_TYPE', usageTypes),
  });
  const usage = byAccount.rows.map((row) => toUsageCharge(row, byAccount.accountNames));
  return { charges: [...usage, ...others], usageTypes };
}

function toOtherCharge({ date, keys: [recordType, service], metrics }: Row): Charge[] {
  const category = chargeCategory(recordType);
  if (category === 'Usage') return [];
  return [{ date, account: allAccounts, service, category, ...costOf(metrics) }];
}

function toUsageCharge({ date, keys, metrics }: Row, names: ReadonlyMap<string, string>): Charge {
  const [account, service] = keys;
  const accountName = names.get(account);
  return {
    date,
    account,
    ...(accountName && { accountName }),
    service,
    category: 'Usage',
    ...costOf(metrics),
  };
}

/** The usage of one service in one account. */
type UsageOf = {
  account: string;
  service: string;
  /** The record types that are usage, one at least: the breakdown is of what was judged, fees and credits apart. */
  usageTypes: readonly string[];
};

/** What one service in one account was used for, by region and usage type, in dollars and in the bill's units. */
export async function getUsageBreakdown(
  client: CostExplorerClient,
  of: UsageOf,
  period: Period,
  countRequest: CountRequest,
): Promise<UsageLine[]> {
  const { rows } = await ask(client, countRequest, {
    ...daily(period, ['NetAmortizedCost', 'UsageQuantity']),
    GroupBy: [dimension('REGION'), dimension('USAGE_TYPE')],
    Filter: filterOf(of),
  });
  return rows.map(({ date, keys: [region, usageType], metrics }) => ({
    date,
    region,
    usageType,
    amount: costOf(metrics).amount,
    ...usedOf(metrics),
  }));
}

/** Whose the spend on one service in one account was, by the tags that name a team and an owner. */
export async function getOwnerBreakdown(
  client: CostExplorerClient,
  of: UsageOf,
  tagKeys: { team: string; owner: string },
  period: Period,
  countRequest: CountRequest,
): Promise<OwnerLine[]> {
  const { rows } = await ask(client, countRequest, {
    ...daily(period, ['NetAmortizedCost']),
    GroupBy: [tag(tagKeys.team), tag(tagKeys.owner)],
    Filter: filterOf(of),
  });
  return rows.map(({ date, keys, metrics }) => {
    const team = tagValue(keys[0]);
    const owner = tagValue(keys[1]);
    return { date, amount: costOf(metrics).amount, ...(team && { team }), ...(owner && { owner }) };
  });
}

/** The service under which the bill lists EC2 instances. */
const instances = 'Amazon Elastic Compute Cloud - Compute';

/** What instances cost and how many hours they ran, over all accounts: what the prices that were paid follow from. */
export async function getInstanceUsage(
  client: CostExplorerClient,
  period: Period,
  countRequest: CountRequest,
): Promise<UsageLine[]> {
  const { rows } = await ask(client, countRequest, {
    ...daily(period, ['UnblendedCost', 'UsageQuantity']),
    GroupBy: [dimension('REGION'), dimension('USAGE_TYPE')],
    // Hours that a reservation covers cost nothing by themselves, and would make an hour look cheaper than it is.
    Filter: all(anyOf('SERVICE', [instances]), anyOf('RECORD_TYPE', ['Usage'])),
  });
  return rows.flatMap(({ date, keys: [region, usageType], metrics }) =>
    metrics.UnblendedCost === undefined
      ? []
      : [{ date, region, usageType, amount: metrics.UnblendedCost.Amount, ...usedOf(metrics) }],
  );
}

/** Every page of one question. Throws where a page fails or comes twice: a part never passes for the whole. */
async function ask(
  client: CostExplorerClient,
  countRequest: CountRequest,
  question: GetCostAndUsageCommandInput,
): Promise<Answer> {
  const answer: Answer = { rows: [], accountNames: new Map() };
  const seen = new Set<string | undefined>();
  let NextPageToken: string | undefined;
  do {
    if (seen.has(NextPageToken))
      throw new Error('Cost Explorer sends a page again: its answer is incomplete');
    seen.add(NextPageToken);
    await countRequest();
    const page = response.parse(
      await client.send(new GetCostAndUsageCommand({ ...question, NextPageToken })),
    );
    answer.rows.push(...page.ResultsByTime.flatMap(toRows));
    for (const { Value, Attributes } of page.DimensionValueAttributes) {
      if (Attributes['description']) answer.accountNames.set(Value, Attributes['description']);
    }
    NextPageToken = page.NextPageToken;
  } while (NextPageToken !== undefined);
  return answer;
}

const toRows = ({ TimePeriod, Groups }: z.infer<typeof result>): Row[] =>
  Groups.map(({ Keys, Metrics }) => ({ date: TimePeriod.Start, keys: pair(Keys), metrics: Metrics }));

const daily = ({ start, end }: Period, Metrics: string[]) => ({
  TimePeriod: { Start: start, End: end },
  Granularity: 'DAILY' as const,
  Metrics,
});

type Dimension = 'RECORD_TYPE' | 'SERVICE' | 'LINKED_ACCOUNT' | 'REGION' | 'USAGE_TYPE';

const dimension = (Key: Dimension) => ({ Type: 'DIMENSION', Key }) as const;
const tag = (Key: string) => ({ Type: 'TAG', Key }) as const;
const anyOf = (Key: Dimension, Values: string[]): Expression => ({ Dimensions: { Key, Values } });
const all = (...And: Expression[]): Expression => ({ And });

const filterOf = ({ account, service, usageTypes }: UsageOf): Expression =>
  all(anyOf('LINKED_ACCOUNT', [account]), anyOf('SERVICE', [service]), anyOf('RECORD_TYPE', [...usageTypes]));

function pair(keys: readonly string[]): [string, string] {
  const [first, second] = keys;
  if (first === undefined || second === undefined || keys.length !== 2) {
    throw new Error(`Cost Explorer was asked for groups by two keys and sent ${keys.length}`);
  }
  return [first, second];
}

/** The value of a group such as `team$search`. It may itself hold a `$`; untagged spend, `team$`, has none. */
const tagValue = (group: string): string | undefined => group.slice(group.indexOf('$') + 1) || undefined;

function costOf({ NetAmortizedCost }: Metrics): Pick<Charge, 'amount' | 'currency'> {
  if (NetAmortizedCost === undefined) throw new Error('Cost Explorer sent a group without its cost');
  return { amount: NetAmortizedCost.Amount, currency: NetAmortizedCost.Unit };
}

function usedOf({ UsageQuantity }: Metrics): Pick<UsageLine, 'quantity' | 'unit'> {
  if (UsageQuantity === undefined) return {};
  const { Amount, Unit } = UsageQuantity;
  return { quantity: Amount, ...(Unit && Unit !== 'N/A' && { unit: Unit }) };
}
