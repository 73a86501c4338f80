import type { IsoTime } from '../period.ts';
import type { Alert } from './alert.ts';
import { alertId } from './identity.ts';

/** Something AWS said that isn't understood here: nobody knows how important it is, so that it goes on as it is. */
export type Notice = { id: string; at: IsoTime; title: string; text: string; from: string; account?: string };

export function noticeAlert({ id, at, title, text, from, account }: Notice): Alert {
  const subject = alertId('aws-notice', id);
  return {
    id: subject,
    subject,
    kind: 'aws-notice',
    severity: 'info',
    at,
    title,
    summary: text,
    facts: [{ label: 'From', value: from }],
    items: [],
    action: '',
    links: [],
    ...(account && { account }),
  };
}
