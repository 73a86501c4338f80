import type { IsoDate } from '../period.ts';
import type { Breakdown, PartLine } from '../spend/breakdown.ts';
import { type Compared, heightOf, type Rise, riseOf, weightsOf } from './rise.ts';

/** A commitment that no longer covers what it used to. */
export type EndedCommitment = {
  kind: 'savings-plan' | 'reservation';
  /** The first day without it. */
  endedOn: IsoDate;
  /** What it covered on a mean day, before and after, in the bill's units. */
  covered: Rise;
};

/** Of what was covered, the part that may be left, and the part of the loss that on-demand usage must make up for. */
const lost = 0.5;
/** Relative change of the total up to which usage counts as flat. */
const flat = 0.2;

/**
 * The commitment that ended: a Savings Plan or reservation covers much less than before, the same is used on demand
 * instead, and the total is what it was. Undefined where that is not so, or the breakdown has no record types.
 */
export function commitmentEnded({ lines }: Breakdown, compared: Compared): EndedCommitment | undefined {
  const coverable = new Set(lines.filter(isCovered).map(usageTypeOf));
  const same = lines.filter((line) => coverable.has(usageTypeOf(line)));
  const byKind = Map.groupBy(same, (line) => kindOf(line) ?? 'on-demand');
  const total = usedIn(same, compared);
  if (total.before <= 0 || Math.abs(heightOf(total)) > flat * total.before) return undefined;
  const onDemand = usedIn(byKind.get('on-demand') ?? [], compared);
  for (const kind of ['savings-plan', 'reservation'] as const) {
    const own = byKind.get(kind) ?? [];
    const covered = usedIn(own, compared);
    const isLost = covered.before > 0 && covered.after <= lost * covered.before;
    if (!isLost || heightOf(onDemand) < lost * -heightOf(covered)) continue;
    return { kind, endedOn: firstDayWithout(own, lost * covered.before, same, compared), covered };
  }
  return undefined;
}

function kindOf({ part }: PartLine): EndedCommitment['kind'] | undefined {
  const name = part['recordType']?.toLowerCase().replaceAll(/[\s_]/g, '');
  if (name === 'savingsplancoveredusage') return 'savings-plan';
  return name === 'discountedusage' || name === 'reservationappliedusage' ? 'reservation' : undefined;
}

const isCovered = (line: PartLine): boolean => kindOf(line) !== undefined;

const usageTypeOf = ({ part }: PartLine): string | undefined => part['usageType'];

/** Hours are added to hours: what a commitment covers is counted in one unit. */
const usedIn = (lines: readonly PartLine[], compared: Compared): Rise =>
  riseOf(
    lines.map(({ date, quantity = 0 }) => ({ date, value: quantity })),
    weightsOf(compared),
  );

/** The first day after those before it on which there is at most `least` of it; the bill has other lines on each day. */
function firstDayWithout(
  covered: readonly PartLine[],
  least: number,
  all: readonly PartLine[],
  { before, after }: Compared,
): IsoDate {
  const byDate = Map.groupBy(covered, ({ date }) => date);
  const usedOn = (date: IsoDate) =>
    (byDate.get(date) ?? []).reduce((sum, { quantity = 0 }) => sum + quantity, 0);
  const last = before.at(-1) ?? '';
  const dates = [...new Set(all.map(({ date }) => date))].filter((date) => date > last).toSorted();
  return dates.find((date) => usedOn(date) <= least) ?? after[0] ?? last;
}
