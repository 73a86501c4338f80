import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import type { Alert } from '../alert/alert.ts';
import type { Incident } from '../anomaly/incident.ts';
import { breakdownDimensions } from '../spend/breakdown.ts';
import { recordAlert } from './outbox.ts';
import { expiresAfter, queryAll, type Table, type TransactItem, unlessRefused } from './table.ts';

const pk = 'INCIDENTS';

/** How long an incident that is over is kept. */
const retentionDays = 400;

const day = z.object({
  date: z.string(),
  expected: z.number(),
  actual: z.number(),
  limit: z.number().exactOptional(),
  closed: z.boolean(),
  high: z.boolean(),
});
const rise = z.object({ before: z.number(), after: z.number() });
const level = z.object({
  dimension: z.enum(breakdownDimensions),
  parts: z.array(rise.extend({ value: z.string() })),
  other: rise.extend({ count: z.number() }),
  risen: z.number(),
  share: z.number(),
});
const suspect = z.object({
  instanceId: z.string(),
  instanceType: z.string(),
  launchTime: z.string(),
  startedBy: z.string().exactOptional(),
  owner: z.string().exactOptional(),
  team: z.string().exactOptional(),
  hourlyRate: z.number().exactOptional(),
});
const cause = z.object({
  levels: z.array(level),
  cost: rise,
  share: z.number(),
  driver: z.enum(['usage', 'rate', 'mix', 'unknown']),
  split: z.object({
    usage: z.number(),
    rate: z.number(),
    unknown: z.number(),
    quantity: rise.extend({ unit: z.string() }).exactOptional(),
    price: rise.exactOptional(),
  }),
  commitment: z
    .object({ kind: z.enum(['savings-plan', 'reservation']), endedOn: z.string(), covered: rise })
    .exactOptional(),
  suspects: z.array(suspect),
  team: z.string().exactOptional(),
  owner: z.string().exactOptional(),
  excessPerDay: z.number(),
});
const status = z.enum(['open', 'recovered', 'accepted', 'muted']);
const stored = z.object({
  version: z.number(),
  incident: z.object({
    id: z.string(),
    scope: z.record(z.string(), z.string()),
    currency: z.string(),
    kind: z.enum(['rise', 'drift', 'new']),
    status,
    start: z.string(),
    end: z.string().exactOptional(),
    detected: z.string(),
    reason: z.string(),
    days: z.array(day),
    impact: z.number(),
    excessPerDay: z.number(),
    cause: cause.exactOptional(),
    told: z
      .object({
        status,
        at: z.string(),
        impact: z.number(),
        excessPerDay: z.number(),
        growths: z.number(),
      })
      .exactOptional(),
    plannedUntil: z.string().exactOptional(),
    partOf: z.string().exactOptional(),
  }),
});

/** An incident as it was read, with what makes a later write fail where another run was faster. */
export type StoredIncident = { incident: Incident; version: number };

/** Every incident that is kept, open or over, by its id. */
export async function getIncidents(table: Table): Promise<Map<string, StoredIncident>> {
  const kept = await queryAll(table, { pk, item: stored, isConsistent: true });
  return new Map(kept.map((item) => [item.incident.id, item]));
}

/** Keeps an incident that merely goes on; false where another run wrote it since `version` was read. */
export const putIncident = (table: Table, incident: Incident, version = 0): Promise<boolean> =>
  unlessRefused(table.client.send(new PutCommand(toPut(table, incident, version))));

/** Keeps an incident and the alert that tells of it, both or none; false where another run was faster. */
export const tellIncident = (table: Table, incident: Incident, alert: Alert, version = 0): Promise<boolean> =>
  recordAlert(table, alert, [{ Put: toPut(table, incident, version) }]);

function toPut({ name }: Table, incident: Incident, version: number) {
  const newest = incident.days.at(-1)?.date ?? incident.start;
  const put: TransactItem['Put'] = {
    TableName: name,
    Item: {
      pk,
      sk: incident.id,
      version: version + 1,
      incident,
      ...(incident.status !== 'open' && { expiresAt: expiresAfter(newest, retentionDays) }),
    },
    ...(version === 0
      ? { ConditionExpression: 'attribute_not_exists(pk)' }
      : {
          ConditionExpression: 'version = :version',
          ExpressionAttributeValues: { ':version': version },
        }),
  };
  return put;
}
