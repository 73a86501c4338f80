import { type Command, InvalidArgumentError } from 'commander';
import { z } from 'zod';
import { type IsoTime, toTime } from '../shared/period.ts';

/** What every command takes. */
export type CommonOptions = { format: 'text' | 'json'; now?: IsoTime; config?: string };

/** What a command that looks at an account takes: the embedded sample, or a profile of the user's own. */
export type AccountOptions = CommonOptions & { sample?: boolean; profile?: string };

export const withCommonOptions = (command: Command): Command =>
  command
    .option('--format <format>', 'text for people, json for programs', toFormat, 'text')
    .option('--now <time>', 'the time to take for now, ISO 8601', toIsoTime)
    .option('--config <file>', 'configuration (default: watchdog.yml)');

export const withAccountOptions = (command: Command): Command =>
  withCommonOptions(command)
    .option('--sample', 'the embedded sample account: no AWS, no network')
    .option('--profile <name>', 'a profile of your AWS configuration');

function toFormat(value: string): CommonOptions['format'] {
  if (value === 'text' || value === 'json') return value;
  throw new InvalidArgumentError('expected text or json');
}

/** `Date.parse` alone takes the 30th of February for a day in March. */
const isoTime = z.union([z.iso.date(), z.iso.datetime({ offset: true })]);

/** A point in time in UTC; a bare date is its first moment. */
export function toIsoTime(value: string): IsoTime {
  if (!isoTime.safeParse(value).success) {
    throw new InvalidArgumentError(
      'expected an ISO 8601 date, or a time with its zone, such as 2026-11-16T18:05:00Z',
    );
  }
  return toTime(Date.parse(value));
}

/** A billing month, `2026-11`. */
export function toMonth(value: string): string {
  if (z.iso.date().safeParse(`${value}-01`).success) return value;
  throw new InvalidArgumentError('expected a month such as 2026-11');
}

/** A whole number of days that Cost Explorer can be asked for. */
export function toDays(value: string): number {
  const days = Number(value);
  if (Number.isInteger(days) && days >= 1 && days <= 396) return days;
  throw new InvalidArgumentError('expected a whole number from 1 to 396');
}

/** Whole weeks of hours, as far back as CloudWatch keeps them. */
export function toWeeks(value: string): number {
  const weeks = Number(value);
  if (Number.isInteger(weeks) && weeks >= 2 && weeks <= 52) return weeks;
  throw new InvalidArgumentError('expected a whole number from 2 to 52');
}

export const toDollars = (value: string): number => toAmount(value, 'an amount such as 25');

export const toAlertsPerMonth = (value: string): number => toAmount(value, 'a number such as 4');

/** Not negative; what is empty is no 0. */
function toAmount(value: string, expected: string): number {
  const amount = value.trim() === '' ? Number.NaN : Number(value);
  if (amount >= 0 && Number.isFinite(amount)) return amount;
  throw new InvalidArgumentError(`expected ${expected}`);
}

/** Names between commas. */
export const toNames = (value: string): string[] =>
  value
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');

/** JSON for programs goes to standard output alone. Where that is a terminal, no text in it is obeyed. */
export const printJson = (value: unknown): void =>
  console.log(JSON.stringify(value, null, 2).replace(/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escaped));

/** As JSON's own escapes, which say the same to whoever parses it. */
const escaped = (sign: string): string =>
  Array.from({ length: sign.length }, (_, index) => sign.charCodeAt(index))
    .map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`)
    .join('');
