import { bestRecommendations } from '../advice/recommendation.ts';
import { causeClause } from '../alert/cause-text.ts';
import type { Digest } from '../alert/digest.ts';
import type { DueDigest } from '../alert/digest-due.ts';
import type { StaleHeartbeat } from '../alert/heartbeat.ts';
import { ownerOf } from '../allocation/owner.ts';
import { scopeOf } from '../anomaly/calendar.ts';
import type { Incident } from '../anomaly/incident.ts';
import { incidentAbout, incidentsSince, teamOf } from '../anomaly/period-incidents.ts';
import { type BudgetStatus, budgetStatus, monthAround } from '../budget/budget.ts';
import { type Finding, lastsUntil } from '../compute/finding.ts';
import { endsByItself } from '../compute/resource.ts';
import { wasteByOwner } from '../compute/waste.ts';
import type { Config } from '../config.ts';
import { addDays, dateOf, type IsoTime, type Period } from '../period.ts';
import { type CountedPeriod, savingsIn } from '../schedule/savings.ts';
import { byAccount, byUsageType, groupingKey, groupingKeyOf, tagDimension } from '../spend/grouping.ts';
import { daysIn, type Mover, movers, perDay, spendIn } from '../spend/period-change.ts';
import { isWithin, type Scope } from '../spend/scope.ts';
import type { DailyFigure, SpendSeries } from '../spend/series.ts';
import { costIn, type RunDay } from '../store/heartbeats.ts';

/** All that a digest is made of, as it was read. */
export type Known = {
  series: readonly SpendSeries[];
  currency?: string | undefined;
  /** Without those that somebody has said to be fine. */
  incidents: readonly Incident[];
  /** Open ones, and those that were closed since the period began. */
  findings: readonly Finding[];
  saved: readonly CountedPeriod[];
  runs: readonly RunDay[];
  stale: readonly StaleHeartbeat[];
  names: Readonly<Record<string, string>>;
};

type Settings = Pick<Config, 'tags' | 'spend' | 'budgets'>;

/** The days of which a digest needs the spend: its own, those before, and of the month of its budgets. */
export function windowOf(due: DueDigest): Period {
  const runUp = addDays(budgetMonth(due).start, -7);
  return { start: due.before.start < runUp ? due.before.start : runUp, end: dateOf(due.dueAt) };
}

/** The month that goes on, or the one that a monthly digest is about. */
const budgetMonth = ({ cadence, period, dueAt }: DueDigest): Period =>
  cadence === 'monthly' ? period : monthAround(addDays(dateOf(dueAt), -1));

/** The digest of the whole, or of a team, from what is known. */
export function composeDigest(
  known: Known,
  settings: Settings,
  due: DueDigest,
  time: IsoTime,
  team?: string,
): Digest {
  const { cadence } = due;
  const dimension = teamDimension(settings);
  const days = spendDays(known, due, dimension, team);
  const { period, before } = cadence === 'daily' ? newestDay(due, days) : due;
  const incidents = known.incidents.filter(
    (incident) => team === undefined || isTeam(teamOf(incident, dimension), team),
  );
  const findings = known.findings.filter(
    ({ attribution }) => team === undefined || isTeam(attribution.team, team),
  );
  const saved = known.saved.filter((one) => team === undefined || isTeam(one.team, team));
  const compared = { before, now: period };
  return {
    cadence,
    team,
    start: due.period.start,
    period,
    at: time,
    currency: known.currency,
    spend: days && {
      before: spendIn(days, before),
      now: spendIn(days, period),
      daysBefore: within(days, before),
      days: within(days, period),
    },
    unknownSpend:
      days === undefined ? 'What was spent is unknown: no tag of teams is in spend.tags.' : undefined,
    ...budgetsOf(known, settings, due, team),
    movers: team === undefined && cadence !== 'daily' ? explainedMovers(known, compared) : [],
    incidents: incidentsSince(incidents, period.start),
    waste: wasteByOwner(findings, `${period.start}T00:00:00Z`, time),
    lastingWaste: hourlyWaste(
      findings.filter(({ kind }) => !endsByItself(kind)),
      time,
    ),
    openFindings: findings.filter((finding) => isOpen(finding, time)).length,
    saved: savingsIn(saved, { from: `${period.start}T00:00:00Z`, until: `${period.end}T00:00:00Z` }),
    recommendations: bestRecommendations(findings, time, recommended),
    tagged: team === undefined ? taggedShare(known, dimension, period, time) : undefined,
    ownCost: team === undefined ? ownCost(known.runs, period, time) : undefined,
    stale: known.stale,
    names: known.names,
  };
}

const recommended = 3;

const within = (days: readonly DailyFigure[], { start, end }: Period): DailyFigure[] =>
  days.filter(({ date }) => date >= start && date < end);

const isOpen = (finding: Finding, time: IsoTime): boolean =>
  finding.closedAt === undefined && Date.parse(lastsUntil(finding, time)) >= Date.parse(time);

const hourlyWaste = (findings: readonly Finding[], time: IsoTime): number =>
  wasteByOwner(findings, time, time).reduce((sum, { hourly }) => sum + hourly, 0);

/** The dimension by which the spend of teams is followed; undefined where it isn't. */
function teamDimension({ tags, spend }: Settings): string | undefined {
  const key = tags.team.find((name) => spend.tags.includes(name));
  return key === undefined ? undefined : tagDimension(key);
}

/** Each day's spend of the whole or of a team; undefined where nobody follows the spend of teams. */
function spendDays(
  { series }: Known,
  due: DueDigest,
  dimension: string | undefined,
  team: string | undefined,
): DailyFigure[] | undefined {
  if (team === undefined) return daysOf(series, {}, windowOf(due));
  if (dimension === undefined) return undefined;
  const own = series.map((one) =>
    isTeam(one.scope[dimension], team) ? { ...one, scope: { ...one.scope, [dimension]: team } } : one,
  );
  return daysOf(own, { [dimension]: team }, windowOf(due));
}

/** Routes take tags in whatever case: so does what a team is told of itself. */
const isTeam = (value: string | undefined, team: string): boolean =>
  value?.trim().toLowerCase() === team.trim().toLowerCase();

/** The days of a part of the spend, by the grouping with the fewest dimensions that knows it; undefined where none does. */
function daysOf(series: readonly SpendSeries[], part: Scope, window: Period): DailyFigure[] | undefined {
  const groupings = Map.groupBy(series, ({ scope }) => groupingKeyOf(scope));
  const isAll = Object.keys(part).length === 0;
  const [own] = [...groupings]
    .filter(([key, [first]]) =>
      isAll
        ? key === groupingKey(byAccount)
        : first && Object.keys(part).every((name) => name in first.scope),
    )
    .map(([, all]) => all)
    .toSorted((a, b) => Object.keys(a[0]?.scope ?? {}).length - Object.keys(b[0]?.scope ?? {}).length);
  if (own === undefined && !isAll) return undefined;
  return daysIn(own ?? [], window, (scope) => isWithin(scope, part));
}

/** Where yesterday hasn't been read yet, the newest day that was, up to three days back. */
function newestDay(
  { period, before }: DueDigest,
  days: readonly DailyFigure[] = [],
): Pick<DueDigest, 'period' | 'before'> {
  const earliest = addDays(period.start, -3);
  const date = days.findLast(
    ({ date, amount }) => amount !== undefined && date >= earliest && date < period.end,
  )?.date;
  if (date === undefined || date === period.start) return { period, before };
  return {
    period: { start: date, end: addDays(date, 1) },
    before: { start: addDays(date, -7), end: date },
  };
}

function budgetsOf(
  { series }: Known,
  settings: Settings,
  due: DueDigest,
  team: string | undefined,
): Pick<Digest, 'budgets' | 'budgetsUnknown'> {
  const dimension = teamDimension(settings);
  const own = settings.budgets.filter((one) => team === undefined || isTeam(one['team'], team));
  const found = own.map(({ name, monthly, ...dimensions }) => {
    const days = daysOf(series, ofTeamTag(scopeOf(dimensions), dimension), windowOf(due));
    return { name, status: days && budgetStatus({ name, monthly }, days, budgetMonth(due)) };
  });
  return {
    budgets: found
      .flatMap(({ status }): BudgetStatus[] => (status ? [status] : []))
      .toSorted((a, b) => share(b) - share(a)),
    budgetsUnknown: found.flatMap(({ name, status }) => (status ? [] : [name])),
  };
}

const share = ({ spent, forecast = spent, monthly }: BudgetStatus): number => forecast / monthly;

/** `team` stands for whatever key the tag of teams has. */
function ofTeamTag({ team, ...rest }: Scope, dimension = 'team'): Scope {
  return team === undefined ? rest : { ...rest, [dimension]: team };
}

const listedMovers = 5;
/** What moves by less than this share of the spend, or by less than a dollar a day, moves nothing. */
const leastShare = 0.01;

function explainedMovers(
  { series, incidents, names }: Known,
  { before, now }: { before: Period; now: Period },
): Digest['movers'] {
  const bill = series.filter(({ scope }) => groupingKeyOf(scope) === groupingKey(byAccount));
  const total = perDay(spendIn(daysIn(bill, now), now)) ?? 0;
  const moved = movers(bill, [before, now], Math.max(1, leastShare * total));
  const usageTypes = movers(
    series.filter(({ scope }) => groupingKeyOf(scope) === groupingKey(byUsageType)),
    [before, now],
    0,
  );
  return moved.slice(0, listedMovers).map((mover) => ({
    ...mover,
    why: whyByIncident(mover, incidents, names) ?? whyByUsageType(mover, usageTypes),
  }));
}

/** Of an incident in the period where it rises; where it falls, of one that ended. */
function whyByIncident(
  { scope, difference, before, now }: Mover,
  incidents: readonly Incident[],
  names: Known['names'],
): string | undefined {
  const isThere = ({ start, end }: Incident) =>
    difference > 0
      ? start < now.period.end && (end === undefined || end > now.period.start)
      : end !== undefined && end <= now.period.end && end > before.period.start;
  const incident = incidentAbout(incidents.filter(isThere), scope);
  if (incident === undefined) return undefined;
  const cause = causeClause(incident, names);
  return difference > 0 ? cause : `over: ${cause}`;
}

/** The usage type that makes up half of it or more. */
function whyByUsageType({ scope, difference }: Mover, usageTypes: readonly Mover[]): string | undefined {
  const most = usageTypes.find(
    (one) => one.scope['service'] === scope['service'] && one.difference / difference >= 0.5,
  );
  return most && `mostly ${most.scope['usageType']}`;
}

function taggedShare(
  { series, findings }: Known,
  dimension: string | undefined,
  period: Period,
  time: IsoTime,
): Digest['tagged'] {
  const tagged = dimension === undefined ? [] : series.filter(({ scope }) => isOnly(scope, dimension));
  const total = spendIn(daysIn(tagged, period), period).total;
  if (dimension !== undefined && total > 0) {
    const nobodys = spendIn(
      daysIn(tagged, period, (scope) => scope[dimension] === ''),
      period,
    ).total;
    return { share: Math.min(1, Math.max(0, 1 - nobodys / total)), of: 'spend' };
  }
  const open = findings.filter((finding) => isOpen(finding, time));
  if (open.length === 0) return undefined;
  const owned = open.filter(({ attribution }) => ownerOf(attribution) !== undefined);
  return { share: owned.length / open.length, of: 'findings' };
}

const isOnly = (scope: Scope, dimension: string): boolean =>
  groupingKeyOf(scope) === groupingKey([dimension]);

/** Of the period; where the record begins later, what there is of it. */
const ownCost = (runs: readonly RunDay[], period: Period, time: IsoTime): Digest['ownCost'] =>
  costIn(runs, period) ?? costIn(runs, { start: period.start, end: addDays(dateOf(time), 1) });
