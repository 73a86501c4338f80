import type { Usd } from '../money.ts';
import { billedRegion } from './billing-region.ts';
import type { UsageLine } from './breakdown.ts';

/** What an hour is paid for: of an instance by purchase option, of SageMaker by what runs there, of a model unit. */
export type RateUse =
  | 'on-demand'
  | 'spot'
  /** On demand, on hardware that no other customer shares. */
  | 'dedicated'
  | 'hosting'
  | 'training'
  | 'processing'
  | 'transform'
  | 'notebook'
  | 'studio'
  | 'cluster'
  | 'model-unit';

/** Something that has a price by the hour. */
export type Priced = {
  region: string;
  /** `g5.xlarge`, `ml.g5.xlarge`; of a model unit the model's id. */
  type: string;
  use: RateUse;
  platform?: 'linux' | 'windows' | undefined;
};

/**
 * What an hour really cost, by the bill: discounts are in it, and what Savings Plans and reservations cover counts at
 * what was committed for it. Of a model unit `type` is the model's plain name.
 */
export type RatePaid = Priced & { hourlyRate: Usd };

/** Where a rate was read. */
export type RateSource = 'bill' | 'pricing-api';

/**
 * What the usage types of instances begin with; SageMaker's as its price list has them. An asynchronous endpoint is
 * listed at the price of any other.
 */
const usesByName: Readonly<Record<string, RateUse>> = {
  BoxUsage: 'on-demand',
  SpotUsage: 'spot',
  DedicatedUsage: 'dedicated',
  Host: 'hosting',
  AsyncInf: 'hosting',
  Train: 'training',
  Processing: 'processing',
  Tsform: 'transform',
  Notebk: 'notebook',
  Studio: 'studio',
  Cluster: 'cluster',
};

/** `EUW1-BoxUsage:p4d.24xlarge`, `EU-Host:ml.g5.xlarge`, `USE1-Studio:JupyterLab-ml.t3.medium`; the region may be absent. */
const instanceUsage =
  /^(?:[A-Z0-9]+-)?(?:(Studio):[A-Za-z]+-|([A-Za-z]+):)((?:ml\.)?[a-z0-9-]+\.[a-z0-9-]+)$/;

/** `USE1-Nova2.0Lite-ProvisionedThroughput-NoCommit-ModelUnits`; those of the Marketplace name no model. */
const modelUnitUsage = /^(?:[A-Z0-9]+-)?(.+)-ProvisionedThroughput-\w+-ModelUnits$/;

/** What a usage type is the hour of; undefined where it is of nothing that has a price by the hour. */
export function pricedBy(usageType: string): Pick<Priced, 'type' | 'use'> | undefined {
  const [, model] = modelUnitUsage.exec(usageType) ?? [];
  if (model !== undefined) return { type: plainName(model.replace(/\.0(?!\d)/, '')), use: 'model-unit' };
  const [, studio, name = studio, type] = instanceUsage.exec(usageType) ?? [];
  const use = usesByName[name ?? ''];
  if (type === undefined || use === undefined) return undefined;
  return type.startsWith('ml.') === isSageMaker(use) ? { type, use } : undefined;
}

const ofInstances: readonly RateUse[] = ['on-demand', 'spot', 'dedicated'];

const isSageMaker = (use: RateUse): boolean => use !== 'model-unit' && !ofInstances.includes(use);

/** Whether AWS publishes one price for it: spot has none, and a model unit's depends on what was committed to. */
export const isListed = ({ use }: Pick<Priced, 'use'>): boolean => use !== 'spot' && use !== 'model-unit';

/** The same for all that have the same price, in the bill and in AWS's lists of resources. */
export const rateKey = ({ region, type, use, platform }: Priced): string =>
  `${region}#${use === 'model-unit' ? modelName(type) : type}#${use}${platform === 'windows' ? '#windows' : ''}`;

/** `nova2lite` of `amazon.nova-2-lite-v1:0:256k`, which the bill calls `Nova2.0Lite`. */
const modelName = (id: string): string =>
  plainName(id.slice(id.indexOf('.') + 1).replace(/-v1(?::[\w:]*)?$/, ''));

const plainName = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '')
    .replace(/instruct$/, '');

/**
 * Hourly rates by region, type and use. What was not paid for is left out, and so stays unknown; so is a model whose
 * units were paid for under several commitments, since nothing tells which of them is whose.
 */
export function ratesPaid(lines: readonly UsageLine[]): RatePaid[] {
  const hours = lines.flatMap((line) => {
    const priced = isPaidByTheHour(line) ? pricedIn(line) : undefined;
    return priced ? [{ ...line, ...priced }] : [];
  });
  return [...Map.groupBy(hours, rateKey).values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined || !hasOnePrice(group)) return [];
    const { region, type, use, platform } = first;
    const hourlyRate = sumOf(group, ({ amount }) => amount) / sumOf(group, ({ quantity = 0 }) => quantity);
    return Number.isFinite(hourlyRate) && hourlyRate > 0 ? [{ region, type, use, platform, hourlyRate }] : [];
  });
}

/** What a line of the bill is the price of; undefined also of instances whose price has a licence in it. */
function pricedIn({ usageType, operation }: UsageLine): Priced | undefined {
  const [region, priced] = [billedRegion(usageType), pricedBy(usageType)];
  if (region === undefined || priced === undefined) return undefined;
  if (!ofInstances.includes(priced.use)) return { region, ...priced };
  const platform = platformOf(operation);
  return platform && { region, ...priced, platform };
}

/** `RunInstances:0002`, `RunInstances:SV001`: the system, but for plain Linux, and where a spot instance ran. */
const runOperation = /^RunInstances(:0002)?(?::S\w+)?$/;

/**
 * The system of an instance by the operation that the bill names (EC2 user guide: AMI billing information). Undefined
 * for any other, such as Red Hat's or a database's, and for Windows whose licence is a line of its own.
 */
function platformOf(operation: string): Priced['platform'] {
  const [run, windows] = runOperation.exec(operation) ?? [];
  if (run === undefined) return undefined;
  return windows === undefined ? 'linux' : 'windows';
}

/** Hours of a free tier, or that the bill takes back, say nothing of what an hour costs. */
const isPaidByTheHour = ({ amount, quantity = 0, unit = 'Hrs' }: UsageLine): boolean =>
  amount > 0 && quantity > 0 && /^h(ou)?rs?$/i.test(unit);

const hasOnePrice = (group: readonly { use: RateUse; usageType: string }[]): boolean =>
  group[0]?.use !== 'model-unit' || new Set(group.map(({ usageType }) => usageType)).size === 1;

const sumOf = <Item>(items: readonly Item[], partOf: (item: Item) => number): number =>
  items.reduce((sum, item) => sum + partOf(item), 0);
