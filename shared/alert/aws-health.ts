import { z } from 'zod';
import { clockText, type IsoTime, toTime } from '../period.ts';
import { type WatchNews, watchDays } from '../spend/spend-watch.ts';
import type { Alert } from './alert.ts';
import { alertId } from './identity.ts';
import { type AccountNames, accountText } from './spend-place.ts';

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

export type HealthEvent = { account: string; time: IsoTime; detail: z.infer<typeof healthDetail> };

/** AWS Health's event. It comes to several regions and more than once: its identity is the account and the communication. */
export function healthAlert(event: HealthEvent, names: AccountNames = {}): Alert {
  const { time, detail } = event;
  const account = accountOf(event);
  const { eventTypeCode, eventRegion, eventArn, communicationId } = detail;
  const communication =
    communicationId ?? [eventArn ?? eventTypeCode, detail.lastUpdatedTime ?? time].join(' ');
  const page = detail.page === undefined || detail.page === '1' ? [] : [`page-${detail.page}`];
  return {
    id: alertId('aws-health', account, communication, ...page, ...(isClosed(detail) ? ['closed'] : [])),
    subject: alertId('aws-health', account, causeOf(detail)),
    kind: 'aws-health',
    severity: severityOf(detail),
    at: time,
    title: titleOf(detail, names[account] ?? account),
    summary: [
      ...detail.eventDescription.map(({ latestDescription }) => latestDescription),
      ...watchText(detail),
    ].join('\n\n'),
    facts: [
      { label: 'Event', value: eventTypeCode },
      ...Object.entries({
        Service: detail.service,
        Status: detail.statusCode,
        Since: detail.startTime && timeText(detail.startTime),
        Account: accountText(account, names),
        Region: eventRegion,
      }).flatMap(([label, value]) => (value === undefined ? [] : [{ label, value }])),
    ],
    items: detail.affectedEntities.map(({ entityValue }) => entityValue),
    action:
      isExposure(detail) && !isClosed(detail)
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

/** AWS writes it as `Mon, 16 Nov 2026 05:55:00 GMT`; what isn't a time stays as it is. */
const timeText = (time: string): string =>
  Number.isNaN(Date.parse(time)) ? time : clockText(toTime(Date.parse(time)));

const accountOf = ({ account, detail }: HealthEvent): string => detail.affectedAccount ?? account;

/** The event that all communications of it share. */
const causeOf = ({ eventArn, eventTypeCode }: HealthEvent['detail']): string => eventArn ?? eventTypeCode;

/**
 * What an event says of the watch over the spend of its account; undefined where it says nothing. Exposed credentials
 * open one, and what ends them ends it.
 */
export function watchNewsOf(event: HealthEvent, alert: Alert): WatchNews | undefined {
  const { time, detail } = event;
  if (!isExposure(detail)) return undefined;
  return {
    account: accountOf(event),
    cause: causeOf(detail),
    reason: 'Credentials of this account were exposed',
    alertId: alert.id,
    at: time,
    isClosed: isClosed(detail),
  };
}

function watchText(detail: HealthEvent['detail']): string[] {
  if (!isExposure(detail)) return [];
  return isClosed(detail)
    ? ['With that the account is watched as any other again.']
    : [`For ${watchDays} days every launch there is told, and unusual spend from $1 a day on.`];
}

const isClosed = ({ statusCode }: HealthEvent['detail']): boolean => statusCode === 'closed';

const isExposure = ({ eventTypeCode }: HealthEvent['detail']): boolean =>
  eventTypeCode === 'AWS_RISK_CREDENTIALS_EXPOSED';

function severityOf(detail: HealthEvent['detail']): Alert['severity'] {
  if (isClosed(detail)) return 'info';
  if (isExposure(detail) || detail.service === 'RISK' || detail.service === 'ABUSE') return 'critical';
  return detail.eventTypeCategory === 'issue' ? 'warning' : 'info';
}

function titleOf(detail: HealthEvent['detail'], account: string): string {
  if (!isExposure(detail)) return `AWS Health in ${account}: ${detail.eventTypeCode}`;
  const [key] = detail.affectedEntities;
  const which = `access key ${key ? `${key.entityValue} ` : ''}of ${account}`;
  return isClosed(detail)
    ? `AWS has closed the exposure of the ${which}`
    : `The ${which} may be in the wrong hands`;
}
