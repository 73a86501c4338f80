import { dateOf, type IsoDate, type IsoTime } from '../period.ts';
import type { Scope } from '../spend/scope.ts';
import { type Incident, isTakenBack } from './incident.ts';
import { sum } from './statistics.ts';

/** An anomaly of AWS's own Cost Anomaly Detection. */
export type AwsAnomaly = {
  anomalyId: string;
  /** The account, service, region and usage type of each root cause, as far as AWS names them. */
  places: readonly Scope[];
  /** Absent where AWS doesn't say. */
  start?: IsoDate;
  /** The last day that is part of it so far. */
  end?: IsoDate;
  /** Dollars above what AWS expected, in all. */
  impact: number;
  /** To it in the AWS console. */
  link?: string;
};

/** An anomaly of AWS as it is remembered. */
export type KnownAwsAnomaly = AwsAnomaly & {
  /** When AWS spoke of it last. */
  at: IsoTime;
  /** When it was told as an alert of its own; absent: an incident of ours had told it before. */
  toldAt?: IsoTime;
};

/**
 * The incident of ours under which somebody has been told already of what AWS tells at `at`; undefined where there is
 * none, or none for one of its places. A place counts by its account and service, and by its account alone only where
 * AWS's monitor is of accounts; where AWS doesn't say, nothing is taken for the same.
 */
export function coveringIncident(
  anomaly: AwsAnomaly,
  incidents: readonly Incident[],
  at: IsoTime,
): Incident | undefined {
  const byId = new Map(incidents.map((incident) => [incident.id, incident]));
  const told = anomaly.places.map((place) =>
    incidents
      .filter((incident) => isOfDays(incident, anomaly, at) && isOfPlace(incident.scope, place))
      .map(({ id, partOf }) => byId.get(partOf ?? id))
      .find((incident) => incident?.told !== undefined && !isTakenBack(incident)),
  );
  return told.every((incident) => incident !== undefined) ? told[0] : undefined;
}

/** What our own series have of the days and places of an anomaly: incidents, told or not, whatever they are part of. */
export const incidentsWithin = (
  anomaly: AwsAnomaly,
  incidents: readonly Incident[],
  at: IsoTime,
): Incident[] =>
  incidents.filter(
    (incident) =>
      isOfDays(incident, anomaly, at) && anomaly.places.some((place) => isOfPlace(incident.scope, place)),
  );

/** What an incident of ours has of the days of an anomaly: how many, and amounts in the currency of the bill. */
export function daysSeen(
  incident: Incident,
  anomaly: AwsAnomaly,
  at: IsoTime,
): { days: number; actual: number; expected: number } {
  const { start = '', end = dateOf(at) } = anomaly;
  const days = incident.days.filter(({ date }) => date >= start && date <= end);
  return {
    days: days.length,
    actual: sum(days.map(({ actual }) => actual)),
    expected: sum(days.map(({ expected }) => expected)),
  };
}

/** The anomaly of AWS that is the same leak as an incident of ours, seen in these scopes; the largest of several. */
export const awsAnomalyOf = (
  incident: Incident,
  scopes: readonly Scope[],
  anomalies: readonly KnownAwsAnomaly[],
): KnownAwsAnomaly | undefined =>
  anomalies
    .filter(
      (anomaly) =>
        isOfDays(incident, anomaly, anomaly.at) &&
        anomaly.places.some((place) => scopes.some((scope) => isOfPlace(scope, place))),
    )
    .toSorted((a, b) => b.impact - a.impact)[0];

/** Whether days of an anomaly are days of an incident; what AWS gives no end for goes on until it spoke of it. */
function isOfDays(
  { start, end }: Pick<Incident, 'start' | 'end'>,
  anomaly: AwsAnomaly,
  at: IsoTime,
): boolean {
  if (anomaly.start === undefined) return false;
  const last = anomaly.end ?? dateOf(at);
  return start <= last && (end === undefined || end > anomaly.start);
}

/** A service of all accounts has that of each in it. The names of the bill and of AWS's monitors are the same. */
function isOfPlace(scope: Scope, place: Scope): boolean {
  if (place['account'] === undefined) return false;
  if (place['service'] === undefined) return scope['account'] === place['account'];
  if (scope['service'] === undefined) return false;
  return Object.entries(scope).every(
    ([dimension, ours]) => dimensions.has(dimension) && isAlike(ours, place[dimension]),
  );
}

/** What AWS says of a place. A part of the spend by a tag is another part than that. */
const dimensions: ReadonlySet<string> = new Set(['account', 'service', 'region', 'usageType']);

const isAlike = (ours: string, theirs: string | undefined): boolean =>
  theirs === undefined || ours.toLowerCase() === theirs.toLowerCase();
