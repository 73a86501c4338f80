import type { IsoTime } from '../shared/period.ts';
import { clockTime } from '../shared/schedule/clock.ts';
import { type KeepWish, parseKeepFor } from '../shared/schedule/keep.ts';
import { schedulableKey } from '../shared/schedule/schedulable.ts';
import { targetName } from '../shared/target.ts';
import { instanceClients } from '../shared/watch/instance-clients.ts';
import { answerWish, type Found, findScheduled, keepRunning, stopNow, zoneOf } from '../shared/watch/keep.ts';
import { InputError } from './input-error.ts';
import { type AccountOptions, printJson } from './options.ts';
import { progress } from './progress.ts';
import { openSession, type Session } from './session.ts';
import { print, printable } from './terminal.ts';

type KeepOptions = AccountOptions & { for?: string; until?: string };

/** `keep`: sets the keep-until tag of what carries a schedule tag, so that no run stops it before then. */
export async function keepCommand(ids: readonly string[], options: KeepOptions): Promise<void> {
  const wish = toWish(options);
  const session = await openSession(options);
  try {
    // All or none: what can't be meant of one is told before anything is tagged.
    const found = (await findAll(session, ids)).map((each) => ({
      each,
      ...keepingAsked(each, wish, options),
    }));
    for (const { each, until, isKeptAlready } of found) {
      if (!isKeptAlready) await keepRunning(each, until);
      if (options.format === 'text') print(`  ${keptText(each, until, isKeptAlready, session)}`);
    }
    if (options.format === 'json') {
      printJson(found.map(({ each, until }) => ({ ...placeOf(each), until })));
    }
  } finally {
    await session.close();
  }
}

/** Until when it is kept; an InputError where it can't be, or the wish is no time to come. */
function keepingAsked(each: Found, wish: KeepWish, options: KeepOptions) {
  const keeping = answerWish(each, wish);
  if (keeping === undefined) throw new InputError(wishFault(options));
  if ('refusal' in keeping) throw new InputError(`${each.subject.name} ${keeping.refusal}`);
  return keeping;
}

function keptText(
  { subject }: Found,
  until: IsoTime,
  isKeptAlready: boolean,
  { config, now }: Pick<Session, 'config' | 'now'>,
): string {
  const zone = zoneOf(subject, config);
  const time = `${clockTime(until, zone, now)} ${zone}${isKeptAlready ? ' already' : ''}`;
  const tag = isKeptAlready ? '' : ` (${config.tags.keepUntil} = ${until})`;
  const down = subject.state === 'stopped' ? '; it is stopped now, and this does not start it' : '';
  return `${printable(subject.name)} is kept until ${time}${tag}${down}`;
}

function toWish(options: KeepOptions): KeepWish {
  if ((options.for === undefined) === (options.until === undefined)) {
    throw new InputError('keep: expected --for or --until, e.g. --for 4h, or --until tomorrow');
  }
  if (options.until !== undefined) return { until: options.until };
  const minutes = parseKeepFor(options.for ?? '');
  if (minutes === undefined) throw new InputError(wishFault(options));
  return { minutes };
}

const wishFault = ({ for: length, until }: KeepOptions): string =>
  until === undefined
    ? `--for "${length}": expected minutes, hours or days up to 31 days, e.g. 30m, 4h or 2d`
    : `--until "${until}": expected "tomorrow", or a date or time to come within 31 days, e.g. 2026-11-17T08:00`;

type StopNowOptions = AccountOptions & { by?: string };

/** `stop-now`: lets the next run make a stop that was announced, without waiting for the end of its grace period. */
export async function stopNowCommand(ids: readonly string[], options: StopNowOptions): Promise<void> {
  const session = await openSession(options);
  try {
    const { table } = session;
    if (table === undefined) {
      throw new InputError(
        'no table: name it in TABLE_NAME; it is the output TableName of the stack (or try --sample)',
      );
    }
    const asked: object[] = [];
    for (const each of await findAll(session, ids)) {
      const isTaken = await stopNow(table, each, options.by ?? 'somebody on the command line', session.now);
      if (!isTaken) {
        throw new InputError(`${each.subject.name}: no stop of it is announced that could come sooner`);
      }
      asked.push(placeOf(each));
      if (options.format === 'text') {
        print(
          `  ${printable(each.subject.name)} is stopped with the next run, if its gates are still open by then`,
        );
      }
    }
    if (options.format === 'json') printJson(asked);
  } finally {
    await session.close();
  }
}

const placeOf = ({ subject: { account, region, kind, id, name } }: Found) => ({
  account,
  region,
  kind,
  id,
  name,
});

/** Everything that was named, each once; an InputError for what isn't there, or is there twice. Nothing is changed before. */
async function findAll({ targets, config, now, table }: Session, ids: readonly string[]): Promise<Found[]> {
  const wanted = new Set(ids);
  const found: Found[] = [];
  for (const [index, target] of targets.entries()) {
    progress(`${targetName(target)} (${index + 1} of ${targets.length})`);
    const clients = { ...instanceClients(target), table };
    found.push(...(await findScheduled(clients, target, config, now, wanted)));
  }
  progress();
  return [...wanted].map((id) => onlyOne(id, found, targets.length, config.tags.schedule));
}

function onlyOne(id: string, found: readonly Found[], targets: number, key: string): Found {
  const named = found.filter(({ subject }) =>
    [subject.id, subject.name, schedulableKey(subject)].includes(id),
  );
  const [first, ...others] = named;
  if (first === undefined) {
    const where = targets === 1 ? '1 target' : `${targets} targets`;
    throw new InputError(`no "${id}" with the tag "${key}" in ${where}: watchdog plan lists what has it`);
  }
  if (others.length > 0) {
    const places = named.map(({ subject, target }) => `${subject.id} (${targetName(target)})`);
    throw new InputError(`"${id}" is the name of ${named.length}: name one by its id: ${places.join('; ')}`);
  }
  return first;
}
