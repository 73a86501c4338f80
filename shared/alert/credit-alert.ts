import type { EndedCredit } from '../anomaly/credit.ts';
import { formatMoney } from '../money.ts';
import type { IsoTime } from '../period.ts';
import type { Alert } from './alert.ts';
import { dayName } from './day.ts';
import { alertId } from './identity.ts';
import { serviceName } from './spend-place.ts';

type Told = { service: string; currency: string; at: IsoTime };

/** Says that a credit ran out: the same usage, and more to pay; once for each. */
export function creditAlert({ endedOn, perDay, usage }: EndedCredit, { service, currency, at }: Told): Alert {
  const subject = alertId('credit', service, endedOn);
  const money = (amount: number) => formatMoney(amount, currency);
  const name = serviceName(service);
  return {
    id: alertId(subject, 'ended'),
    subject,
    kind: 'spend-anomaly',
    severity: 'info',
    at,
    title: `${name}: credit ended on ${dayName(endedOn)}, ${money(perDay)} a day more to pay`,
    summary: `The credit that took ${money(perDay)} a day off ${name} is gone since ${dayName(endedOn)}. Usage is what it was: ${money(usage.after)} a day after ${money(usage.before)}. Nothing leaks; the bill rises all the same.`,
    facts: [
      { label: 'Service', value: service },
      { label: 'Usage', value: `${money(usage.after)} a day after ${money(usage.before)}` },
      { label: 'More to pay', value: `${money(perDay)} a day, ${money(perDay * 30)} a month` },
    ],
    items: [],
    action:
      'Look in the Billing console under Credits whether it was used up or has expired, and plan for the full price. Nothing has to be stopped.',
    links: [
      {
        label: 'Credits in the Billing console',
        url: 'https://console.aws.amazon.com/billing/home#/credits',
      },
    ],
  };
}
