import { DeleteCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import type { IsoTime } from '../period.ts';
import { expiresAfter, queryAll, type Table, type TransactItem } from './table.ts';

const pk = 'FOLLOW-UPS';

const followUp = z.object({
  due: z.string(),
  /** `escalate` and `remind` are about a problem's subject, `release` about what is held back for a destination. */
  what: z.enum(['escalate', 'remind', 'release']),
  about: z.string(),
});

/** Something to look at again at a time. */
export type FollowUp = z.infer<typeof followUp>;

/** Keeps a follow-up; the same one again is the same. */
export async function putFollowUp({ client, name }: Table, given: FollowUp): Promise<void> {
  const Item = { ...keyOf(given), ...given, expiresAt: expiresAfter(given.due, 30) };
  await client.send(new PutCommand({ TableName: name, Item }));
}

/** What is due by a time, the oldest first. */
export const dueFollowUps = async (table: Table, now: IsoTime): Promise<FollowUp[]> => {
  // Their keys begin with the time: what comes later isn't read.
  const due = await queryAll(table, { pk, upTo: `${now}~`, item: followUp, isConsistent: true });
  return due.filter((one) => Date.parse(one.due) <= Date.parse(now));
};

/** Ends a follow-up, in one transaction with what it came to. */
export const endFollowUpWrite = ({ name }: Table, given: FollowUp): TransactItem => ({
  Delete: { TableName: name, Key: keyOf(given) },
});

/** Ends a follow-up that came to nothing, or to what a later run finds done. */
export async function endFollowUp(table: Table, given: FollowUp): Promise<void> {
  await table.client.send(new DeleteCommand({ TableName: table.name, Key: keyOf(given) }));
}

const keyOf = ({ due, what, about }: FollowUp) => ({ pk, sk: `${due}#${what}#${about}` });
