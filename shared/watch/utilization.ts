import { findingOverAlert } from '../alert/finding-alert.ts';
import { type Attribution, attribute } from '../allocation/owner.ts';
import { inBatches } from '../batches.ts';
import {
  confirmedBy,
  endingOf,
  type Finding,
  type Flaw,
  findingKey,
  type Observation,
  reviewFindings,
  toFinding,
  wastedBetween,
  wastedRateOf,
} from '../compute/finding.ts';
import { type OwnerWaste, wasteByOwner } from '../compute/waste.ts';
import type { Config } from '../config.ts';
import type { Usd } from '../money.ts';
import { logger } from '../observability.ts';
import { addMilliseconds, dateOf, earlier, type IsoTime } from '../period.ts';
import {
  closeFinding,
  closeFindings,
  closingWrites,
  confirmFindings,
  getFindings,
  getPastFindings,
  openFinding,
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
import { costsEnough, type Seen, tellFinding } from './tell-finding.ts';

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
  const monthStart = `${dateOf(now).slice(0, 7)}-01T00:00:00Z`;
  const quietStart = addMilliseconds(now, -quietMs);
  const past = table ? await getPastFindings(table, target, earlier(monthStart, quietStart)) : [];
  const settled = await settle(watched, { open, past }, observations, complete);
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
  return {
    account: target.account,
    accountName: target.accountName,
    region: target.region,
    observations: rows.toSorted((a, b) => wastedHourly(b) - wastedHourly(a) || (b.loss ?? 0) - (a.loss ?? 0)),
    waste: wasteByOwner([...settled.findings, ...settled.closed, ...past], monthStart, now),
    gaps: [...gaps],
    opened: settled.opened,
    confirmed: settled.confirmed,
    closed: settled.closed.length,
    told: settled.told,
  };
}

/** What comes back within a week is not told again at once: a box that is idle every night is one thing to tell. */
const quietMs = 7 * 24 * 3_600_000;

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
const wastedHourly = (observation: Observation): Usd => wastedRateOf(observation) ?? 0;

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

type Known = { open: readonly Finding[]; past: readonly Finding[] };

/** Closes, confirms and opens; `findings` are those open now. Who only looks sees the same, and keeps nothing. */
async function settle(
  watched: Watched,
  { open, past }: Known,
  observations: readonly Observation[],
  complete: Observed['complete'],
) {
  const { table, config, now, readOnly } = watched;
  const review = reviewFindings(open, observations, complete, now);
  const whose = ({ resource }: Flaw) => attribute(resource.tags, config.tags);
  const confirmed = review.confirmed.filter(({ finding, flaw }) => isNews(finding, flaw));
  const resting = review.confirmed.filter(({ finding, flaw }) => !isNews(finding, flaw));
  const lastTold = toldBefore([...past, ...review.closed]);
  const seen: Seen[] = [
    ...confirmed.map(({ finding, flaw }) => ({
      flaw,
      finding: confirmedBy(finding, flaw, whose(flaw), now),
      isOpen: true,
    })),
    ...review.opened.map((flaw) => {
      const finding = toFinding(flaw, whose(flaw), now);
      return { flaw, finding: { ...finding, toldAt: lastTold.get(findingKey(finding)) }, isOpen: false };
    }),
  ];
  const keeps = table !== undefined && !readOnly;
  if (keeps) await closeAndTell(watched, table, review.closed, observations);
  const told = keeps ? await keepAndTell(watched, table, seen) : 0;
  return {
    findings: [
      ...seen.map(({ finding }) => finding),
      ...resting.map(({ finding }) => finding),
      ...review.unseen,
    ],
    closed: review.closed,
    opened: review.opened.length,
    confirmed: confirmed.length,
    told,
  };
}

/** Closes what is over, and tells it where somebody was told of it; what nobody heard of ends in silence. */
async function closeAndTell(
  { target, now }: Watched,
  table: Table,
  closed: readonly Finding[],
  observations: readonly Observation[],
): Promise<void> {
  await closeFindings(
    table,
    closed.filter((finding) => !isTold(finding)),
    now,
  );
  const byId = Map.groupBy(observations, ({ resource }) => resource.id);
  for (const some of inBatches(closed.filter(isTold), openingsAtOnce)) {
    await Promise.all(
      some.map(async (finding) => {
        const ending = endingOf(finding, byId.get(finding.id) ?? []);
        const alert = findingOverAlert({ finding, ending, target, now });
        const isNew = await recordAlert(table, alert, closingWrites(table, finding, now));
        // The same episode may be found again, as by a listing that was late, and be over for a second time.
        if (!isNew) await closeFinding(table, finding, now);
      }),
    );
  }
}

/** This episode, not one before it. */
const isTold = ({ toldAt, openedAt }: Finding): boolean =>
  toldAt !== undefined && Date.parse(toldAt) >= Date.parse(openedAt);

/** When somebody was told last of what was over since, by the key of the finding. */
function toldBefore(past: readonly Finding[]): Map<string, IsoTime> {
  const told = past.flatMap((finding) =>
    finding.toldAt === undefined ? [] : [[findingKey(finding), finding.toldAt] as const],
  );
  return new Map(told.toSorted(([, a], [, b]) => Date.parse(a) - Date.parse(b)));
}

/** Keeps what was seen, and tells what nobody has heard of lately, the most wasteful first; how many were told. */
async function keepAndTell(watched: Watched, table: Table, seen: readonly Seen[]): Promise<number> {
  const isDue = ({ finding }: Seen) => isWorthTelling(finding, watched);
  const due = seen.filter(isDue).toSorted((a, b) => wastedHourly(b.flaw) - wastedHourly(a.flaw));
  const quiet = seen.filter((one) => !isDue(one));
  await confirmFindings(
    table,
    quiet.filter(({ isOpen }) => isOpen).map(({ finding }) => finding),
  );
  let told = 0;
  for (const some of inBatches(due, openingsAtOnce)) {
    const answers = await Promise.all(some.map((one) => tellFinding(watched, table, one)));
    told += answers.filter(Boolean).length;
  }
  for (const some of inBatches(
    quiet.filter(({ isOpen }) => !isOpen),
    openingsAtOnce,
  )) {
    await Promise.all(some.map(({ finding }) => openFinding(table, finding)));
  }
  return told;
}

const openingsAtOnce = 10;

/** What an earlier run has measured is no news to the finding that it opened. */
const isNews = (finding: Finding, { seenAt }: Flaw): boolean =>
  seenAt === undefined || Date.parse(seenAt) > Date.parse(finding.seenAt);

/** What nobody was told of lately, and is worth it. */
const isWorthTelling = (finding: Finding, { config, now }: Watched): boolean =>
  !isToldEnough(finding, now) && costsEnough(finding, config);

/** This episode, or one before within the week; that one only until it has lasted for a day: no longer one of many. */
function isToldEnough(finding: Finding, now: IsoTime): boolean {
  const { toldAt, openedAt } = finding;
  if (toldAt === undefined) return false;
  const since = (time: IsoTime) => Date.parse(now) - Date.parse(time);
  return isTold(finding) || (since(toldAt) < quietMs && since(openedAt) < lastingMs);
}

const lastingMs = 24 * 3_600_000;
