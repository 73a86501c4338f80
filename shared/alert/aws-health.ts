import { z } from 'zod';
import type { IsoTime } from '../period.ts';
import type { Alert } from './alert.ts';
import { alertId } from './identity.ts';

/** What AWS Health says in an EventBridge event. */
export const healthDetail = z.object({
  eventTypeCode: z.string().min(1),
  eventTypeCategory: z.string().optional(),
  eventArn: z.string().optional(),
  communicationId: z.string().optional(),
  lastUpdatedTime: z.string().optional(),
  service: z.string().optional(),
  statusCode: z.string().optional(),
  startTime: z.string().optional(),
  /** The region it is about; the event's own is where it was delivered. */
  eventRegion: z.string().optional(),
  affectedAccount: z.string().optional(),
  page: z.coerce.string().optional(),
  eventDescription: z.array(z.object({ latestDescription: z.string() })).default([]),
  affectedEntities: z.array(z.object({ entityValue: z.string() })).default([]),
});

type HealthEvent = { account: string; time: IsoTime; detail: z.infer<typeof healthDetail> };

/** AWS Health's event. It comes to several regions and more than once: its identity is the account and the communication. */
export function healthAlert({ account: receiver, time, detail }: HealthEvent): Alert {
  const account = detail.affectedAccount ?? receiver;
  const { eventTypeCode, eventRegion, eventArn, communicationId } = detail;
  const communication =
    communicationId ?? [eventArn ?? eventTypeCode, detail.lastUpdatedTime ?? time].join(' ');
  const page = detail.page === undefined || detail.page === '1' ? [] : [`page-${detail.page}`];
  return {
    id: alertId('aws-health', account, communication, ...page),
    subject: alertId('aws-health', account, eventArn ?? eventTypeCode),
    kind: 'aws-health',
    severity: severityOf(detail),
    at: time,
    title: titleOf(detail, account),
    summary: detail.eventDescription.map(({ latestDescription }) => latestDescription).join('\n\n'),
    facts: [
      { label: 'Event', value: eventTypeCode },
      ...Object.entries({
        Service: detail.service,
        Status: detail.statusCode,
        Since: detail.startTime,
        Account: account,
        Region: eventRegion,
      }).flatMap(([label, value]) => (value === undefined ? [] : [{ label, value }])),
    ],
    items: detail.affectedEntities.map(({ entityValue }) => entityValue),
    action: isExposure(detail)
      ? 'Deactivate the key now and replace it. Then see in CloudTrail what was done with it, and look in every region for instances nobody knows: stolen keys are used to run GPUs.'
      : 'See in AWS Health what is affected, and whether anything must be done by a date.',
    links: [
      {
        label: 'AWS Health',
        url: 'https://health.aws.amazon.com/health/home#/account/dashboard/open-issues',
      },
    ],
    account,
    ...(eventRegion && { region: eventRegion }),
  };
}

const isExposure = ({ eventTypeCode }: HealthEvent['detail']): boolean =>
  eventTypeCode === 'AWS_RISK_CREDENTIALS_EXPOSED';

function severityOf(detail: HealthEvent['detail']): Alert['severity'] {
  if (detail.statusCode === 'closed') return 'info';
  if (isExposure(detail) || detail.service === 'RISK' || detail.service === 'ABUSE') return 'critical';
  return detail.eventTypeCategory === 'issue' ? 'warning' : 'info';
}

function titleOf(detail: HealthEvent['detail'], account: string): string {
  if (!isExposure(detail)) return `AWS Health in ${account}: ${detail.eventTypeCode}`;
  const [key] = detail.affectedEntities;
  return `The access key ${key ? `${key.entityValue} ` : ''}of ${account} may be in the wrong hands`;
}
