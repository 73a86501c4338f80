import { ResourceGroupsTaggingAPIClient } from '@aws-sdk/client-resource-groups-tagging-api';
import { type Attribution, attribute, ownerOf } from '../allocation/owner.ts';
import { getTaggedArns } from '../aws/tags.ts';
import type { Utilization } from '../compute/utilization.ts';
import type { Config } from '../config.ts';
import type { Usd } from '../money.ts';
import { logger } from '../observability.ts';
import type { IsoTime } from '../period.ts';
import { type Decision, type DecisionInput, decide, isStop, needsUtilization } from '../schedule/decision.ts';
import { idleMinutesOf, readSchedule } from '../schedule/gates.ts';
import type { ScheduleRecord } from '../schedule/record.ts';
import { type Schedulable, schedulableKey } from '../schedule/schedulable.ts';
import { wasDelivered } from '../store/deliveries.ts';
import { getScheduleRecords } from '../store/schedule-records.ts';
import { getStopBlock, type StopBlock } from '../store/stop-block.ts';
import type { Table } from '../store/table.ts';
import { getWork, type Work } from '../store/work.ts';
import { type Target, targetName } from '../target.ts';
import { clientFor } from './client-for.ts';
import type { InstanceClients } from './instance-clients.ts';
import { kinds } from './kinds/all.ts';
import type { Kind, KindContext, Listed } from './kinds/kind.ts';
import type { Gap } from './observe.ts';

export type ScheduleClients = InstanceClients & {
  /** Absent where no stack is deployed: then nothing is remembered of earlier runs. */
  table?: Table | undefined;
};

/** One thing that carries the schedule tag, what is to be done with it, and what that rests on. */
export type Planned = {
  subject: Schedulable;
  attribution: Attribution;
  owner?: string | undefined;
  decision: Decision;
  input: DecisionInput;
  /** What is stored of it, whatever counted of that here. */
  stored?: ScheduleRecord | undefined;
  utilization?: Utilization | undefined;
  /** Dollars an hour at the price really paid; undefined where it is unknown. */
  hourlyRate?: Usd | undefined;
};

export type Plan = {
  target: Target;
  planned: Planned[];
  /** The same by `schedulableKey`. */
  byKey: ReadonlyMap<string, Planned>;
  /** How many are up in the target, opted in or not, of the kinds that are listed whole: EC2 instances. */
  running: number;
  /** Kinds that could not be listed, and why: what is tagged among them is left as it is. */
  gaps: readonly Gap[];
  /** What the kinds work with, for whoever carries the plan out. */
  context: KindContext;
};

/**
 * What to do with each thing in a target that carries the schedule tag; changes nothing, and with `readOnly` keeps no
 * price it looked up either. Utilisation is measured only where the answer depends on it, or of all that is up with
 * `measureAll`. Throws where the instances can't be listed; another kind that can't be is a gap.
 */
export async function planSchedules(
  given: ScheduleClients,
  target: Target,
  config: Config,
  now: IsoTime,
  { measureAll = false, readOnly = false } = {},
): Promise<Plan> {
  const { context, listed, gaps } = await listScheduled(given, target, config, now, { readOnly });
  const { records } = context;
  const inputs = await gather(context, listed);
  const isMeasured = (input: DecisionInput) =>
    needsUtilization(input) || (measureAll && input.subject.state === 'running');
  const planned: Planned[] = [];
  for (const [kind, found] of listed) {
    const own = inputs.filter(({ subject }) => subject.kind === kind.kind);
    // What can't be told is unknown, and so kept; of instances, that the run fails tells it sooner.
    const known = async <Answer>(answer: Promise<Answer>, unknown: Answer): Promise<Answer> =>
      kind.kind === 'ec2-instance' ? answer : answer.catch(unlessKnown(target, kind, gaps, unknown));
    const utilization = await known(measure(found, own.filter(isMeasured), config), noUtilization);
    const rates = own.length > 0 ? await known(found.rates(), noRates) : noRates;
    const measured = own.map((input) => ({ ...input, utilization: utilization.get(input.subject.id) }));
    for (const input of await confirmed(context, kind, measured)) {
      planned.push(toPlanned(input, records, rates));
    }
  }
  const running = listed.reduce((sum, [, found]) => sum + (found.running ?? 0), 0);
  const byKey = new Map(planned.map((each) => [schedulableKey(each.subject), each]));
  return { target, planned, byKey, running, gaps, context };
}

/** What carries the schedule tag in a target, by its kind, and nothing decided of it yet. */
export async function listScheduled(
  { table, ...clients }: ScheduleClients,
  target: Target,
  config: Config,
  now: IsoTime,
  { readOnly }: { readOnly: boolean },
): Promise<{ context: KindContext; listed: [Kind, Listed][]; gaps: Gap[] }> {
  const records = table ? await getScheduleRecords(table, target) : noRecords;
  const taggedArns = taggedArnsOf(target, config);
  const context: KindContext = { clients, table, target, config, now, readOnly, records, taggedArns };
  return { context, ...(await listKinds(context)) };
}

const noRecords: ReadonlyMap<string, ScheduleRecord> = new Map();
const noWork: ReadonlyMap<string, Work> = new Map();
const noRates: Map<string, Usd> = new Map();
const noUtilization: Map<string, Utilization> = new Map();

/** Notes what could not be told of a kind, and answers that nothing is known. */
const unlessKnown =
  <Answer>(target: Target, { what }: Kind, gaps: Gap[], unknown: Answer) =>
  (error: Error): Answer => {
    logger.warn('not known', { target: targetName(target), what, error });
    gaps.push({ what, why: error.message });
    return unknown;
  };

/** Other schedulers' tags are read on instances: of the other kinds ours alone is asked for, and permitted. */
const ownTags = new WeakMap<Config, Config>();

function withOwnTags(config: Config): Config {
  const { instanceScheduler, custodian } = config.compatibility;
  if (instanceScheduler === undefined && custodian === undefined) return config;
  const known = ownTags.get(config) ?? { ...config, compatibility: {} };
  ownTags.set(config, known);
  return known;
}

const configFor = (kind: Kind['kind'], config: Config): Config =>
  kind === 'ec2-instance' ? config : withOwnTags(config);

/** Asks once, and only when somebody wants to know. */
function taggedArnsOf(target: Target, { tags }: Config): KindContext['taggedArns'] {
  let asked: ReturnType<typeof getTaggedArns> | undefined;
  return async (resourceType) => {
    asked ??= getTaggedArns(clientFor(ResourceGroupsTaggingAPIClient, target), tags.schedule);
    return (await asked).get(resourceType) ?? [];
  };
}

const toPlanned = (
  input: DecisionInput,
  records: ReadonlyMap<string, ScheduleRecord>,
  rates: ReadonlyMap<string, Usd>,
): Planned => ({
  subject: input.subject,
  attribution: input.attribution,
  owner: ownerOf(input.attribution),
  decision: decide(input),
  input,
  stored: records.get(schedulableKey(input.subject)),
  utilization: input.utilization,
  hourlyRate: rates.get(input.subject.id),
});

/** One service that can't be read must not keep the others from their hours; without the instances there is no share. */
async function listKinds(context: KindContext): Promise<{ listed: [Kind, Listed][]; gaps: Gap[] }> {
  const listed: [Kind, Listed][] = [];
  const gaps: Gap[] = [];
  for (const kind of kinds) {
    try {
      const config = configFor(kind.kind, context.config);
      listed.push([kind, await kind.list({ ...context, config })]);
    } catch (error) {
      if (kind.kind === 'ec2-instance') throw error;
      gaps.push({ what: kind.what, why: (error as Error).message });
    }
  }
  if (gaps.length > 0) logger.warn('not listed', { target: targetName(context.target), gaps });
  return { listed, gaps };
}

async function gather(context: KindContext, listed: readonly [Kind, Listed][]): Promise<DecisionInput[]> {
  const { table, target, config, now, records } = context;
  const subjects = listed.flatMap(([, found]) => found.subjects);
  const running = subjects.filter(({ state }) => state === 'running');
  const work = table && running.length > 0 ? await getWork(table, target) : noWork;
  const delivered = await deliveredWarnings(
    table,
    running.flatMap((subject) => records.get(schedulableKey(subject)) ?? []),
  );
  const inputs = subjects.map((subject): DecisionInput => {
    const record = currentRecord(records.get(schedulableKey(subject)), config);
    const policy = configFor(subject.kind, config);
    return {
      subject,
      parsed: readSchedule(subject.tags, policy),
      attribution: attribute(subject.tags, config.tags),
      policy,
      now,
      record,
      lastBusy: work.get(schedulableKey(subject))?.lastBusy,
      warningDelivered: record.warning && delivered.has(record.warning.alertId),
      utilization: undefined,
    };
  });
  const block = await blockOf(context, inputs);
  return inputs.map((input) => ({ ...input, block }));
}

/** What forbids every stop, asked for before anything is measured for one. */
async function blockOf(
  { table, config, now }: KindContext,
  inputs: readonly DecisionInput[],
): Promise<StopBlock | undefined> {
  const mayStop = (input: DecisionInput) => ['not-measured', 'always-off-hours'].includes(decide(input).code);
  return config.enforce && table && inputs.some(mayStop) ? getStopBlock(table, now) : undefined;
}

/** A warning given while only observing said that nothing would happen: it doesn't count once stops are enforced. */
function currentRecord(record: ScheduleRecord | undefined, { enforce }: Config): ScheduleRecord {
  const { warning, stopNow, ...rest } = record ?? {};
  const isCurrent = warning !== undefined && (warning.observed ?? false) === !enforce;
  return isCurrent ? { ...rest, warning, ...(stopNow && { stopNow }) } : rest;
}

async function deliveredWarnings(
  table: Table | undefined,
  records: readonly ScheduleRecord[],
): Promise<Set<string>> {
  const ids = new Set(records.flatMap(({ warning }) => warning?.alertId ?? []));
  const delivered = new Set<string>();
  for (const id of ids) if (table && (await wasDelivered(table, id))) delivered.add(id);
  return delivered;
}

/** Each over its own idle window: those that share one are asked for together. By the ids of their kind. */
async function measure(
  { measure: ask }: Listed,
  inputs: readonly DecisionInput[],
  config: Config,
): Promise<Map<string, Utilization>> {
  const windowOf = ({ parsed }: DecisionInput) =>
    parsed?.kind === 'schedule' ? idleMinutesOf(parsed.schedule, config) : config.stop.idle;
  const measured = new Map<string, Utilization>();
  for (const [minutes, group] of Map.groupBy(inputs, windowOf)) {
    const ids = group.map(({ subject }) => subject.id);
    for (const [id, utilization] of await ask(ids, minutes)) measured.set(id, utilization);
  }
  return measured;
}

/** Whoever is about to be warned is asked about once more: nobody is told of a stop that can't come. */
async function confirmed(
  context: KindContext,
  { confirm }: Kind,
  inputs: readonly DecisionInput[],
): Promise<DecisionInput[]> {
  const isDue = (input: DecisionInput) => {
    const decision = decide(input);
    return decision.action === 'warn' || isStop(decision);
  };
  const due = confirm ? inputs.filter(isDue) : [];
  if (!confirm || due.length === 0) return [...inputs];
  const answers = await confirm(
    context,
    due.map(({ subject }) => subject),
  );
  const byId = new Map(answers.map((subject) => [subject.id, subject]));
  return inputs.map((input) => ({ ...input, subject: byId.get(input.subject.id) ?? input.subject }));
}
