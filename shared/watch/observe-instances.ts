import { attribute } from '../allocation/owner.ts';
import type { Check } from '../compute/check.ts';
import { type Finding, isSameEpisode, type Observation } from '../compute/finding.ts';
import { isStandby } from '../compute/idleness.ts';
import { type Utilization, windowBefore } from '../compute/utilization.ts';
import { type IsoTime, toTime } from '../period.ts';
import { getWork, putWork } from '../store/work.ts';
import { type FleetMember, getFleet } from './fleet.ts';
import { idleSinces } from './idle-since.ts';
import { findSources, type Look, lookAt, measureLooks } from './measure.ts';
import type { Observer, Watched } from './observe.ts';
import { observeUnderuse } from './observe-underuse.ts';

/**
 * The accelerator instances of a target, those of EC2 and the nodes of HyperPod clusters: what each does, and how well
 * it is used. Nobody is asked about again while an earlier answer still holds for the whole window.
 */
export const observeInstances: Observer = async (watched) => {
  const { clients, config, now } = watched;
  const { members, facts, complete, gaps } = await getFleet(watched);
  const running = members.filter(({ instance }) => instance.state === 'running');
  const instances = running.map(({ instance }) => instance);
  const { looks, resting } = await share(watched, running);
  const { namespaces } = config.utilization;
  const neighbours = members.map(({ instance }) => instance);
  const sources = await findSources(clients.cloudWatch, instances, { facts, namespaces, neighbours });
  const window = windowBefore(now, config.idle.window);
  const measuring = { facts, sources, policy: config.idle, window };
  const verdicts = await measureLooks(clients.cloudWatch, looks, measuring);
  await rememberWork(watched, verdicts);
  const observed = looks.flatMap((look): Observation[] => {
    const verdict = verdicts.get(look.instance.instanceId);
    return verdict ? [{ ...look.member, utilization: withCheckOf(look.finding, verdict) }] : [];
  });
  const since = await idleSinces(watched, newlyIdle(looks, verdicts), sources);
  const recent = observed.map((one) => ({ ...one, since: since.get(one.resource.id) }));
  const observations = [...recent, ...resting];
  const workers = workersAmong(watched, running, observations);
  const underused = await observeUnderuse(watched, workers, { facts, sources });
  const stopped = members.filter(({ instance }) => instance.state !== 'running');
  return {
    observations: [
      ...observations,
      ...underused,
      ...stopped.flatMap((member) => stillUnderused(member, watched.open)),
    ],
    complete,
    gaps: [...gaps, ...sources.gaps],
  };
};

/** A look at an instance, whose it is, and the finding that it may end. */
type MemberLook = Look & { member: Omit<FleetMember, 'instance'>; finding?: Finding | undefined };

/**
 * Whom to ask about, and whom not: work seen within the window is work, whatever else would be read, and a finding
 * holds until a whole window has passed since it was seen. One that is idle is then looked at since that time, and by
 * its devices alone: only they end it.
 */
async function share(watched: Watched, running: readonly FleetMember[]) {
  const { table, target, config, now, open } = watched;
  const work = table ? await getWork(table, target) : new Map<string, IsoTime>();
  const window = windowBefore(now, config.idle.window);
  const findingsOf = Map.groupBy(open, ({ kind, id }) => `${kind}#${id}`);
  const seenUntil = ({ seenAt }: Finding) => windowBefore(seenAt, config.idle.window).end;
  const holds = (finding: Finding) => isBefore(window.start, seenUntil(finding), slackMs);
  const looks: MemberLook[] = [];
  const resting: Observation[] = [];
  for (const { instance, ...member } of running) {
    const isForeign = member.resource.kind === 'hyperpod-node';
    const own = findingsOf.get(`${member.resource.kind}#${member.resource.id}`) ?? [];
    const known = own.filter((finding) => isSameEpisode(finding, member.resource));
    const idle = known.find(({ check }) => idleChecks.includes(check));
    const skew = known.find(({ check }) => check === 'not-distributed');
    const lastBusy = work.get(instance.instanceId);
    const look = { ...lookAt(instance, config), isForeign, member };
    if (idle) {
      const readFrom = earlier(window.start, seenUntil(idle));
      if (holds(idle)) resting.push(asSeen(member, idle, 'idle'));
      else looks.push({ ...look, readFrom, purpose: 'devices', finding: idle });
    } else if (isAtWork(lastBusy, instance.launchTime, window.start) && (skew === undefined || holds(skew))) {
      resting.push(skew ? asSeen(member, skew, 'underused') : atWork(member, lastBusy, watched));
    } else looks.push({ ...look, readFrom: window.start, purpose: 'work' });
  }
  return { looks, resting };
}

const idleChecks: readonly Check[] = ['idle-accelerator', 'loaded-not-computing'];

const isAtWork = (lastBusy: IsoTime | undefined, launchTime: IsoTime, start: IsoTime): lastBusy is IsoTime =>
  lastBusy !== undefined && !isBefore(lastBusy, start) && !isBefore(lastBusy, launchTime);

const isBefore = (one: IsoTime, other: IsoTime, slack = 0): boolean =>
  Date.parse(one) + slack < Date.parse(other);

/** An hourly event is some seconds early at times: no whole hour is to be lost for them. */
const slackMs = 10 * 60_000;

/** How far back to read at most for work that a run may have missed. */
const lookBackMs = 14 * 24 * 3_600_000;

/** From where to read, so that no work since `seenUntil` is missed, within what CloudWatch is asked for at most. */
const earlier = (start: IsoTime, seenUntil: IsoTime): IsoTime =>
  toTime(Math.max(Math.min(Date.parse(start), Date.parse(seenUntil)), Date.parse(start) - lookBackMs));

/** What an earlier run has found, and still holds. */
const asSeen = (
  { resource, hourlyRate }: Omit<FleetMember, 'instance'>,
  { check, reason, confidence, seenAt, since, proposal, wastedHourlyRate, hourlyRate: rate }: Finding,
  state: Utilization['state'],
): Observation => ({
  resource,
  hourlyRate,
  since,
  proposal,
  seenAt,
  utilization: {
    state,
    check,
    reason,
    confidence,
    windowStart: since,
    windowEnd: seenAt,
    coverage: 1,
    ...(rate && wastedHourlyRate !== undefined && { wastedShare: wastedHourlyRate / rate }),
  },
});

const atWork = (
  { resource, hourlyRate }: Omit<FleetMember, 'instance'>,
  lastBusy: IsoTime,
  { config, now }: Watched,
): Observation => {
  const { start, end } = windowBefore(now, config.idle.window);
  const reason = `at work at ${lastBusy.slice(0, 10)} ${lastBusy.slice(11, 16)} UTC`;
  return {
    resource,
    hourlyRate,
    seenAt: lastBusy,
    utilization: {
      state: 'busy',
      reason,
      confidence: 'high',
      windowStart: start,
      windowEnd: end,
      coverage: 1,
      lastBusy,
    },
  };
};

/** Whether it holds memory isn't asked again: as long as its devices are silent it stays what it was. */
const withCheckOf = (finding: Finding | undefined, verdict: Utilization): Utilization =>
  finding && verdict.state === 'idle' ? { ...verdict, check: finding.check } : verdict;

/** What was seen at work, and when last. */
async function rememberWork(
  { table, target, now, readOnly }: Watched,
  verdicts: ReadonlyMap<string, Utilization>,
): Promise<void> {
  if (!table || readOnly) return;
  const work = [...verdicts].flatMap(([id, { lastBusy }]) => (lastBusy ? [[id, lastBusy] as const] : []));
  await putWork(table, target, new Map(work), now);
}

function newlyIdle(looks: readonly MemberLook[], verdicts: ReadonlyMap<string, Utilization>) {
  return looks.flatMap(({ instance, finding }) => {
    const verdict = verdicts.get(instance.instanceId);
    return verdict?.state === 'idle' && finding === undefined
      ? [{ instance, before: verdict.windowStart }]
      : [];
  });
}

/** Of those that work, and whose devices share it: how well they are used is another question. */
function workersAmong(
  { config }: Watched,
  running: readonly FleetMember[],
  observations: readonly Observation[],
): FleetMember[] {
  const busy = new Set(
    observations.filter(({ utilization }) => utilization.state === 'busy').map(({ resource }) => resource.id),
  );
  return running.filter(({ instance, resource }) => {
    const { workload } = attribute(instance.tags, config.tags);
    const mayTell = resource.kind === 'ec2-instance' && !isStandby(workload, config.idle.standby);
    return mayTell && busy.has(resource.id);
  });
}

/** What is stopped wastes nothing, but comes back as it was: its episode isn't over, and not told again tomorrow. */
const stillUnderused = ({ resource, hourlyRate }: FleetMember, open: readonly Finding[]): Observation[] =>
  open
    .filter(({ kind, id }) => kind === resource.kind && id === resource.id)
    .filter(({ check }) => !idleChecks.includes(check) && check !== 'not-distributed')
    .map((finding) =>
      asSeen({ resource: { ...resource, startedAt: undefined }, hourlyRate }, finding, 'underused'),
    );
