import { definedOf } from '../defined.ts';
import type { Alert } from './alert.ts';
import type { PressName } from './button.ts';
import { watchdogCommand } from './command.ts';
import { alertId } from './identity.ts';
import type { Press } from './press.ts';

/** What became of one thing that a warning listed; `text` without its name. */
export type WarningResult = { id: string; name: string; isDone: boolean; text: string };

type Answered = {
  warning: Alert;
  press: Pick<Press, 'id' | 'user' | 'at' | 'button'>;
  results: readonly WarningResult[];
  /** The key of the tag that protects until a time. */
  keepUntilTag: string;
};

/** Says in the thread of a warning who has done what about it, and what became of it, one by one: once for each press. */
export function warningAnswerAlert({ warning, press, results, keepUntilTag }: Answered): Alert {
  const { subject, kind, account, region, owner, team, to } = warning;
  const { id, user, at, button } = press;
  const done = results.filter(({ isDone }) => isDone);
  const isStop = button === 'stop-now';
  return {
    id: alertId(subject, button, id),
    subject,
    kind,
    severity: done.length < results.length ? 'warning' : 'info',
    at,
    title: headline(button, user.name, results, done),
    summary: done.length === 0 ? 'The warning stands as it was.' : isStop ? stopping : keeping(keepUntilTag),
    facts: [{ label: 'Pressed by', value: `${user.name} (${user.id})` }],
    items: results.map(({ name, id: own, text }) => `${name === own ? name : `${name} (${own})`} ${text}`),
    action: done.length === 0 ? '' : isStop ? keepingAfterAll(done) : stoppingAfterAll(keepUntilTag),
    links: [],
    ...definedOf({ account, region, owner, team, to }),
    by: user.id,
    inThreadOf: warning.id,
  };
}

const verbs: Readonly<Partial<Record<PressName, string>>> = {
  'keep-2h': 'Kept for 2 h',
  'keep-one': 'Kept for 2 h',
  'keep-until-tomorrow': 'Kept until tomorrow',
  'stop-now': 'To be stopped now',
};

function headline(
  button: PressName,
  name: string,
  results: readonly WarningResult[],
  done: readonly WarningResult[],
): string {
  const verb = verbs[button] ?? button;
  if (done.length === 0) return `Nothing is done, though ${name} pressed it: ${verb.toLowerCase()}`;
  const [only] = done;
  const what =
    only && results.length === 1
      ? only.name
      : done.length === results.length
        ? `all ${done.length}`
        : `${done.length} of ${results.length}`;
  return `${verb} by ${name}: ${what}`;
}

const keeping = (tag: string): string =>
  `The tag ${tag} says so, and the warning is void for what carries it. After that time its hours count again, with a new warning before a stop.`;

const stopping =
  'The next run makes the stop without waiting for the end of the grace period, if nothing speaks against it by then.';

const stoppingAfterAll = (tag: string): string => `To let it stop sooner, remove the tag ${tag}.`;

/** What one command names: more would be longer than people paste. */
const maxIds = 10;

function keepingAfterAll(done: readonly WarningResult[]): string {
  const ids = done.map(({ id }) => id).slice(0, maxIds);
  const command = watchdogCommand('keep', ...ids, '--for', '2h');
  return command === undefined
    ? 'To keep it after all, set its keep-until tag.'
    : `To keep ${done.length === 1 ? 'it' : 'them'} after all:\n${command}`;
}
