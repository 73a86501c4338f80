import { type AwsAlert, type RelayedEvent, toAwsAlerts } from '../alert/aws-alert.ts';
import { recordAlert } from '../store/outbox.ts';
import { expiresAfter, type Table, type TransactItem } from '../store/table.ts';

/** Ids of the alerts that are new, and of those that were told before. */
export type Relayed = { recorded: string[]; known: string[] };

/** Records what AWS tells of its own accord as our alerts: each once, however and however often AWS tells it. */
export async function relayAwsAlerts(table: Table, event: RelayedEvent): Promise<Relayed> {
  const relayed: Relayed = { recorded: [], known: [] };
  for (const awsAlert of toAwsAlerts(event)) {
    const isNew = await recordAlert(table, awsAlert.alert, growthWrite(table, awsAlert));
    relayed[isNew ? 'recorded' : 'known'].push(awsAlert.alert.id);
  }
  return relayed;
}

/** Refuses the alert unless the amount has at least doubled since it was last told, whatever order AWS delivers in. */
function growthWrite({ name }: Table, { alert, growing }: AwsAlert): TransactItem[] {
  if (growing === undefined) return [];
  const Item = {
    pk: `ALERT#${alert.subject}`,
    sk: 'GROWTH',
    amount: growing,
    expiresAt: expiresAfter(alert.at, 90),
  };
  return [
    {
      Put: {
        TableName: name,
        Item,
        ConditionExpression: 'attribute_not_exists(pk) OR amount <= :half',
        ExpressionAttributeValues: { ':half': growing / 2 },
      },
    },
  ];
}
