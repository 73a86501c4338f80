import type { Scope } from '../spend/scope.ts';

const short: Readonly<Record<string, string>> = {
  'Amazon Elastic Compute Cloud - Compute': 'Amazon EC2',
  'Amazon Simple Storage Service': 'Amazon S3',
  'Amazon Relational Database Service': 'Amazon RDS',
};

/** As people say it, where the bill is long-winded. */
export const serviceName = (service: string): string => short[service] ?? service;

/** What a part of the spend is called: `Amazon EC2 in ml-dev`, `EUW1-TimedStorage-ByteHrs of Amazon S3`, `team search`. */
export function placeName(scope: Scope, names: Readonly<Record<string, string>> = {}): string {
  const { account, service, region, usageType, ...tags } = scope;
  const what = [usageType, service && serviceName(service)].filter(Boolean).join(' of ');
  const tagged = Object.entries(tags).map(([key, value]) => (value ? `${key} ${value}` : `no ${key}`));
  const parts = [what, ...tagged, region ?? '', account ? (names[account] ?? account) : ''].filter(Boolean);
  return parts.join(' in ') || 'All spend';
}

/** What people call the accounts, by their ids. */
export type AccountNames = Readonly<Record<string, string>>;

/** `ml-dev (210987654321)`; the id alone where nobody has named it. */
export const accountText = (account: string, names: AccountNames = {}): string =>
  names[account] ? `${names[account]} (${account})` : account;
