import { QueryCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { incidentAlert } from '../../shared/alert/incident-alert.ts';
import { getIncidents, putIncident, tellIncident } from '../../shared/store/incidents.ts';
import { countSpendRequest, getJudgedThrough, putJudgedThrough } from '../../shared/store/spend-state.ts';
import type { Table } from '../../shared/store/table.ts';
import { expired } from '../support/cause.ts';
import { incidentOf } from '../support/incident.ts';
import { startTable } from '../support/table.ts';

let table: Table;
let stop: () => Promise<void>;
beforeAll(async () => {
  ({ table, stop } = await startTable());
});
afterAll(() => stop());

const at = '2026-11-16T06:00:00Z';
const waiting = async (id: string) => {
  const { Items = [] } = await table.client.send(
    new QueryCommand({
      TableName: table.name,
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': 'OUTBOX' },
    }),
  );
  return Items.filter((item) => String(item['sk']).includes(id)).length;
};

const suspect = {
  instanceId: 'i-0d4e7b1c93fa26501',
  instanceType: 'p4d.24xlarge',
  launchTime: '2026-11-13T16:20:00Z',
  startedBy: 'ml-engineer/dana',
  hourlyRate: 32.77,
};

describe('incidents in the table', () => {
  it('come back as they were, with the version that the next write needs', async () => {
    const incident = incidentOf({
      id: 'whole',
      cause: { ...expired, suspects: [suspect] },
    });
    expect(await putIncident(table, incident)).toBe(true);
    expect((await getIncidents(table)).get('whole')).toEqual(
      expect.objectContaining({ incident, version: 1 }),
    );
    expect(await putIncident(table, { ...incident, impact: 7 }, 1)).toBe(true);
    expect((await getIncidents(table)).get('whole')?.incident.impact).toBe(7);
  });

  it('are written by the faster one of two runs', async () => {
    const incident = incidentOf({ id: 'raced' });
    const both = await Promise.all([putIncident(table, incident), putIncident(table, incident)]);
    expect(both.toSorted()).toEqual([false, true]);
  });

  it('are told once, however many runs see them', async () => {
    const incident = incidentOf({ id: 'told' });
    const alert = incidentAlert(incident, { change: 'opened', at });
    const both = await Promise.all([
      tellIncident(table, incident, alert),
      tellIncident(table, incident, alert),
    ]);
    expect(both.toSorted()).toEqual([false, true]);
    expect(await tellIncident(table, incident, alert, 1)).toBe(false);
    expect(await waiting('told')).toBe(1);
  });

  it('are not told where they could not be kept', async () => {
    const incident = incidentOf({ id: 'overtaken' });
    await putIncident(table, incident);
    const alert = incidentAlert(incident, { change: 'opened', at });
    expect(await tellIncident(table, incident, alert, 7)).toBe(false);
    expect(await waiting('overtaken')).toBe(0);
  });
});

describe('the state of the spend watch', () => {
  it('never goes back', async () => {
    expect(await getJudgedThrough(table)).toBeUndefined();
    await putJudgedThrough(table, '2026-11-13');
    await putJudgedThrough(table, '2026-11-10');
    expect(await getJudgedThrough(table)).toBe('2026-11-13');
  });

  it('counts the requests of a day up to its cap, and says what to do beyond it', async () => {
    for (let request = 0; request < 3; request++) await countSpendRequest(table, at, 3);
    await expect(countSpendRequest(table, at, 3)).rejects.toThrow(
      'All 3 Cost Explorer requests of 2026-11-16 are used up ($0.01 each): raise spend.dailyRequestCap',
    );
    await expect(countSpendRequest(table, '2026-11-17T06:00:00Z', 3)).resolves.toBeUndefined();
  });
});
