import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { answers, type Feedback } from '../anomaly/feedback.ts';
import { expiresAfter, queryAll, type Table, type TransactItem, unlessRefused } from './table.ts';

const pk = 'FEEDBACK';

/** Days that it is kept beyond its last one: what goes on after a plan is told of the plan. */
const keptDays = 30;

const stored = z.object({
  feedback: z.object({
    incidentId: z.string(),
    answer: z.enum(answers),
    scope: z.record(z.string(), z.string()),
    at: z.string(),
    until: z.string(),
    excess: z.number(),
    by: z.string().exactOptional(),
    reason: z.string().exactOptional(),
  }),
});

/** What was said of incidents, one answer each; some of it may no longer hold. */
export async function getFeedback(table: Table): Promise<Feedback[]> {
  const kept = await queryAll(table, { pk, item: stored, isConsistent: true });
  return kept.map(({ feedback }) => feedback);
}

/** Keeps an answer in place of an earlier one to the same incident; false where a later one is there already. */
export const putFeedback = (table: Table, feedback: Feedback): Promise<boolean> =>
  unlessRefused(table.client.send(new PutCommand(feedbackWrite(table, feedback).Put)));

/** The same as a write of a transaction, with what tells of it. */
export const feedbackWrite = (
  { name }: Table,
  feedback: Feedback,
): { Put: NonNullable<TransactItem['Put']> } => ({
  Put: {
    TableName: name,
    Item: {
      pk,
      sk: feedback.incidentId,
      feedback,
      expiresAt: expiresAfter(feedback.until, keptDays),
    },
    ConditionExpression: 'attribute_not_exists(pk) OR feedback.#at <= :at',
    ExpressionAttributeNames: { '#at': 'at' },
    ExpressionAttributeValues: { ':at': feedback.at },
  },
});
