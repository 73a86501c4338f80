import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import type { AwsAnomaly, KnownAwsAnomaly } from '../anomaly/aws-anomaly.ts';
import type { IsoTime } from '../period.ts';
import { expiresAfter, queryAll, type Table, type TransactItem } from './table.ts';

const pk = 'AWS-ANOMALIES';

/** Cost Anomaly Detection forgets its own after 90 days (GetAnomalies). */
const retentionDays = 90;

const text = z.string();
const stored = z.object({
  anomaly: z.object({
    anomalyId: text,
    places: z.array(z.record(text, text)),
    start: text.exactOptional(),
    end: text.exactOptional(),
    impact: z.number(),
    link: text.exactOptional(),
  }),
  at: text,
  toldAt: text.exactOptional(),
});

/** What Cost Anomaly Detection has told in the last 90 days, whether we told it too or not. */
export async function getAwsAnomalies(table: Table): Promise<KnownAwsAnomaly[]> {
  const kept = await queryAll(table, { pk, item: stored });
  return kept.map(({ anomaly, ...rest }) => ({ ...anomaly, ...rest }));
}

/** Remembers an anomaly that an incident of ours has told already. Harmless when repeated. */
export async function noteAwsAnomaly(
  { client, name }: Table,
  anomaly: AwsAnomaly,
  at: IsoTime,
): Promise<void> {
  await client.send(new UpdateCommand(noteOf(name, anomaly, at)));
}

/** Remembers an anomaly, for a transaction with the alert that tells of it. */
export const toldAnomalyWrite = ({ name }: Table, anomaly: AwsAnomaly, at: IsoTime): TransactItem => {
  const note = noteOf(name, anomaly, at);
  return {
    Update: {
      ...note,
      UpdateExpression: `${note.UpdateExpression}, toldAt = if_not_exists(toldAt, :at)`,
    },
  };
};

const noteOf = (name: string, anomaly: AwsAnomaly, at: IsoTime) => ({
  TableName: name,
  Key: { pk, sk: anomaly.anomalyId },
  UpdateExpression: 'SET anomaly = :anomaly, #at = :at, expiresAt = :expiresAt',
  ExpressionAttributeNames: { '#at': 'at' },
  ExpressionAttributeValues: {
    ':anomaly': anomaly,
    ':at': at,
    ':expiresAt': expiresAfter(at, retentionDays),
  },
});
