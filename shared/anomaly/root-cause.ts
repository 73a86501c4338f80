import { formatMoney, type Usd } from '../money.ts';
import type { IsoDate } from '../period.ts';
import type { OwnerLine, UsageLine } from '../spend/breakdown.ts';
import { sum } from './statistics.ts';

/** What an incident comes from, as far as the bill tells. */
export type RootCause = {
  region: string;
  usageType: string;
  /** Its part of all that rose, 0 to 1. */
  share: number;
  /** `usage`: more is used; `rate`: the same costs more; `unknown`: the bill has no quantity. */
  driver: 'usage' | 'rate' | 'unknown';
  team?: string;
  owner?: string;
  /** In one sentence. */
  sentence: string;
};

type Dated = { date: IsoDate; amount: Usd };
type Change<Line> = { lines: readonly Line[]; before: number; after: number; rise: number };

/**
 * Drills from an incident down to the one kind of usage that rose most, and whose it is: the mean day from `start`
 * on against the mean day before. Absent where nothing in the breakdown rose.
 */
export function findRootCause(
  usage: readonly UsageLine[],
  owners: readonly OwnerLine[],
  start: IsoDate,
  currency: string,
): RootCause | undefined {
  const risen = risesOf(usage, ({ region, usageType }) => `${region} ${usageType}`, start);
  const [top] = risen;
  const line = top?.lines[0];
  if (top === undefined || line === undefined) return undefined;
  const { region, usageType } = line;
  const share = top.rise / sum(risen.map(({ rise }) => rise));
  const whose = ownerOfRise(owners, start);
  const driver = driverOf(top, start, dayCounts(usage, start));
  const sentence = `${usageType} in ${region} makes up ${Math.round(share * 100)} % of the rise: ${formatMoney(top.after, currency)} a day after ${formatMoney(top.before, currency)}${driver.text}.`;
  return { region, usageType, share, driver: driver.kind, ...whose, sentence };
}

/** The groups that rose, in dollars a day, the most first. */
function risesOf<Line extends Dated>(
  lines: readonly Line[],
  keyOf: (line: Line) => string,
  start: IsoDate,
): Change<Line>[] {
  const days = dayCounts(lines, start);
  return [...Map.groupBy(lines, keyOf).values()]
    .map((group) => changeOf(group, start, days))
    .filter(({ rise }) => rise > 0)
    .toSorted((a, b) => b.rise - a.rise);
}

function changeOf<Line extends Dated>(lines: readonly Line[], start: IsoDate, days: DayCounts): Change<Line> {
  const [before, after] = meansOf(
    lines.map(({ date, amount }) => ({ date, value: amount })),
    start,
    days,
  );
  return { lines, before, after, rise: after - before };
}

type DayCounts = { before: number; after: number };

/** How many days the breakdown has before `start` and from then on: a group without a line on a day cost nothing. */
function dayCounts(lines: readonly Dated[], start: IsoDate): DayCounts {
  const dates = new Set(lines.map(({ date }) => date));
  const after = [...dates].filter((date) => date >= start).length;
  return { before: dates.size - after, after };
}

function meansOf(
  values: readonly { date: IsoDate; value: number }[],
  start: IsoDate,
  days: DayCounts,
): [before: number, after: number] {
  const total = (part: typeof values) => sum(part.map(({ value }) => value));
  return [
    total(values.filter(({ date }) => date < start)) / Math.max(1, days.before),
    total(values.filter(({ date }) => date >= start)) / Math.max(1, days.after),
  ];
}

/** Splits the rise into price and quantity: what the added quantity costs at the old price is usage. */
function driverOf(
  { lines, before, after, rise }: Change<UsageLine>,
  start: IsoDate,
  days: DayCounts,
): { kind: RootCause['driver']; text: string } {
  const quantities = lines.flatMap(({ date, quantity }) =>
    quantity === undefined ? [] : [{ date, value: quantity }],
  );
  const [used, uses] = meansOf(quantities, start, days);
  if (uses <= 0) return { kind: 'unknown', text: '' };
  const unit = lines.find((line) => line.unit !== undefined)?.unit ?? 'units';
  const quantity = `${rounded(uses)} ${unit} a day after ${rounded(used)}`;
  if (used <= 0 || ((uses - used) * before) / used >= rise / 2) {
    return { kind: 'usage', text: `, driven by usage (${quantity})` };
  }
  const price = `${(after / uses).toPrecision(3)} per unit after ${(before / used).toPrecision(3)}`;
  return { kind: 'rate', text: `, driven by its price (${price})` };
}

const rounded = (value: number): string => value.toLocaleString('en-US', { maximumFractionDigits: 1 });

/** Whose the larger half of the rise is; nobody's where that half is untagged or there is none. */
function ownerOfRise(owners: readonly OwnerLine[], start: IsoDate): Pick<RootCause, 'team' | 'owner'> {
  const named = (key: 'team' | 'owner') => {
    const risen = risesOf(owners, (line) => line[key] ?? '', start);
    const [top] = risen;
    const name = top?.lines[0]?.[key];
    const isMost = top !== undefined && top.rise >= sum(risen.map(({ rise }) => rise)) / 2;
    return name !== undefined && isMost ? { [key]: name } : {};
  };
  return { ...named('team'), ...named('owner') };
}
