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

/** JSON for programs goes to standard output alone. */
export const printJson = (value: unknown): void => console.log(JSON.stringify(value, null, 2));
