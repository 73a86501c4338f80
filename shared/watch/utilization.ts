import { findingAlert } from '../alert/finding-alert.ts';
import { type Attribution, attribute } from '../allocation/owner.ts';
import { inBatches } from '../batches.ts';
import { monthlyCost } from '../compute/cost.ts';
import {
  confirmedBy,
  type Finding,
  type Flaw,
  findingKey,
  type Observation,
  reviewFindings,
  toFinding,
  wastedBetween,
} from '../compute/finding.ts';
import { type OwnerWaste, wasteByOwner } from '../compute/waste.ts';
import type { Config } from '../config.ts';
import type { Usd } from '../money.ts';
import { logger } from '../observability.ts';
import { dateOf, type IsoTime } from '../period.ts';
import {
  closeFindings,
  confirmFindings,
  getFindings,
  getPastFindings,
  openFinding,
  openingWrite,
} from '../store/findings.ts';
import { recordAlert } from '../store/outbox.ts';
import type { Table } from '../store/table.ts';
import { type Target, targetName } from '../target.ts';
import type { Gap, Observed, Observer, Watched } from './observe.ts';
import { observeBedrock } from './observe-bedrock.ts';
import { observeContainers } from './observe-containers.ts';
import { observeInstances } from './observe-instances.ts';
import { observeJobs } from './observe-jobs.ts';
import { observeSageMaker } from './observe-sagemaker.ts';
import type { TargetClients } from './target-clients.ts';

/** The parts of a target, and what people call them. */
const observers: readonly { part: string; observe: Observer }[] = [
  { part: 'accelerator instances', observe: observeInstances },
  { part: 'SageMaker endpoints, notebooks and apps', observe: observeSageMaker },
  { part: 'SageMaker jobs', observe: observeJobs },
  { part: 'GPUs of containers', observe: observeContainers },
  { part: 'Bedrock', observe: observeBedrock },
];

/** One verdict, as a table or a program shows it. */
export type ObservedRow = Observation & {
  attribution: Attribution;
  /** Dollars of this month that bought nothing; absent where nothing is wrong, or the price is unknown. */
  monthToDate?: Usd | undefined;
};

export type UtilizationResult = {
  account: string;
  accountName?: string | undefined;
  region: string;
  /** The most wasteful first. */
  observations: ObservedRow[];
  /** What bought nothing this month, by owner, the most wasteful first. */
  waste: OwnerWaste[];
  /** What couldn't be read, and why. */
  gaps: Gap[];
  /** Findings: opened, seen again, over; and how many of those opened were told. */
  opened: number;
  confirmed: number;
  closed: number;
  told: number;
};

export type UtilizationClients = TargetClients & { table?: Table | undefined };

/**
 * One pass over everything in a target that is judged by what it does: verdicts, and what they mean for the findings.
 * An episode is told once, however often it is seen; a repeat of the same pass changes nothing. A part that can't be
 * read is a gap, and the others go on. With `readOnly` nothing is kept, and nobody is told.
 */
export async function watchUtilization(
  { table, ...clients }: UtilizationClients,
  target: Target,
  config: Config,
  now: IsoTime,
  { readOnly = false }: { readOnly?: boolean } = {},
): Promise<UtilizationResult> {
  const open = table ? await getFindings(table, target) : [];
  const watched: Watched = { clients, table, target, config, now, open, readOnly };
  const { observations, complete, gaps } = await observeAll(watched);
  for (const { what, why } of gaps) logger.warn('not read', { target: targetName(target), what, why });
  const settled = await settle(watched, open, observations, complete);
  const monthStart = `${dateOf(now).slice(0, 7)}-01T00:00:00Z`;
  const past = table ? await getPastFindings(table, target, monthStart) : [];
  const byKey = new Map(settled.findings.map((finding) => [findingKey(finding), finding]));
  const rows = observations.map((observation): ObservedRow => {
    const { kind, id } = observation.resource;
    const { check } = observation.utilization;
    const finding = check && byKey.get(findingKey({ kind, id, check }));
    return {
      ...observation,
      since: finding?.since ?? observation.since,
      attribution: attribute(observation.resource.tags, config.tags),
      monthToDate: finding && wastedBetween(finding, monthStart, now),
    };
  });
  const { opened, confirmed, closed, told } = settled;
  return {
    account: target.account,
    accountName: target.accountName,
    region: target.region,
    observations: rows.toSorted((a, b) => wastedHourly(b) - wastedHourly(a) || (b.loss ?? 0) - (a.loss ?? 0)),
    waste: wasteByOwner([...settled.findings, ...past], monthStart, now),
    gaps: [...gaps],
    opened,
    confirmed,
    closed,
    told,
  };
}

/** What a function says of its pass: everything is in the table, and an answer has a limit. */
export const toSummary = ({ observations, waste, ...result }: UtilizationResult) => ({
  ...result,
  resources: observations.length,
  states: Object.fromEntries(
    [...Map.groupBy(observations, ({ utilization }) => utilization.state)].map(([state, { length }]) => [
      state,
      length,
    ]),
  ),
  wastedThisMonth: waste.reduce((sum, { monthToDate }) => sum + monthToDate, 0),
});

/** Dollars an hour that buy nothing, as far as they are known. */
const wastedHourly = ({ hourlyRate = 0, utilization: { wastedShare = 0 } }: Observation): Usd =>
  hourlyRate * wastedShare;

/** Every part, one after the other: each fills CloudWatch's batches by itself. */
async function observeAll(watched: Watched): Promise<Observed> {
  const parts: Observed[] = [];
  for (const { part, observe } of observers) {
    try {
      parts.push(await observe(watched));
    } catch (error) {
      parts.push({ observations: [], complete: [], gaps: [{ what: part, why: (error as Error).message }] });
    }
  }
  const all = {
    observations: parts.flatMap(({ observations }) => observations),
    complete: parts.flatMap(({ complete }) => complete),
    gaps: parts.flatMap(({ gaps }) => gaps),
  };
  const [gap] = all.gaps;
  // A target that can't be read at all is a failure: the run is tried again, and an alarm tells of it.
  if (gap && all.complete.length === 0) throw new Error(`${gap.what} could not be read: ${gap.why}`);
  return all;
}

/** Closes, confirms and opens; `findings` are those open now. Who only looks sees the same, and keeps nothing. */
async function settle(
  watched: Watched,
  open: readonly Finding[],
  observations: readonly Observation[],
  complete: Observed['complete'],
) {
  const { table, config, now, readOnly } = watched;
  const review = reviewFindings(open, observations, complete);
  const whose = ({ resource }: Flaw) => attribute(resource.tags, config.tags);
  const confirmed = review.confirmed
    .filter(({ finding, flaw }) => isNews(finding, flaw))
    .map(({ finding, flaw }) => confirmedBy(finding, flaw, whose(flaw), now));
  const resting = review.confirmed.filter(({ finding, flaw }) => !isNews(finding, flaw));
  const opened = review.opened.map((flaw) => ({ flaw, finding: toFinding(flaw, whose(flaw), now) }));
  let told = 0;
  if (table && !readOnly) {
    await closeFindings(table, review.closed, now);
    await confirmFindings(table, confirmed);
    for (const some of inBatches(opened, openingsAtOnce)) {
      const answers = await Promise.all(
        some.map(({ flaw, finding }) => openAndTell(watched, table, flaw, finding)),
      );
      told += answers.filter(Boolean).length;
    }
  }
  return {
    findings: [
      ...confirmed,
      ...resting.map(({ finding }) => finding),
      ...opened.map(({ finding }) => finding),
    ],
    opened: opened.length,
    confirmed: confirmed.length,
    closed: review.closed.length,
    told,
  };
}

const openingsAtOnce = 10;

/** What an earlier run has measured is no news to the finding that it opened. */
const isNews = (finding: Finding, { seenAt }: Flaw): boolean =>
  seenAt === undefined || Date.parse(seenAt) > Date.parse(finding.seenAt);

/**
 * Opens a finding, with the alert that tells of it where it is worth a message. An episode that was told before, and
 * only interrupted by its CPU or its memory, is open again without a word.
 */
async function openAndTell(
  { target, config, now }: Watched,
  table: Table,
  { resource }: Flaw,
  finding: Finding,
): Promise<boolean> {
  if (isWorthTelling(finding, config)) {
    const alert = findingAlert({ finding, resource, target, tags: config.tags, now });
    if (await recordAlert(table, alert, [openingWrite(table, finding)])) return true;
  }
  await openFinding(table, finding);
  return false;
}

/**
 * What wastes less a month than the floor is listed, and nobody is told. What isn't measured in dollars is told: of an
 * unknown price, or a job that runs too long.
 */
function isWorthTelling({ wastedHourlyRate, loss }: Finding, { utilization: { floor } }: Config): boolean {
  if (wastedHourlyRate === undefined && loss === undefined) return true;
  return monthlyCost(wastedHourlyRate ?? 0) >= floor || (loss ?? 0) >= floor;
}
