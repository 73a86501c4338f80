import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Feedback } from '../../shared/anomaly/feedback.ts';
import { getFeedback, putFeedback } from '../../shared/store/feedback.ts';
import type { Table } from '../../shared/store/table.ts';
import { startTable } from '../support/table.ts';

let table: Table;
let stop: () => Promise<void>;
beforeAll(async () => {
  ({ table, stop } = await startTable());
});
afterAll(() => stop());

const said = (given: Partial<Feedback> = {}): Feedback => ({
  incidentId: '210987654321/Amazon EC2/2026-11-14',
  answer: 'expected',
  scope: { account: '210987654321', service: 'Amazon EC2' },
  at: '2026-11-16T10:00:00Z',
  until: '2026-12-16',
  excess: 800,
  by: 'dana',
  ...given,
});

const kept = async (incidentId: string) =>
  (await getFeedback(table)).find((feedback) => feedback.incidentId === incidentId);

it('has nothing to say before anybody said anything', async () => {
  expect(await getFeedback(table)).toEqual([]);
});

it('comes back as it was given', async () => {
  expect(await putFeedback(table, said())).toBe(true);
  const { by, ...anonymous } = said({ incidentId: 'other', scope: {} });
  expect(await putFeedback(table, anonymous)).toBe(true);
  expect(await getFeedback(table)).toEqual([said({ by: by ?? '' }), anonymous]);
});

it('is what was said last of an incident, in whatever order it comes', async () => {
  const later = said({ incidentId: 'twice', answer: 'not-an-anomaly', at: '2026-11-17T10:00:00Z' });
  await putFeedback(table, said({ incidentId: 'twice' }));
  expect(await putFeedback(table, later)).toBe(true);
  expect(await putFeedback(table, said({ incidentId: 'twice' }))).toBe(false);
  expect(await kept('twice')).toEqual(later);
});

it('may be given twice at once, to the same effect', async () => {
  const twice = said({ incidentId: 'repeated' });
  expect(await Promise.all([putFeedback(table, twice), putFeedback(table, twice)])).toEqual([true, true]);
  expect(await kept('repeated')).toEqual(twice);
});

it('expires a month after its last day, when it has nothing more to say', async () => {
  await putFeedback(table, said({ incidentId: 'expiring' }));
  const { Item } = await table.client.send(
    new GetCommand({ TableName: table.name, Key: { pk: 'FEEDBACK', sk: 'expiring' } }),
  );
  expect(Item?.['expiresAt']).toBe(Date.parse('2027-01-15T00:00:00Z') / 1000);
});
