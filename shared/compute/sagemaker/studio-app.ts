import type { IsoTime } from '../../period.ts';
import { toTime } from '../../period.ts';
import { formatDuration } from '../duration.ts';
import type { Utilization } from '../utilization.ts';

/** An app of SageMaker Studio in service on an instance that is paid for. */
export type StudioApp = {
  /** Its domain, `space` or `user`, that one's name, its type and its name, with `/` between. */
  id: string;
  arn?: string | undefined;
  domainId: string;
  ownerKind: 'space' | 'user';
  /** The space, or the user profile, that it belongs to. */
  owner: string;
  /** `JupyterLab`, `KernelGateway`. */
  appType: string;
  /** `ml.g5.xlarge`; empty where nothing tells it. */
  instanceType: string;
  createdAt?: IsoTime | undefined;
  /** When SageMaker looked after it last, and when its user did something last; absent where SageMaker doesn't say. */
  checkedAt?: IsoTime | undefined;
  activeAt?: IsoTime | undefined;
  /** Why SageMaker didn't describe it. */
  fault?: string | undefined;
};

/** `since`: since when nobody has been active. */
export type StudioVerdict = { utilization: Utilization; since?: IsoTime };

/**
 * Idle where its user did nothing for so many minutes. That is less than it sounds: a kernel may compute all the same,
 * and SageMaker has no metric of it. API reference of DescribeApp: a health check sets the time of the last activity
 * too, to its own time, where there was none; then nobody knows when it was.
 */
export function judgeStudioApp(app: StudioApp, minutes: number, now: IsoTime): StudioVerdict {
  const end = Date.parse(now);
  const start = end - minutes * 60_000;
  const seen = { windowStart: toTime(start), windowEnd: now };
  const uptime =
    app.createdAt === undefined
      ? 'in service'
      : `in service for ${formatDuration(end - Date.parse(app.createdAt))}`;
  const doubt = doubtOf(app, minutes, start);
  const activeAt = Date.parse(app.activeAt ?? '');
  if (doubt !== undefined || Number.isNaN(activeAt)) {
    const reason = `${uptime}: ${doubt ?? unknownActivity}`;
    return { utilization: { state: 'unknown', reason, ...seen, coverage: 0, confidence: 'low' } };
  }
  if (activeAt > start) {
    const reason = `its user was active ${formatDuration(end - activeAt)} ago`;
    const lastBusy = toTime(Math.min(activeAt, end));
    return {
      utilization: { state: 'busy', reason, ...seen, coverage: 1, confidence: 'medium', lastBusy },
    };
  }
  // Made again under its name, it may tell of the activity in the one before.
  const since = Math.max(activeAt, Date.parse(app.createdAt ?? toTime(activeAt)));
  return {
    since: toTime(since),
    utilization: {
      state: 'idle',
      check: 'idle-studio-app',
      reason: `no user activity for ${formatDuration(end - since)}, ${uptime}, though a kernel may still compute`,
      ...seen,
      coverage: 1,
      confidence: app.checkedAt === undefined ? 'low' : 'medium',
      wastedShare: 1,
    },
  };
}

const unknownActivity = "SageMaker doesn't tell when its user was active";

function doubtOf({ fault, activeAt, checkedAt, createdAt }: StudioApp, minutes: number, start: number) {
  if (fault !== undefined) return `it could not be described: ${fault}`;
  if (activeAt === undefined) return unknownActivity;
  // To the second: both come from one look, and are told to the millisecond.
  if (checkedAt !== undefined && activeAt === checkedAt) {
    return 'its last activity is that of a health check, which says nothing of its user';
  }
  if (checkedAt !== undefined && Date.parse(checkedAt) < start) {
    return `SageMaker has not looked after it since ${checkedAt}`;
  }
  const isYoung = createdAt !== undefined && Date.parse(createdAt) > start;
  return isYoung && Date.parse(activeAt) <= start
    ? `not up through the whole window of ${formatDuration(minutes * 60_000)}`
    : undefined;
}

/** An app with its verdict, and among how many its instance is shared. */
export type JudgedApp = StudioVerdict & { app: StudioApp; sharedBy: number };

/**
 * Every app by itself, and those that share an instance together: it costs the same while one of them is used, and what
 * is idle beside that one wastes nothing.
 */
export function judgeStudioApps(apps: readonly StudioApp[], minutes: number, now: IsoTime): JudgedApp[] {
  const judged = apps.map((app) => ({ app, ...judgeStudioApp(app, minutes, now) }));
  const byInstance = Map.groupBy(judged, ({ app }) => instanceOf(app));
  return judged.map(({ app, ...verdict }) => {
    const all = byInstance.get(instanceOf(app)) ?? [];
    return { app, sharedBy: all.length, ...besideOthers(verdict, all) };
  });
}

/** SageMaker runs the kernels of one user and type on one instance. */
const instanceOf = (app: StudioApp): string =>
  app.appType === 'KernelGateway'
    ? [app.domainId, app.ownerKind, app.owner, app.instanceType].join('/')
    : app.id;

/** Idle only where all on its instance are, since the last of them was used. */
function besideOthers(verdict: StudioVerdict, all: readonly StudioVerdict[]): StudioVerdict {
  const { state, windowStart, windowEnd, reason } = verdict.utilization;
  if (state !== 'idle' || all.length < 2) return verdict;
  const seen = { windowStart, windowEnd };
  const used = all.find(({ utilization }) => utilization.state === 'busy')?.utilization;
  if (used) {
    const beside = `${reason}, beside another on its instance that is used`;
    const { lastBusy, coverage, confidence } = used;
    return { utilization: { state: 'busy', reason: beside, ...seen, lastBusy, coverage, confidence } };
  }
  if (all.some(({ utilization }) => utilization.state === 'unknown')) {
    const beside = `${reason}, beside another on its instance of which nobody knows`;
    return { utilization: { state: 'unknown', reason: beside, ...seen, coverage: 0, confidence: 'low' } };
  }
  const times = all.flatMap(({ since }) => since ?? []).toSorted((a, b) => Date.parse(b) - Date.parse(a));
  return { ...verdict, ...(times[0] && { since: times[0] }) };
}
