import type { Alert } from '../alert/alert.ts';
import { chosenOf } from '../alert/button.ts';
import type { Press } from '../alert/press.ts';
import { type WarningResult, warningAnswerAlert } from '../alert/warning-answer.ts';
import type { Config } from '../config.ts';
import { clockTime } from '../schedule/clock.ts';
import { type KeepWish, keepUntilTime } from '../schedule/keep.ts';
import { schedulableKey } from '../schedule/schedulable.ts';
import { recordAlert } from '../store/outbox.ts';
import { getPress, pressWrite, putPress } from '../store/presses.ts';
import { getScheduleRecords, requestStop } from '../store/schedule-records.ts';
import type { Table } from '../store/table.ts';
import { findTarget, type Target } from '../target.ts';
import type { PressOutcome } from './answer-problem.ts';
import { instanceClients } from './instance-clients.ts';
import { answerWish, type Found, findScheduledIn, keepRunning, zoneOf } from './keep.ts';

type Services = { table: Table; config: Config; targets: readonly Target[] };

/** What of a warning a press is about. */
type Listed = NonNullable<Alert['schedulables']>[number];

/**
 * Keeps running what a warning lists, or has it stopped without waiting, and says in the warning's thread what became of
 * each; refused where nothing of it is about to be stopped any more. What was about to be when the press was begun is kept
 * with it: a second try knows it, though the first one has made the warning void.
 */
export async function actOnWarning(
  services: Services,
  press: Press,
  warning: Alert,
  begun: readonly string[] | undefined,
): Promise<PressOutcome> {
  const { table, config, targets } = services;
  const target = findTarget(targets, warning.account ?? '', warning.region ?? '');
  if (target === undefined) return { refusal: 'This account and region is not watched any more.' };
  const listed = press.button === 'keep-one' ? listedAs(warning, press.choice) : (warning.schedulables ?? []);
  const pending = begun ?? (await pendingOf(table, target, warning, listed));
  const wanted = listed.filter(({ key }) => pending.includes(key));
  if (wanted.length === 0) return { refusal: over(warning, listed) };
  if (begun === undefined && !(await putPress(table, press, { state: 'begun', pending }))) {
    return { known: true };
  }
  const results =
    press.button === 'stop-now'
      ? await stopAll(table, target, press, wanted)
      : await keepAll(services, target, press, wanted);
  const keepUntilTag = config.tags.keepUntil;
  const told = warningAnswerAlert({ warning, press, results, keepUntilTag });
  if (await recordAlert(table, told, [pressWrite(table, press, { state: 'done' })])) {
    return { alertId: told.id };
  }
  const known = await getPress(table, press.id);
  if (known?.state === 'done') return { known: true };
  throw new Error(`The answer to ${warning.id} could not be recorded`);
}

function listedAs(warning: Alert, choice: string | undefined): Listed[] {
  const chosen = chosenOf(warning, choice);
  return chosen ? [chosen] : [];
}

const over = ({ schedulables = [] }: Alert, listed: readonly Listed[]): string =>
  listed.length === 0
    ? 'That is not in the list of this warning.'
    : `This warning is over: ${schedulables.length === 1 ? 'it was stopped, or is kept' : 'they were stopped, or are kept'}, or another one has followed.`;

/** What this warning, and no later one, is still out for. */
async function pendingOf(
  table: Table,
  target: Target,
  { id }: Alert,
  listed: readonly Listed[],
): Promise<string[]> {
  const records = await getScheduleRecords(table, target);
  const isPending = (key: string) => {
    const { warning } = records.get(key) ?? {};
    return warning?.alertId === id && warning.observed !== true;
  };
  return listed.map(({ key }) => key).filter(isPending);
}

/** The stops are for the next run to make, which passes every gate again: here they are only asked for. */
async function stopAll(
  table: Table,
  target: Target,
  press: Press,
  wanted: readonly Listed[],
): Promise<WarningResult[]> {
  const results: WarningResult[] = [];
  for (const { key, id, name } of wanted) {
    const isTaken = await requestStop(table, target, key, { at: press.at, by: press.user.name });
    results.push({
      id,
      name,
      ...(isTaken
        ? { isDone: true, text: 'is stopped with the next run' }
        : await since(table, target, key, press)),
    });
  }
  return results;
}

/** What has become of something whose warning is no longer out: it was stopped after the press, or it stays. */
async function since(table: Table, target: Target, key: string, { at }: Press): Promise<Kept> {
  const { stoppedAt } = (await getScheduleRecords(table, target)).get(key) ?? {};
  return stoppedAt !== undefined && Date.parse(stoppedAt) >= Date.parse(at)
    ? { isDone: true, text: 'is stopped' }
    : { isDone: false, text: 'has no stop announced any more' };
}

const wishes: Readonly<Partial<Record<Press['button'], KeepWish>>> = {
  'keep-2h': { minutes: 120 },
  'keep-one': { minutes: 120 },
  'keep-until-tomorrow': { until: 'tomorrow' },
};

async function keepAll(
  { table, config }: Services,
  target: Target,
  { button, at }: Press,
  wanted: readonly Listed[],
): Promise<WarningResult[]> {
  const wish = wishes[button];
  if (wish === undefined) throw new Error(`${button} keeps nothing`);
  const clients = { ...instanceClients(target), table };
  const keys = new Set(wanted.map(({ key }) => key));
  const { found, gaps } = await findScheduledIn(clients, target, config, at, keys);
  // By their keys alone: something else may have one of these ids for its name.
  const byKey = new Map(found.map((each) => [schedulableKey(each.subject), each]));
  const gap = gaps.map(({ what, why }) => `${what}: ${why}`).join('; ');
  const results: WarningResult[] = [];
  for (const { key, id, name } of wanted) {
    const each = byKey.get(key);
    results.push({ id, name, ...(each ? await keep(each, wish) : missing(gap)) });
  }
  return results;
}

type Kept = Pick<WarningResult, 'isDone' | 'text'>;

/** Whether what isn't found is gone can be told only where everything could be listed. */
const missing = (gap: string): Kept => ({
  isDone: false,
  text:
    gap === ''
      ? 'is not there any more, or has lost its schedule tag: nothing stops it'
      : `was not found, and not everything could be looked at (${gap})`,
});

async function keep(each: Found, wish: KeepWish): Promise<Kept> {
  const { subject, context } = each;
  const keeping = answerWish(each, wish);
  if (keeping === undefined) return { isDone: false, text: 'is not kept: that time is over already' };
  if ('refusal' in keeping) return { isDone: false, text: keeping.refusal };
  const { until, isKeptAlready } = keeping;
  if (!isKeptAlready) {
    const fault = await keepRunning(each, until).then(
      () => undefined,
      (error: Error) => error.message,
    );
    if (fault !== undefined) return { isDone: false, text: `could not be kept: ${fault}` };
  }
  const zone = zoneOf(subject, context.config);
  // A second try finds what the first one has set.
  const already = isKeptAlready && until !== keepUntilTime(wish, zone, context.now) ? ' already' : '';
  const down = subject.state === 'running' || subject.state === 'starting' ? '' : downText;
  return {
    isDone: true,
    text: `is kept until ${clockTime(until, zone, context.now)} ${zone}${already}${down}`,
  };
}

const downText = ', but is stopped already, and this does not start it';
