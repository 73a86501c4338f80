import type { IsoDate } from '../period.ts';
import { areCompatible, isWithin, type Scope } from '../spend/scope.ts';
import { pathOf } from './drill-down.ts';
import type { Incident } from './incident.ts';

/** What there was of incidents in a period: each leak once. */
export type PeriodIncidents = {
  /** Those that began in it, whatever has become of them. */
  opened: number;
  /** Those that ended in it, or became normal. */
  closed: number;
  /** Those that go on, the dearest first. */
  open: readonly Incident[];
  /** The dearest that was there in the period; undefined where there was none. */
  dearest?: Incident | undefined;
};

/** Incidents from the first day of a period until now. */
export function incidentsSince(incidents: readonly Incident[], start: IsoDate): PeriodIncidents {
  const told = incidents.filter(({ partOf, status }) => partOf === undefined && status !== 'muted');
  const there = told
    .filter(({ end }) => end === undefined || end > start)
    .toSorted((a, b) => b.impact - a.impact);
  return {
    opened: there.filter((incident) => incident.start >= start).length,
    closed: there.filter(({ end, status }) => end !== undefined || status !== 'open').length,
    open: there.filter(({ end, status }) => end === undefined && status === 'open'),
    dearest: there[0],
  };
}

/** Whose an incident is, as far as its scope or its cause tells. */
export const teamOf = ({ scope, cause }: Incident, teamDimension = 'team'): string | undefined =>
  scope[teamDimension] ?? cause?.team ?? (cause && pathOf(cause.levels)['team']);

/** The incident that is about a part of the spend, the one that names most of it; undefined where none does. */
export function incidentAbout(incidents: readonly Incident[], scope: Scope): Incident | undefined {
  return incidents
    .filter((incident) => areCompatible(incident.scope, scope) && shared(incident.scope, scope) > 0)
    .toSorted(
      (a, b) =>
        Number(isWithin(b.scope, scope)) - Number(isWithin(a.scope, scope)) ||
        shared(b.scope, scope) - shared(a.scope, scope) ||
        b.impact - a.impact,
    )[0];
}

/** Dimensions on which both are about the same. */
const shared = (one: Scope, other: Scope): number =>
  Object.entries(one).filter(([dimension, value]) => other[dimension] === value).length;
