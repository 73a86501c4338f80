import type { Check } from '../compute/check.ts';
import { type Finding, isSameEpisode, type Observation } from '../compute/finding.ts';
import { transitionTime } from '../compute/instance.ts';
import { periodSeconds } from '../compute/metric.ts';
import { type Utilization, windowBefore } from '../compute/utilization.ts';
import { addMilliseconds, clockText, earlier, type IsoTime, later } from '../period.ts';
import { getWork, putWork, type Work } from '../store/work.ts';
import { type FleetMember, getFleet, sourcesOfFleet } from './fleet.ts';
import { type Look, lookAt, measureLooks } from './measure.ts';
import type { Observer, Watched } from './observe.ts';
import { observeUnderuse } from './observe-underuse.ts';
import { silentSinces } from './silent-since.ts';

/**
 * The accelerator instances of a target, those of EC2 and the nodes of HyperPod clusters: what each does, and how well
 * it is used. Nobody is asked about again while an earlier answer still holds for the whole window.
 */
export const observeInstances: Observer = async (watched) => {
  const { clients, config, now } = watched;
  const fleet = await getFleet(watched);
  const { members, facts, complete, gaps } = fleet;
  const running = members.filter(({ instance }) => instance.state === 'running');
  const { looks, resting } = await share(watched, running);
  const sources = await sourcesOfFleet(watched, fleet);
  const window = windowBefore(now, config.idle.window);
  const measuring = { facts, sources, policy: config.idle, window };
  const verdicts = await measureLooks(clients.cloudWatch, looks, measuring);
  await rememberWork(watched, verdicts);
  const observed = looks.flatMap((look): Observation[] => {
    const verdict = verdicts.get(look.instance.instanceId);
    return verdict ? [toObservation(look, verdict, config.idle.coverage)] : [];
  });
  const since = await silentSinces(watched, newlySilent(looks, verdicts), sources);
  const recent = observed.map((one) => ({ ...one, since: since.get(one.resource.id) }));
  const observations = [...recent, ...resting];
  const working = workersAmong(running, observations);
  const underused = await observeUnderuse(watched, { fleet: members, working }, { facts, sources });
  const stopped = members.filter(({ instance }) => instance.state !== 'running');
  return {
    observations: [
      ...observations,
      ...underused,
      ...stopped.flatMap((member) => asStopped(member, watched.open)),
    ],
    complete,
    gaps: [...gaps, ...sources.gaps],
  };
};

/** A look at an instance, whose it is, and the findings that it may end. */
type MemberLook = Look & {
  member: Omit<FleetMember, 'instance'>;
  idle?: Finding | undefined;
  skew?: Finding | undefined;
};

/**
 * Whom to ask about, and whom not: work seen within the window is work, whatever else would be read, and a finding
 * holds until a whole window has passed since it was seen. One that is idle is then looked at since that time, and by
 * its devices alone: only they end it.
 */
async function share(watched: Watched, running: readonly FleetMember[]) {
  const { table, target, config, now, open } = watched;
  const work = table ? await getWork(table, target) : new Map<string, Work>();
  const window = windowBefore(now, config.idle.window);
  const findingsOf = Map.groupBy(open, ({ kind, id }) => `${kind}#${id}`);
  const seenUntil = ({ seenAt }: Finding) => windowBefore(seenAt, config.idle.window).end;
  const holds = (finding: Finding) => isBefore(window.start, seenUntil(finding), slackMs);
  const places = running.map(({ instance, ...member }): Place => {
    const { kind, id } = member.resource;
    const isForeign = kind === 'hyperpod-node';
    const known = (findingsOf.get(`${kind}#${id}`) ?? []).filter((one) =>
      isSameEpisode(one, member.resource),
    );
    const idle = known.find(({ check }) => idleChecks.includes(check));
    const skew = known.find(({ check }) => check === 'not-distributed');
    const seen = work.get(instance.instanceId);
    const look = { ...lookAt(instance, config), isForeign, member };
    if (idle) {
      const hasWorked = seen !== undefined && isBefore(idle.windowEnd, seen.lastBusy);
      if (holds(idle) && !hasWorked) return { resting: asSeen(member, idle, 'idle') };
      const readFrom = startOfLook(window.start, seenUntil(idle));
      return { look: { ...look, readFrom, purpose: 'devices', idle } };
    }
    const isKnown = isAtWork(seen, instance.launchTime, window.start) && (skew === undefined || holds(skew));
    if (isKnown) return { resting: skew ? asSeen(member, skew, 'underused') : atWork(member, seen) };
    const wasSkewed = skew !== undefined;
    return { look: { ...look, readFrom: window.start, purpose: 'work', skew, wasSkewed } };
  });
  return {
    looks: places.flatMap(({ look }) => look ?? []),
    resting: places.flatMap(({ resting }) => resting ?? []),
  };
}

/** To be looked at, or what an earlier run knows still holds. */
type Place = { look?: MemberLook; resting?: Observation };

const idleChecks: readonly Check[] = ['idle-accelerator', 'loaded-not-computing'];

const isAtWork = (seen: Work | undefined, launchTime: IsoTime, start: IsoTime): seen is Work =>
  seen !== undefined && !isBefore(seen.lastBusy, start) && !isBefore(seen.lastBusy, launchTime);

const isBefore = (one: IsoTime, other: IsoTime, slack = 0): boolean =>
  Date.parse(one) + slack < Date.parse(other);

/** An hourly event is some seconds early at times: no whole hour is to be lost for them. */
const slackMs = 10 * 60_000;

/** How far back to read at most for work that a run may have missed. */
const lookBackMs = 14 * 24 * 3_600_000;

/** From where to read, so that no work since `seenUntil` is missed, within what CloudWatch is asked for at most. */
const startOfLook = (start: IsoTime, seenUntil: IsoTime): IsoTime =>
  later(earlier(start, seenUntil), addMilliseconds(start, -lookBackMs));

/** What an earlier run has found, and still holds: as it was measured then. */
const asSeen = (
  { resource, hourlyRate }: Omit<FleetMember, 'instance'>,
  finding: Finding,
  state: Utilization['state'],
): Observation => {
  const { check, reason, confidence, windowStart, windowEnd, coverage, seenAt, since, proposal } = finding;
  const { wastedHourlyRate: wasted, hourlyRate: rate } = finding;
  const wastedShare = rate && wasted !== undefined ? wasted / rate : undefined;
  return {
    resource,
    hourlyRate,
    since,
    proposal,
    seenAt,
    utilization: { state, check, reason, confidence, windowStart, windowEnd, coverage, wastedShare },
  };
};

/** Work that was seen, by whichever run; that it is at work now is not measured. */
const atWork = (
  { resource, hourlyRate }: Omit<FleetMember, 'instance'>,
  { lastBusy, reason }: Work,
): Observation => {
  const seen = clockText(lastBusy);
  return {
    resource,
    hourlyRate,
    seenAt: lastBusy,
    utilization: {
      state: 'busy',
      reason: reason === undefined ? `at work at ${seen}` : `${reason}, seen until ${seen}`,
      confidence: 'high',
      windowStart: lastBusy,
      windowEnd: addMilliseconds(lastBusy, periodSeconds * 1000),
      coverage: 1,
      lastBusy,
    },
  };
};

/**
 * What a look says of an instance. As long as the devices of an idle one are silent it stays what it was found to be:
 * whether it holds memory isn't asked again. One that worked on a part of its devices still does where not all of them
 * could be seen.
 */
function toObservation(
  { member, idle, skew }: MemberLook,
  verdict: Utilization,
  coverage: number,
): Observation {
  if (idle && verdict.state === 'idle') {
    const { check, reason, confidence } = idle;
    return { ...member, utilization: { ...verdict, check, reason, confidence } };
  }
  const isPart = verdict.state === 'busy' && verdict.coverage < coverage;
  return skew && isPart ? asSeen(member, skew, 'underused') : { ...member, utilization: verdict };
}

/** What was seen at work, and when last. */
async function rememberWork(
  { table, target, now, readOnly }: Watched,
  verdicts: ReadonlyMap<string, Utilization>,
): Promise<void> {
  if (!table || readOnly) return;
  const work = [...verdicts].flatMap(([id, { lastBusy, reason }]) =>
    lastBusy ? [[id, { lastBusy, reason }] as const] : [],
  );
  await putWork(table, target, new Map(work), now);
}

/** Those that nobody knew to be silent, as a whole or in part. */
function newlySilent(looks: readonly MemberLook[], verdicts: ReadonlyMap<string, Utilization>) {
  return looks.flatMap(({ instance, idle, skew }) => {
    const { state, check, windowStart = '' } = verdicts.get(instance.instanceId) ?? {};
    const isNew =
      (state === 'idle' && idle === undefined) || (check === 'not-distributed' && skew === undefined);
    return isNew ? [{ instance, before: windowStart, isPart: check === 'not-distributed' }] : [];
  });
}

/** Of those that work, and whose devices share it: how well they are used is another question. */
function workersAmong(running: readonly FleetMember[], observations: readonly Observation[]): FleetMember[] {
  const busy = new Set(
    observations.filter(({ utilization }) => utilization.state === 'busy').map(({ resource }) => resource.id),
  );
  return running.filter(({ resource }) => busy.has(resource.id));
}

/** What was idle until somebody stopped it: when that was, EC2 says. */
function asStopped({ instance, resource, hourlyRate }: FleetMember, open: readonly Finding[]): Observation[] {
  const isOpen = open.some(({ kind, id }) => kind === resource.kind && id === resource.id);
  const { state, stateTransitionReason } = instance;
  const endedAt = transitionTime(stateTransitionReason);
  if (!isOpen || endedAt === undefined) return [];
  const utilization: Utilization = {
    state: 'ended',
    reason: `it is ${state} since ${clockText(endedAt)}`,
    windowStart: endedAt,
    windowEnd: endedAt,
    coverage: 1,
    confidence: 'high',
  };
  return [{ resource, utilization, hourlyRate, endedAt }];
}
