import type { EC2Client } from '@aws-sdk/client-ec2';
import type { PricingClient } from '@aws-sdk/client-pricing';
import { getStoragePrices } from '../aws/storage-prices.ts';
import { getAttached } from '../aws/volumes.ts';
import { inBatches } from '../batches.ts';
import { type Attached, type StoragePrices, stillBilledRate } from '../compute/storage.ts';
import type { Usd } from '../money.ts';
import { logger } from '../observability.ts';
import type { IsoTime } from '../period.ts';
import {
  isLedgerDue,
  type Opening,
  type Settlement,
  type Sighted,
  settle,
  stillBilledOf,
  type TimeSpan,
  toOffPeriod,
} from '../schedule/off-period.ts';
import { type CountedPeriod, countPeriods, type Month, monthSpan } from '../schedule/savings.ts';
import type { RateSource } from '../spend/rate.ts';
import { sourceOfRate } from '../store/prices.ts';
import { confirmPeriod, endPeriod, getOpenPeriods, getSavingsFacts, openPeriod } from '../store/savings.ts';
import type { Table } from '../store/table.ts';
import { type Target, targetName } from '../target.ts';
import type { Planned } from './plan-schedules.ts';

type LedgerClients = { table: Table; ec2: EC2Client; pricing: PricingClient };

/**
 * Keeps the ledger of what stops save, by what a pass has found in a target: opens a period for what we stopped, ends
 * those of what runs again or is gone, and now and then records that the others go on. It asks AWS only about what was
 * just stopped. Level-triggered: what a pass leaves undone the next one does.
 */
export async function settlePeriods(
  clients: LedgerClients,
  target: Target,
  planned: readonly Planned[],
  now: IsoTime,
): Promise<void> {
  const sighted = planned.map(toSighted);
  if (!sighted.some((each) => isLedgerDue(each, now))) return;
  const open = await getOpenPeriods(clients.table, target);
  const { opened, seen, ended } = settle(sighted, open, now);
  await each(ended, ({ period, endedAt }) => endPeriod(clients.table, target, period, endedAt));
  await each(seen, (period) => confirmPeriod(clients.table, target, period, now));
  await openPeriods(clients, target, opened, now);
}

/** What a pass has found of one thing. Hibernating takes a while, and is billed: nobody says until when. */
function toSighted({ subject, attribution, input: { parsed }, stored, hourlyRate }: Planned): Sighted {
  const { kind, id, name, type, state, startedAt } = subject;
  const schedule = parsed?.kind === 'schedule' ? parsed.schedule : undefined;
  const hibernates = subject.hibernates === true && schedule?.hibernate === true;
  return {
    kind,
    id,
    name,
    type,
    count: 1,
    attribution,
    state,
    startedAt,
    downAt: hibernates ? undefined : subject.stoppedAt,
    ourStopAt: stored?.seenUpAt === undefined ? stored?.stoppedAt : undefined,
    ourStartAt: stored?.startedAt,
    schedule,
    hourlyRate: hourlyRate ?? stored?.hourlyRate,
  };
}

/** As many writes at a time as keep a pass over hundreds short, and the table from throttling. */
const concurrentWrites = 25;

async function each<Item>(items: readonly Item[], write: (item: Item) => Promise<unknown>): Promise<void> {
  for (const batch of inBatches(items, concurrentWrites)) await Promise.all(batch.map(write));
}

async function openPeriods(
  clients: LedgerClients,
  target: Target,
  opened: Settlement['opened'],
  now: IsoTime,
): Promise<void> {
  const instances = opened.filter(isInstance);
  const known = await stillBilledRates(clients, target, instances);
  // What couldn't be asked may be told to the next run. An instance loses nothing by it: EC2 dates its stop.
  const ready = known ? opened : opened.filter((opening) => !isInstance(opening) || isOverdue(opening, now));
  await each(ready, async (opening) => {
    const rateSource = await sourceOf(clients.table, target, opening, now);
    const stillBilledHourlyRate = stillBilledOf(opening) ?? known?.get(opening.id);
    await openPeriod(clients.table, toOffPeriod(target, opening, { rateSource, stillBilledHourlyRate }, now));
  });
}

const isInstance = ({ kind }: Opening): boolean => kind === 'ec2-instance';

const isOverdue = ({ ourStopAt }: Opening, now: IsoTime): boolean =>
  Date.parse(now) - Date.parse(ourStopAt) >= patienceMs;

/** Whoever may not ask at all has their hours counted all the same, at an unknown price. */
const patienceMs = 3_600_000;

const sourceOf = async (
  table: Table,
  { region }: Target,
  { type, hourlyRate }: Opening,
  now: IsoTime,
): Promise<RateSource | undefined> =>
  hourlyRate === undefined ? undefined : sourceOfRate(table, { region, type, hourlyRate }, now);

/** By instance id, absent where a price is unknown; undefined where EC2 or the price list couldn't be asked. */
async function stillBilledRates(
  { ec2, pricing }: LedgerClients,
  target: Target,
  instances: readonly Opening[],
): Promise<Map<string, Usd> | undefined> {
  if (instances.length === 0) return new Map();
  const ids = instances.map(({ id }) => id);
  try {
    const attached = await getAttached(ec2, ids);
    const types = [...attached.values()].flatMap(({ volumes }) => volumes.map(({ type }) => type));
    return ratesBy(attached, await getStoragePrices(pricing, target.region, types));
  } catch (error) {
    logger.warn('still billed unknown', { target: targetName(target), ids, error: error as Error });
    return undefined;
  }
}

const ratesBy = (attached: ReadonlyMap<string, Attached>, prices: StoragePrices): Map<string, Usd> =>
  new Map(
    [...attached].flatMap(([id, own]) => {
      const rate = stillBilledRate(own, prices);
      return rate === undefined ? [] : [[id, rate] as const];
    }),
  );

/** What counts in a month, of all targets. */
export const readSavings = (
  table: Table,
  targets: readonly Target[],
  month: Month,
): Promise<CountedPeriod[]> => readSavingsIn(table, targets, monthSpan(month));

/** What counts in any span of time. */
export async function readSavingsIn(
  table: Table,
  targets: readonly Target[],
  span: TimeSpan,
): Promise<CountedPeriod[]> {
  const facts = await Promise.all(targets.map((target) => getSavingsFacts(table, target, span)));
  return facts.flatMap(countPeriods);
}
