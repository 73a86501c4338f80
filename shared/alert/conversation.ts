import type { Usd } from '../money.ts';
import type { IsoTime } from '../period.ts';
import type { Alert } from './alert.ts';

/** Who said something, and when: `by` is a user's id in Slack, or a name. */
type Said = { at: IsoTime; by: string };

/** What is known of a problem after all that was told of it, and all that was answered. */
export type Conversation = Pick<
  Alert,
  'subject' | 'kind' | 'severity' | 'title' | 'account' | 'owner' | 'team'
> & {
  /** Counts its changes: what shows an older one is to be updated. */
  version: number;
  isOpen: boolean;
  openedAt: IsoTime;
  /** When the newest news of it came, and in which alert. */
  at: IsoTime;
  alertId: string;
  costPerDay?: Usd;
  acknowledged?: Said;
  /** Told again then, or when it has doubled since. */
  snoozed?: Said & { until: IsoTime; costPerDay?: Usd };
  answered?: Said & { answer: 'expected' | 'not-an-anomaly'; until: IsoTime; reason?: string };
  escalatedAt?: IsoTime;
};

/** Whether nobody wants to hear of it just now. */
export const isSnoozed = ({ snoozed }: Conversation, now: IsoTime): boolean =>
  snoozed !== undefined && Date.parse(now) < Date.parse(snoozed.until);

/** Whether somebody has said that it is fine, and for so long. */
export const isAnswered = ({ answered }: Pick<Conversation, 'answered'>, now: IsoTime): boolean =>
  answered !== undefined && Date.parse(now) < Date.parse(answered.until);

/** Whether it costs at least twice what it did when it was snoozed; false where one of the two isn't known. */
export const hasDoubled = ({ snoozed }: Conversation, { costPerDay }: Pick<Alert, 'costPerDay'>): boolean =>
  snoozed?.costPerDay !== undefined && costPerDay !== undefined && costPerDay >= 2 * snoozed.costPerDay;
