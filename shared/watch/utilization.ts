import type { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import type { EC2Client } from '@aws-sdk/client-ec2';
import type { PricingClient } from '@aws-sdk/client-pricing';
import { idleAlert } from '../alert/idle-alert.ts';
import { attribute } from '../allocation/owner.ts';
import {
  discoverMetrics,
  type GpuMetrics,
  getSeries,
  instanceMetric,
  type Metric,
  type MetricQuery,
} from '../aws/cloudwatch.ts';
import { getInstances, getInstanceTypeFacts } from '../aws/ec2.ts';
import { costBetween, monthlyCost } from '../compute/cost.ts';
import {
  confirmedBy,
  type IdleFinding,
  idleSince,
  isSameEpisode,
  type Observation,
  reviewFindings,
  toFinding,
} from '../compute/finding.ts';
import { type Instance, type InstanceTypeFacts, instanceName } from '../compute/instance.ts';
import {
  type Device,
  type Evidence,
  type IdlePolicy,
  judgeUtilization,
  nextQuestion,
  periodSeconds,
  type Question,
  type Series,
  type Signals,
  type Utilization,
  type Window,
  windowBefore,
} from '../compute/utilization.ts';
import type { Config } from '../config.ts';
import type { Usd } from '../money.ts';
import { type IsoTime, toTime } from '../period.ts';
import { closeFinding, confirmFinding, getFindings, openFinding, openingWrite } from '../store/findings.ts';
import { recordAlert } from '../store/outbox.ts';
import { hourlyRates } from '../store/prices.ts';
import type { Table } from '../store/table.ts';
import { getWork, putWork } from '../store/work.ts';
import type { Target } from '../target.ts';

/** `window` in minutes. */
export type Measurement = IdlePolicy & { window: number };

/**
 * The verdict on each instance over the window before `now`, by instance id; all of one target. Asks for no more than
 * changes the answer, one question after the other. $0.01 per 1,000 metrics: 1 for an instance whose first GPU works,
 * 19 for an idle one of 8 GPUs, none for one that can't be called idle anyway.
 */
export async function measureUtilization(
  client: CloudWatchClient,
  instances: readonly Instance[],
  facts: ReadonlyMap<string, InstanceTypeFacts>,
  { window: minutes, ...policy }: Measurement,
  now: IsoTime,
): Promise<Map<string, Utilization>> {
  const window = windowBefore(now, minutes);
  const looks = instances.map((instance): Look => ({ instance, readFrom: window.start, evidence: 'all' }));
  const { verdicts } = await measure(client, looks, facts, policy, window);
  return verdicts;
}

/** What is to be found out of one instance; work counts since `readFrom`, which may be before the window. */
type Look = { instance: Instance; readFrom: IsoTime; evidence: Evidence };

/** The metrics that tell of one instance. */
type Sources = { gpus: readonly GpuMetrics[]; cpu: Metric; networkIn: Metric; networkOut: Metric };

/** What CloudWatch has told so far. */
type Readings = Map<Metric, Series>;

type Measured = { verdicts: Map<string, Utilization>; sources: Map<string, Sources> };

async function measure(
  client: CloudWatchClient,
  looks: readonly Look[],
  facts: ReadonlyMap<string, InstanceTypeFacts>,
  policy: IdlePolicy,
  window: Window,
): Promise<Measured> {
  const instances = looks.map(({ instance }) => instance);
  const sources = await sourcesOf(client, instances, facts);
  const readings: Readings = new Map();
  const measuredOf = (instance: Instance) => {
    const source = sources.get(instance.instanceId);
    const signals = source ? toSignals(source, readings) : { gpus: [] };
    return { instance, facts: facts.get(instance.instanceType), signals };
  };
  const openQueries = ({ instance, readFrom, evidence }: Look): MetricQuery[] => {
    const question = nextQuestion(measuredOf(instance), { ...window, start: readFrom }, policy, evidence);
    const source = sources.get(instance.instanceId);
    return question && source ? toQueries(question, source) : [];
  };
  /** One question to each instance that the round before has left open. */
  const ask = async (): Promise<boolean> => {
    let asked = 0;
    for (const [start, group] of Map.groupBy(looks, ({ readFrom }) => readFrom)) {
      const queries = group.flatMap(openQueries);
      await read(client, queries, { ...window, start }, readings);
      asked += queries.length;
    }
    return asked > 0;
  };
  while (await ask());

  const verdictOf = ({ instance, readFrom, evidence }: Look): Utilization => {
    const measured = measuredOf(instance);
    const since = judgeUtilization(measured, { ...window, start: readFrom }, policy, evidence);
    return since.state === 'busy' ? since : judgeUtilization(measured, window, policy, evidence);
  };
  return { verdicts: new Map(looks.map((look) => [look.instance.instanceId, verdictOf(look)])), sources };
}

/** GPU metrics are looked for only where there are GPUs: CloudWatch tells of them, never the type. */
async function sourcesOf(
  client: CloudWatchClient,
  instances: readonly Instance[],
  facts: ReadonlyMap<string, InstanceTypeFacts>,
): Promise<Map<string, Sources>> {
  const hasGpus = ({ instanceType }: Instance) => facts.get(instanceType)?.accelerators?.kind === 'gpu';
  const discovered = instances.some(hasGpus) ? (await discoverMetrics(client)).gpus : undefined;
  return new Map(
    instances.map((instance) => {
      const { instanceId } = instance;
      const source: Sources = {
        gpus: (hasGpus(instance) && discovered?.get(instanceId)) || [],
        cpu: instanceMetric('CPUUtilization', instanceId),
        networkIn: instanceMetric('NetworkIn', instanceId),
        networkOut: instanceMetric('NetworkOut', instanceId),
      };
      return [instanceId, source];
    }),
  );
}

const utilizationQueries = ({ gpus }: Pick<Sources, 'gpus'>): MetricQuery[] =>
  gpus.flatMap(({ utilization }) => largestOf(utilization));

const largestOf = (metrics: readonly Metric[]): MetricQuery[] =>
  metrics.map((metric) => ({ metric, statistic: 'Maximum' }));

function toQueries(question: Question, { gpus, cpu, networkIn, networkOut }: Sources): MetricQuery[] {
  if (question.signal === 'cpu') return largestOf([cpu]);
  if (question.signal === 'network') {
    return [networkIn, networkOut].map((metric) => ({ metric, statistic: 'Sum' }));
  }
  const { signal, indexes } = question;
  return gpus
    .filter(({ index }) => indexes.includes(index))
    .flatMap(({ utilization, memoryUsed }) => largestOf(signal === 'gpu' ? utilization : memoryUsed));
}

async function read(
  client: CloudWatchClient,
  queries: readonly MetricQuery[],
  window: Window,
  readings: Readings,
  period = periodSeconds,
): Promise<void> {
  const series = await getSeries(client, queries, window, period);
  for (const [index, { metric }] of queries.entries()) {
    readings.set(metric, series[index] ?? { points: [], failure: 'CloudWatch did not answer for it' });
  }
}

const toSignals = ({ gpus, cpu, networkIn, networkOut }: Sources, readings: Readings): Signals => ({
  gpus: gpus.map(({ index, utilization, memoryUsed }) => ({
    index,
    utilization: joined(utilization, readings),
    memoryUsedMib: joined(memoryUsed, readings),
  })),
  cpuPercent: readings.get(cpu),
  networkIn: perSecond(readings.get(networkIn)),
  networkOut: perSecond(readings.get(networkOut)),
});

/** One device under several sets of dimensions is one device. */
function joined(metrics: readonly Metric[], readings: Readings): Device['utilization'] {
  if (metrics.length === 0) return undefined;
  const parts = metrics.flatMap((metric) => readings.get(metric) ?? []);
  if (parts.length === 0) return 'unread';
  return {
    points: parts.flatMap(({ points }) => points),
    failure: parts.find(({ failure }) => failure !== undefined)?.failure,
  };
}

const perSecond = (series: Series | undefined): Series | undefined =>
  series && {
    ...series,
    points: series.points.map(({ at, value }) => ({ at, value: value / periodSeconds })),
  };

/** One running accelerator instance, as a table or a program shows it. */
type InstanceUtilization = {
  account: string;
  accountName?: string | undefined;
  region: string;
  instanceId: string;
  name: string;
  instanceType: string;
  owner?: string | undefined;
  team?: string | undefined;
  state: Utilization['state'];
  reason: string;
  /** 0 to 1; only where this pass has measured it. */
  coverage?: number | undefined;
  /** Only while idle. */
  idleSince?: IsoTime | undefined;
  /** Dollars; undefined where the price is unknown. */
  hourlyRate?: Usd | undefined;
  monthlyRunRate?: Usd | undefined;
  /** Dollars since `idleSince`; only while idle. */
  wastedSoFar?: Usd | undefined;
};

export type UtilizationResult = {
  account: string;
  region: string;
  /** The most wasteful first. */
  instances: InstanceUtilization[];
  /** Findings: opened and told, seen again, over. */
  opened: number;
  confirmed: number;
  closed: number;
};

export type UtilizationClients = {
  ec2: EC2Client;
  cloudWatch: CloudWatchClient;
  pricing: PricingClient;
  table: Table;
};

/**
 * One pass over the running accelerator instances of a target: verdicts, and what they mean for the findings. An idle
 * episode is told once, however often it is seen; a repeat of the same pass changes nothing. Nobody is asked about
 * again while an earlier answer still holds for the whole window.
 */
export async function watchUtilization(
  clients: UtilizationClients,
  target: Target,
  config: Config,
  now: IsoTime,
): Promise<UtilizationResult> {
  const { instances, facts } = await getAccelerators(clients.ec2, target);
  const window = windowBefore(now, config.idle.window);
  const known = {
    findings: await getFindings(clients.table, target),
    work: await getWork(clients.table, target),
  };
  const { looks, resting, working } = share(instances, known, config, now);
  const { verdicts, sources } = await measure(clients.cloudWatch, looks, facts, config.idle, window);
  const rates = await hourlyRates(clients, target, instances, now);
  const observed = looks.flatMap(({ instance }): Observation[] => {
    const utilization = verdicts.get(instance.instanceId);
    const hourlyRate = rates.get(instance.instanceId);
    return utilization ? [{ instance, utilization, hourlyRate }] : [];
  });
  const pass: Pass = { clients, target, config, now, sources };
  const due = known.findings.filter((finding) => !resting.includes(finding));
  const { findings, ...counts } = await settleFindings(pass, due, observed);
  await putWork(clients.table, target, workOf(observed), now);

  for (const finding of resting) findings.set(finding.instanceId, finding);
  const seen = new Map<string, Seen>([
    ...observed.map(({ instance, utilization }) => [instance.instanceId, utilization] as const),
    ...working.map(({ instance, lastBusy }) => [instance.instanceId, atWork(lastBusy)] as const),
    ...resting.map((finding) => [finding.instanceId, asSeen(finding)] as const),
  ]);
  const rows = instances.flatMap((instance) => {
    const verdict = seen.get(instance.instanceId);
    const hourlyRate = rates.get(instance.instanceId);
    return verdict ? [toRow(pass, instance, verdict, hourlyRate, findings)] : [];
  });
  return {
    account: target.account,
    region: target.region,
    instances: rows.toSorted((a, b) => (b.wastedSoFar ?? 0) - (a.wastedSoFar ?? 0)),
    ...counts,
  };
}

/** What earlier passes have left behind. */
type Known = { findings: readonly IdleFinding[]; work: ReadonlyMap<string, IsoTime> };

/**
 * Whom to ask about, and whom not: work seen within the window is work, whatever else would be read, and a finding
 * holds until a whole window has passed since it was seen. It is then looked at since that time, and by its GPUs alone:
 * only they end it.
 */
function share(instances: readonly Instance[], { findings, work }: Known, { idle }: Config, now: IsoTime) {
  const window = windowBefore(now, idle.window);
  const looks: Look[] = [];
  const resting: IdleFinding[] = [];
  const working: { instance: Instance; lastBusy: IsoTime }[] = [];
  const findingOf = new Map(findings.map((finding) => [finding.instanceId, finding]));
  for (const instance of instances) {
    const finding = findingOf.get(instance.instanceId);
    const lastBusy = work.get(instance.instanceId);
    if (finding && isSameEpisode(finding, instance)) {
      const seenUntil = windowBefore(finding.seenAt, idle.window).end;
      if (Date.parse(window.start) + slackMs < Date.parse(seenUntil)) resting.push(finding);
      else looks.push({ instance, readFrom: earlier(window.start, seenUntil), evidence: 'gpus' });
    } else if (lastBusy && isUntil(window.start, lastBusy) && isUntil(instance.launchTime, lastBusy)) {
      working.push({ instance, lastBusy });
    } else looks.push({ instance, readFrom: window.start, evidence: 'all' });
  }
  return { looks, resting, working };
}

const isUntil = (time: IsoTime, other: IsoTime): boolean => Date.parse(time) <= Date.parse(other);

/** An hourly event is some seconds early at times: no whole hour is to be lost for them. */
const slackMs = 10 * 60_000;

/** From where to read, so that no work since `seenUntil` is missed, within what CloudWatch is asked for at most. */
const earlier = (start: IsoTime, seenUntil: IsoTime): IsoTime =>
  toTime(Math.max(Math.min(Date.parse(start), Date.parse(seenUntil)), Date.parse(start) - lookBackMs));

/** What was seen at work, and when last. */
const workOf = (observed: readonly Observation[]): Map<string, IsoTime> =>
  new Map(
    observed.flatMap(({ instance, utilization: { lastBusy } }) =>
      lastBusy === undefined ? [] : [[instance.instanceId, lastBusy] as const],
    ),
  );

/** A verdict, of this pass or of an earlier one that still holds; then its coverage is not known any more. */
type Seen = Pick<Utilization, 'state' | 'reason'> & { coverage?: number };

const atWork = (lastBusy: IsoTime): Seen => ({ state: 'busy', reason: `at work at ${lastBusy}` });

const asSeen = ({ reason, seenAt }: IdleFinding): Seen => ({
  state: 'idle',
  reason: `${reason}, seen at ${seenAt}`,
});

/** The running instances that have accelerators, and those of which nobody can say. */
async function getAccelerators(client: EC2Client, target: Target) {
  const running = await getInstances(client, target, { states: ['running'] });
  const types = running.map(({ instanceType }) => instanceType);
  const facts = await getInstanceTypeFacts(client, types);
  const instances = running.filter(({ instanceType }) => {
    const known = facts.get(instanceType);
    return known === undefined || known.accelerators !== undefined;
  });
  return { instances, facts };
}

type Pass = {
  clients: UtilizationClients;
  target: Target;
  config: Config;
  now: IsoTime;
  sources: ReadonlyMap<string, Sources>;
};

/** Opens, confirms and closes; `findings` are those open now, by instance id. */
async function settleFindings(pass: Pass, known: readonly IdleFinding[], observed: readonly Observation[]) {
  const { clients, now } = pass;
  const { closed, confirmed, opened } = reviewFindings(known, observed);
  for (const finding of closed) await closeFinding(clients.table, finding, now);

  const findings = new Map<string, IdleFinding>();
  for (const { finding, observation } of confirmed) {
    const seen = confirmedBy(finding, observation, now);
    await confirmFinding(clients.table, seen);
    findings.set(seen.instanceId, seen);
  }
  const since = await idleSinces(pass, opened);
  for (const observation of opened) {
    const { instance, utilization } = observation;
    const finding = toFinding(observation, since.get(instance) ?? utilization.windowStart, now);
    await tell(pass, finding, instance);
    findings.set(finding.instanceId, finding);
  }
  return { findings, opened: opened.length, confirmed: confirmed.length, closed: closed.length };
}

/** An episode that was told before, and only interrupted by its CPU or its memory, is open again without a word. */
async function tell({ clients: { table }, target, config }: Pass, finding: IdleFinding, instance: Instance) {
  const attribution = attribute(instance.tags, config.tags);
  const alert = idleAlert({ finding, instance, attribution, target, tags: config.tags });
  const isNew = await recordAlert(table, alert, [openingWrite(table, finding)]);
  if (!isNew) await openFinding(table, finding);
}

/** How far back to look for the last work: CloudWatch keeps hours for longer, nobody needs to be told. */
const lookBackMs = 14 * 24 * 3_600_000;

/** Since when the GPUs of newly idle instances have been silent; once an episode, so that hourly maxima will do. */
async function idleSinces({ clients, config, now, sources }: Pass, opened: readonly Observation[]) {
  const hour = 3600;
  const end = Math.ceil(Date.parse(now) / 1000 / hour) * hour * 1000;
  const window = { start: toTime(end - lookBackMs), end: toTime(end) };
  const queried = opened.map((observation) => ({
    observation,
    gpus: sources.get(observation.instance.instanceId)?.gpus ?? [],
  }));
  const queries = queried.flatMap(utilizationQueries);
  const readings: Readings = new Map();
  await read(clients.cloudWatch, queries, window, readings, hour);
  return new Map(
    queried.map(({ observation, gpus }) => {
      const hours = gpus.map(({ utilization }) => {
        const series = joined(utilization, readings);
        return series === undefined || series === 'unread' ? { points: [] } : series;
      });
      return [observation.instance, idleSince(observation, hours, config.idle.gpuPercent)] as const;
    }),
  );
}

function toRow(
  { target, config, now }: Pass,
  instance: Instance,
  { state, reason, coverage }: Seen,
  hourlyRate: Usd | undefined,
  findings: ReadonlyMap<string, IdleFinding>,
): InstanceUtilization {
  const { owner, team } = attribute(instance.tags, config.tags);
  const since = state === 'idle' ? findings.get(instance.instanceId)?.idleSince : undefined;
  return {
    account: instance.account,
    accountName: target.accountName,
    region: instance.region,
    instanceId: instance.instanceId,
    name: instanceName(instance),
    instanceType: instance.instanceType,
    owner,
    team,
    state,
    reason,
    coverage,
    idleSince: since,
    hourlyRate,
    monthlyRunRate: hourlyRate === undefined ? undefined : monthlyCost(hourlyRate),
    wastedSoFar:
      since === undefined || hourlyRate === undefined ? undefined : costBetween(hourlyRate, since, now),
  };
}
