import { z } from 'zod';
import { toTime } from '../period.ts';
import type { Alert } from './alert.ts';
import { budgetAlert } from './aws-budget.ts';
import { costAnomaly, costAnomalyAlert } from './aws-cost-anomaly.ts';
import { healthAlert, healthDetail } from './aws-health.ts';
import { noticeAlert } from './aws-notice.ts';

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

/** An alert that AWS made. `growing` is the amount by which a later one about the same subject is measured. */
export type AwsAlert = { alert: Alert; growing?: number };

/** One alert for each thing that AWS tells. What isn't understood goes on as it is: nothing is swallowed. */
export const toAwsAlerts = (event: RelayedEvent): AwsAlert[] =>
  'Records' in event ? event.Records.map(({ Sns }) => fromSns(Sns)) : [fromEventBridge(event)];

type SnsMessage = z.infer<typeof snsEvent>['Records'][number]['Sns'];

function fromSns({ MessageId, TopicArn, Subject, Message, Timestamp }: SnsMessage): AwsAlert {
  const document = parseJson(Message);
  const anomaly = costAnomaly.safeParse(document);
  if (anomaly.success) return fromAnomaly(anomaly.data, Timestamp);
  const event = eventBridgeEvent.safeParse(document); // a rule may have a topic for its target
  if (event.success) return fromEventBridge(event.data);
  const title = Subject?.trim() || Message.trim().split('\n', 1)[0] || 'A message without text';
  const notice = { id: MessageId, at: Timestamp, title, text: Message, from: TopicArn };
  return { alert: budgetAlert({ text: Message, at: Timestamp }) ?? noticeAlert(notice) };
}

function fromEventBridge(event: z.infer<typeof eventBridgeEvent>): AwsAlert {
  const { id, source, detail, account } = event;
  if (source === 'aws.ce') {
    const anomaly = costAnomaly.safeParse(detail);
    if (anomaly.success) return fromAnomaly(anomaly.data, event.time);
  }
  if (source === 'aws.health') {
    const health = healthDetail.safeParse(detail);
    if (health.success) return { alert: healthAlert({ account, time: event.time, detail: health.data }) };
  }
  const title = `${event['detail-type']} from ${source}`;
  const text = JSON.stringify(detail, null, 2);
  return { alert: noticeAlert({ id, at: event.time, title, text, from: source, account }) };
}

const fromAnomaly = (anomaly: z.infer<typeof costAnomaly>, at: string): AwsAlert => ({
  alert: costAnomalyAlert(anomaly, at),
  growing: anomaly.impact.totalImpact,
});

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // most messages are plain text
  }
}
