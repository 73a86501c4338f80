import { z } from 'zod';
import type { AwsAnomaly } from '../anomaly/aws-anomaly.ts';
import { toTime } from '../period.ts';
import type { WatchNews } from '../spend/spend-watch.ts';
import type { Alert } from './alert.ts';
import { budgetAlert } from './aws-budget.ts';
import { costAnomaly, costAnomalyAlert, toAwsAnomaly } from './aws-cost-anomaly.ts';
import { type HealthEvent, healthAlert, healthDetail, watchNewsOf } from './aws-health.ts';
import { noticeAlert } from './aws-notice.ts';
import type { AccountNames } from './spend-place.ts';

const time = z.iso.datetime({ offset: true }).transform((written) => toTime(Date.parse(written)));

const snsEvent = z.object({
  Records: z
    .array(
      z.object({
        EventSource: z.literal('aws:sns'),
        Sns: z.object({
          MessageId: z.string(),
          TopicArn: z.string(),
          Subject: z.string().nullish(),
          Message: z.string(),
          Timestamp: time,
        }),
      }),
    )
    .min(1),
});

const eventBridgeEvent = z.object({
  id: z.string(),
  'detail-type': z.string(),
  source: z.string(),
  account: z.string(),
  time,
  detail: z.record(z.string(), z.unknown()),
});

/** What AWS tells us of its own accord: through an SNS topic, several at once, or an EventBridge rule. */
export const relayedEvent = z.union([snsEvent, eventBridgeEvent], {
  error:
    'expected what SNS sends ("Records") or what EventBridge sends ("source", "detail-type", "time", "detail")',
});

export type RelayedEvent = z.infer<typeof relayedEvent>;

/** An alert that AWS made, and what beside the telling follows from it. */
export type AwsAlert = {
  alert: Alert;
  /** What Cost Anomaly Detection found. */
  anomaly?: AwsAnomaly;
  /** Whether the spend of an account is to be watched more closely. */
  watch?: WatchNews;
};

/** One alert for each thing that AWS tells. What isn't understood goes on as it is: nothing is swallowed. */
export const toAwsAlerts = (event: RelayedEvent, names: AccountNames = {}): AwsAlert[] =>
  'Records' in event ? event.Records.map(({ Sns }) => fromSns(Sns, names)) : [fromEventBridge(event, names)];

type SnsMessage = z.infer<typeof snsEvent>['Records'][number]['Sns'];

function fromSns(
  { MessageId, TopicArn, Subject, Message, Timestamp }: SnsMessage,
  names: AccountNames,
): AwsAlert {
  const document = parseJson(Message);
  const anomaly = costAnomaly.safeParse(document);
  if (anomaly.success) return fromAnomaly(anomaly.data, Timestamp, names);
  const event = eventBridgeEvent.safeParse(document); // a rule may have a topic for its target
  if (event.success) return fromEventBridge(event.data, names);
  const title = Subject?.trim() || Message.trim().split('\n', 1)[0] || 'A message without text';
  const notice = { id: MessageId, at: Timestamp, title, text: Message, from: TopicArn };
  return { alert: budgetAlert({ text: Message, at: Timestamp }, names) ?? noticeAlert(notice) };
}

function fromEventBridge(event: z.infer<typeof eventBridgeEvent>, names: AccountNames): AwsAlert {
  const { id, source, detail, account } = event;
  if (source === 'aws.ce') {
    const anomaly = costAnomaly.safeParse(detail);
    if (anomaly.success) return fromAnomaly(anomaly.data, event.time, names);
  }
  if (source === 'aws.health') {
    const health = healthDetail.safeParse(detail);
    if (health.success) return fromHealth({ account, time: event.time, detail: health.data }, names);
  }
  const title = `${event['detail-type']} from ${source}`;
  const text = JSON.stringify(detail, null, 2);
  return { alert: noticeAlert({ id, at: event.time, title, text, from: source, account }) };
}

const fromAnomaly = (anomaly: z.infer<typeof costAnomaly>, at: string, names: AccountNames): AwsAlert => ({
  alert: costAnomalyAlert(anomaly, at, names),
  anomaly: toAwsAnomaly(anomaly),
});

function fromHealth(event: HealthEvent, names: AccountNames): AwsAlert {
  const alert = healthAlert(event, names);
  const watch = watchNewsOf(event, alert);
  return { alert, ...(watch && { watch }) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // most messages are plain text
  }
}
