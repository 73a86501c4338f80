import type { Incident } from '../anomaly/incident.ts';
import type { IsoDate, Period } from '../period.ts';
import type { ChargeCategory } from '../spend/charge.ts';
import type { Scope } from '../spend/scope.ts';

/** An incident as the walk over the history found it; amounts in the currency of the record. */
export type BacktestIncident = {
  id: string;
  /** The series that carries it. */
  series: Scope;
  /** Other series in which the same leak was seen. */
  folded: readonly Scope[];
  kind: Incident['kind'];
  status: Incident['status'];
  /** The first day above what was to be expected. */
  start: IsoDate;
  /** The day of the run that told it. */
  detected: IsoDate;
  /** The first day that is no longer part of it; null while it goes on. */
  end: IsoDate | null;
  /** Of a mean day of the incident. */
  expected: number;
  actual: number;
  /** What its days cost above what was to be expected. */
  impact: number;
  /** The part of it after the alert: what acting on it could have saved. */
  impactAfterAlert: number;
  /** The excess of its newest day while it goes on, else of its last one. */
  excessPerDay: number;
  severity: 'info' | 'warning' | 'critical';
  /** In one sentence. */
  reason: string;
  /** What would have been said and when, oldest first: the alert that opens it is the first. */
  told: readonly { date: IsoDate; change: string; title: string; summary: string }[];
};

/** One series, day by day: parallel arrays from `start` on. NaN where there is nothing to say. */
export type BacktestSeries = {
  series: Scope;
  start: IsoDate;
  actual: Float64Array;
  expected: Float64Array;
  /** The most that would have passed as normal. */
  limit: Float64Array;
};

export type BacktestResult = {
  /** The days of the file; `end` exclusive. */
  period: Period;
  currency: string;
  /** How many days and series were judged. */
  days: number;
  series: number;
  sensitivity: string;
  /** Dollars a day below which nothing was told. */
  floor: number;
  bitemporal: boolean;
  /** By the day they were told. */
  incidents: readonly BacktestIncident[];
  summary: {
    /** In one sentence: what somebody would have heard, and what it was worth. */
    text: string;
    alerts: number;
    incidents: number;
    impact: number;
    impactAfterAlert: number;
    alertsPerMonth: number;
  };
  /** What the record holds besides usage, and is not judged. */
  apart: Partial<Record<ChargeCategory, number>>;
  /** The series that have an incident, and the dearest of the others; not part of the JSON. */
  walks: readonly BacktestSeries[];
};
