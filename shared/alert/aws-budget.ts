import type { IsoTime } from '../period.ts';
import type { Alert } from './alert.ts';
import { alertId } from './identity.ts';
import { type AccountNames, accountText } from './spend-place.ts';

/** A message that was published through SNS. */
export type PublishedText = { text: string; at: IsoTime };

/**
 * The alert of AWS Budgets, which comes as text alone; undefined where the text is another one. Its identity is the
 * budget, the threshold and the period, so that the same crossing is told once.
 */
export function budgetAlert({ text, at }: PublishedText, names: AccountNames = {}): Alert | undefined {
  const fields = fieldsOf(text);
  const name = fields.get('Budget Name');
  const type = fields.get('Alert Type');
  const threshold = fields.get('Alert Threshold')?.replace(/^>\s*/, '');
  if (name === undefined || type === undefined || threshold === undefined) return undefined;
  const account = /\bAWS Account (\d{12})\b/.exec(text)?.[1];
  const limit = fields.get('Budgeted Amount');
  const reached = fields.get(`${type} Amount`);
  const subject = alertId('aws-budget', account ?? 'unknown account', name);
  const isForecast = type === 'FORECASTED';
  return {
    id: alertId(subject, type, threshold, periodOf(text, at)),
    subject,
    kind: 'aws-budget',
    severity: !isForecast && isOver(reached, limit) ? 'critical' : 'warning',
    at,
    title: `Budget "${name}": ${reached ?? 'more'} ${isForecast ? 'forecast' : 'spent'}, over the threshold of ${threshold}`,
    summary: isForecast
      ? 'AWS Budgets expects it to be exceeded by the end of its period.'
      : 'AWS Budgets has found it exceeded in its period. The figure lags by up to a day.',
    facts: [
      { label: 'Budget', value: name },
      ...Object.entries({
        Limit: limit,
        Threshold: threshold,
        [isForecast ? 'Forecast' : 'Actual']: reached,
        'Share of the limit': shareOf(reached, limit),
        Account: account && accountText(account, names),
      }).flatMap(([label, value]) => (value === undefined ? [] : [{ label, value }])),
    ],
    items: [],
    action: isForecast
      ? 'See what grows before the money is spent, or raise the budget where the growth is meant.'
      : 'See what costs most, stop what nobody needs, or raise the budget where the spend is meant.',
    links: [{ label: 'AWS Budgets', url: 'https://console.aws.amazon.com/billing/home#/budgets' }],
    ...(account && { account }),
  };
}

/** The `Key: value` lines. A name may hold colons of its own, and may not pass for a later line. */
function fieldsOf(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const [, key, value] = /^([A-Z][A-Za-z ]+?):\s+(.+?)\s*$/.exec(line) ?? [];
    if (key !== undefined && value !== undefined && !fields.has(key)) fields.set(key, value);
  }
  return fields;
}

/** The month that the notification dates itself to, or the day where the budget is a daily one. */
function periodOf(text: string, at: IsoTime): string {
  const written = /AWS Budget Notification ([A-Z][a-z]+ \d{1,2}, \d{4})/.exec(text)?.[1];
  const time = Date.parse(`${written} UTC`);
  const date = Number.isNaN(time) ? at : new Date(time).toISOString();
  return date.slice(0, /for the current day\b/.test(text) ? 10 : 7);
}

/** `$1,234.56` in dollars; undefined for anything else, such as hours or another currency. */
function toUsd(amount: string | undefined): number | undefined {
  const [, digits] = /^\$([\d,]+(?:\.\d+)?)$/.exec(amount ?? '') ?? [];
  return digits === undefined ? undefined : Number(digits.replaceAll(',', ''));
}

function isOver(reached: string | undefined, limit: string | undefined): boolean {
  const [one, other] = [toUsd(reached), toUsd(limit)];
  return one !== undefined && other !== undefined && one >= other;
}

function shareOf(reached: string | undefined, limit: string | undefined): string | undefined {
  const [one, other] = [toUsd(reached), toUsd(limit)];
  return one === undefined || !other ? undefined : `${Math.round((one / other) * 100)} %`;
}
