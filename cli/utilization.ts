import { ownerOf } from '../shared/allocation/owner.ts';
import { purchaseOptionOf } from '../shared/compute/cost.ts';
import { wastedRateOf } from '../shared/compute/finding.ts';
import type { Resource, ResourceKind } from '../shared/compute/resource.ts';
import { deviceNoun } from '../shared/compute/signals.ts';
import type { Priced, RateUse } from '../shared/spend/rate.ts';
import { rateSourceOf } from '../shared/store/prices.ts';
import { targetName } from '../shared/target.ts';
import { openEvidence, readCourses, readEvidence } from '../shared/watch/evidence.ts';
import type { Fleet } from '../shared/watch/fleet.ts';
import type { Watched } from '../shared/watch/observe.ts';
import { targetClients } from '../shared/watch/target-clients.ts';
import { type UtilizationResult, watchUtilization } from '../shared/watch/utilization.ts';
import { evidenceJson } from './evidence-json.ts';
import { evidenceText, type Proof } from './evidence-text.ts';
import { type AccountOptions, printJson } from './options.ts';
import { openPricedSession } from './priced-session.ts';
import { progress } from './progress.ts';
import type { Session } from './session.ts';
import { print } from './terminal.ts';
import { utilizationText } from './utilization-text.ts';
import { type Found, findResource, type Viewed, type ViewedTarget } from './utilization-view.ts';

/**
 * `utilization`: what each accelerator, endpoint, notebook and job does, and what the idle ones cost; of one of them,
 * the evidence. Changes nothing.
 */
export async function utilizationCommand(query: string | undefined, options: AccountOptions): Promise<void> {
  const session = await openPricedSession(options);
  try {
    const results = await lookAtAll(session);
    if (query !== undefined) await show(findResource(results, query), session, options);
    else if (options.format === 'json') printJson(toJson(results));
    else print(utilizationText(await drawn(results, session), session.now));
  } finally {
    await session.close();
  }
}

/** The pass over every target, one after the other; it only looks. */
export async function lookAtAll({ targets, config, now, table }: Session): Promise<UtilizationResult[]> {
  const results: UtilizationResult[] = [];
  for (const [index, target] of targets.entries()) {
    progress(`utilization: ${targetName(target)} (${index + 1} of ${targets.length})`);
    const clients = { ...targetClients(target), table };
    results.push(await watchUtilization(clients, target, config, now, { readOnly: true }));
  }
  progress();
  return results;
}

/** With the last day of each device. */
async function drawn(results: readonly UtilizationResult[], session: Session): Promise<ViewedTarget[]> {
  const views: ViewedTarget[] = [];
  for (const result of results) {
    const courses = await coursesOf(result, session);
    const observations = result.observations.map((observation) => ({
      ...observation,
      courses: courses.get(observation.resource.id),
    }));
    views.push({ ...result, observations });
  }
  return views;
}

/** What can't be read is a gap of the pass already, and the list goes on without drawings. */
async function coursesOf({ account, region, observations }: UtilizationResult, session: Session) {
  try {
    const watched = watchedIn(session, account, region);
    const { sources } = await openEvidence(watched);
    return await readCourses(watched, sources, observations);
  } catch {
    return new Map<string, never>();
  }
}

function watchedIn({ targets, table, config, now }: Session, account: string, region: string): Watched {
  const target = targets.find((one) => one.account === account && one.region === region);
  if (target === undefined) throw new Error(`${account} ${region} is no target`);
  return { clients: targetClients(target), table, target, config, now, open: [], readOnly: true };
}

async function show(found: Found, session: Session, { format }: AccountOptions): Promise<void> {
  const proof = await proofOf(found, session);
  if (format === 'text') return print(evidenceText(found, proof, session.now));
  const resources = found.observations.map((observation) => toEntry(observation, found.target));
  printJson({ resources, ...proof, evidence: proof.evidence && evidenceJson(proof.evidence) });
}

/** What was measured of an instance, and where the price comes from. */
async function proofOf({ target, resource, observations }: Found, session: Session): Promise<Proof> {
  const watched = watchedIn(session, target.account, target.region);
  const opened = isInstance(resource.kind) ? await openEvidence(watched) : undefined;
  const evidence = opened && (await readEvidence(watched, opened, resource.id));
  const priced = pricedAs(resource, opened?.fleet);
  const isPriced = priced !== undefined && observations.some(({ hourlyRate }) => hourlyRate !== undefined);
  const noun = deviceNoun(opened?.fleet.facts.get(resource.type));
  const silentTraffic = session.config.idle.networkBytesPerSecond;
  return {
    evidence: evidence && { ...evidence, noun, silentTraffic },
    rateSource: isPriced ? await rateSourceOf(session.table, priced, session.now) : undefined,
  };
}

const isInstance = (kind: ResourceKind): boolean => kind === 'ec2-instance' || kind === 'hyperpod-node';

/** What an hour of each kind is paid for; of a container's GPUs, the node is. */
const uses: Readonly<Partial<Record<ResourceKind, RateUse>>> = {
  'hyperpod-node': 'cluster',
  'sagemaker-endpoint': 'hosting',
  'sagemaker-notebook': 'notebook',
  'sagemaker-app': 'studio',
  'sagemaker-training-job': 'training',
  'sagemaker-processing-job': 'processing',
  'sagemaker-transform-job': 'transform',
  'sagemaker-warm-pool': 'training',
  'bedrock-throughput': 'model-unit',
};

function pricedAs({ kind, id, region, type }: Resource, fleet: Fleet | undefined): Priced | undefined {
  const instance = fleet?.members.find((member) => member.instance.instanceId === id)?.instance;
  const use = kind === 'ec2-instance' ? instance && purchaseOptionOf(instance) : uses[kind];
  return use && { region, type, use, platform: instance?.platform };
}

const toJson = (results: readonly UtilizationResult[]) => ({
  resources: results.flatMap((target) => target.observations.map((row) => toEntry(row, target))),
  waste: results.flatMap(({ account, accountName, region, waste }) =>
    waste.map(({ owner = null, ...wasted }) => ({ account, accountName, region, owner, ...wasted })),
  ),
  gaps: results.flatMap(({ account, accountName, region, gaps }) =>
    gaps.map((gap) => ({ account, accountName, region, ...gap })),
  ),
});

/** What a program reads of one verdict. Absent is unknown; a price is never 0 for that. */
const toEntry = (observation: Viewed, { accountName }: Pick<ViewedTarget, 'accountName'>) => {
  const { resource, utilization, attribution, since, hourlyRate, monthToDate, loss, proposal, isUnpaid } =
    observation;
  const { account, region, kind, id, name, type, count, startedAt, runningSince } = resource;
  const { wastedShare: _, ...verdict } = utilization;
  return {
    ...{ account, accountName, region, kind, id, name, type, count, startedAt, runningSince },
    owner: ownerOf(attribution),
    team: attribution.team,
    project: attribution.project,
    ...verdict,
    since,
    hourlyRate,
    isUnpaid,
    wastedHourlyRate: wastedRateOf(observation),
    wastedThisMonth: monthToDate,
    loss,
    proposal,
  };
};
