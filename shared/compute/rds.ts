import { toTime } from '../period.ts';
import type { DatabaseEngine, Priced } from '../spend/rate.ts';
import { counted, lengthOf, percent } from './evidence-text.ts';
import type { Series, Window } from './metric.ts';
import { type IdlePolicy, type Reading, toReading } from './signals.ts';
import type { Utilization } from './utilization.ts';

/** A DB instance as RDS describes it: by itself, or a member of a cluster. */
export type DbInstance = {
  account: string;
  region: string;
  id: string;
  arn: string;
  /** `db.r6g.large` */
  instanceClass: string;
  /** `postgres`, `sqlserver-se`, `aurora-mysql` */
  engine: string;
  /** RDS's own word: `available`, `backing-up`. */
  status: string;
  /** It has a standby in another zone. */
  multiAz: boolean;
  licenseModel?: string | undefined;
  /** `aurora-iopt1`: an hour of the instance costs more, its I/O nothing. */
  storageType?: string | undefined;
  clusterId?: string | undefined;
  /** What it is a read replica of. */
  replicaOf?: string | undefined;
  /** The read replicas that it has, clusters among them. */
  replicas: readonly string[];
  tags: Readonly<Record<string, string>>;
};

/** A DB cluster, of Aurora or of RDS with two readable standbys. */
export type DbCluster = {
  account: string;
  region: string;
  id: string;
  arn: string;
  engine: string;
  /** `provisioned`, also with Serverless v2; `serverless` is v1. */
  engineMode: string;
  status: string;
  /** Its global database. */
  globalClusterId?: string | undefined;
  replicaOf?: string | undefined;
  replicas: readonly string[];
  members: readonly string[];
  tags: Readonly<Record<string, string>>;
};

/** What CloudWatch tells of a DB instance over the window. */
export type DatabaseSignals = {
  /** Clients that are connected, by the most in each period. */
  connections: Series;
  /** Percent, by the mean of each period: a database at rest has bursts of its own. */
  cpuPercent: Series;
};

/**
 * Busy where anybody was connected, or its CPU was at work; idle only where every period of both is there and silent;
 * unknown in every other case. RDS publishes both every minute (RDS user guide: Amazon CloudWatch metrics for RDS), and
 * a pool that holds a connection open keeps a database from being idle.
 */
export function judgeDatabase(
  { connections, cpuPercent }: DatabaseSignals,
  window: Window,
  policy: Pick<IdlePolicy, 'cpuPercent'>,
): Utilization {
  const clients = toReading('connections', 'DatabaseConnections', connections, 0, window);
  const cpu = toReading('cpu', 'CPUUtilization', cpuPercent, policy.cpuPercent, window);
  const readings = [clients, cpu];
  const seen = {
    windowStart: window.start,
    windowEnd: window.end,
    coverage: Math.min(...readings.map(({ coverage, failure }) => (failure === undefined ? coverage : 0))),
  };
  const work = readings.filter(({ busyAt }) => busyAt !== undefined);
  if (work.length > 0) return { ...seen, ...workVerdict(work, clients, cpu, window) };
  const doubt = doubtOf(readings, window);
  if (doubt !== undefined) return { state: 'unknown', reason: doubt, ...seen, confidence: 'low' };
  const reason = `no connection, and CPU at most ${percent(cpu.largest)}, for ${lengthOf(window)}, 100 % coverage`;
  return { state: 'idle', reason, ...seen, confidence: 'high', wastedShare: 1 };
}

function workVerdict(work: readonly Reading[], clients: Reading, cpu: Reading, window: Window) {
  const span = lengthOf(window);
  return {
    state: 'busy',
    reason: work.includes(clients)
      ? `up to ${counted(clients.largest, 'connection')} in the last ${span}`
      : `CPU up to ${percent(cpu.largest)} in the last ${span}, though nobody was seen to be connected`,
    confidence: 'high',
    lastBusy: toTime(Math.max(...work.flatMap(({ busyAt }) => busyAt ?? []))),
    firstBusy: toTime(Math.min(...work.flatMap(({ busyFrom }) => busyFrom ?? []))),
  } as const;
}

/** Why silence isn't proven; a stop can't be taken back, so that every period counts. */
function doubtOf(readings: readonly Reading[], window: Window): string | undefined {
  const failed = readings.find(({ failure }) => failure !== undefined);
  if (failed) return `${failed.name} could not be read: ${failed.failure}`;
  const thin = readings.find(({ coverage }) => !(coverage >= 1));
  return (
    thin &&
    `${thin.name} reported for ${Math.floor(thin.coverage * 100)} % of the last ${lengthOf(window)}: work may be what is missing`
  );
}

/** By RDS's own names; what isn't here has no single price an hour. */
const pricedEngines: Readonly<Record<string, DatabaseEngine>> = {
  mysql: 'MySQL',
  postgres: 'PostgreSQL',
  mariadb: 'MariaDB',
  'aurora-mysql': 'Aurora MySQL',
  'aurora-postgresql': 'Aurora PostgreSQL',
};

/** What an hour of it is the price of; undefined where nothing tells: by licence, or by capacity as in Serverless v2. */
export function pricedDatabase(database: DbInstance): Priced | undefined {
  const { region, instanceClass: type, engine: name, multiAz, storageType } = database;
  const engine = pricedEngines[name];
  if (engine === undefined || type === 'db.serverless') return undefined;
  if (storageType === 'aurora-iopt1') return { region, type, use: 'database-io-optimized', engine };
  // A member of an Aurora cluster is paid for by itself, in however many zones the others are.
  const isDoubled = multiAz && !name.startsWith('aurora');
  return { region, type, use: isDoubled ? 'database-multi-az' : 'database', engine };
}
