/** A word that a shell takes as it is: nothing in it quotes, expands, or passes for an option. */
const plainWord = /^[A-Za-z0-9][\w.:/=,-]*$/;

/**
 * A command of the AWS CLI to be pasted. What came from outside goes into it only where it is a plain word; undefined
 * where one of the values isn't, or is missing.
 */
export function awsCommand(
  operation: string,
  region: string,
  values: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const options = Object.entries({ region, ...values });
  if (!options.every(([, value]) => value !== undefined && plainWord.test(value))) return undefined;
  return `aws ${operation} ${options.map(([name, value]) => `--${name} ${value}`).join(' ')}`;
}

/**
 * A command of the watchdog's own to be pasted in its project, by the same rule.
 */
export function watchdogCommand(...words: readonly string[]): string | undefined {
  return words.every((word) => watchdogWord.test(word))
    ? `npm run -s watchdog -- ${words.join(' ')}`
    : undefined;
}

const watchdogWord = /^(--)?[A-Za-z0-9][\w.:/#=,-]*$/;
const ownCommand = /^npm run -s watchdog --( (--)?[A-Za-z0-9][\w.:/#=,-]*)+$/;

const command = /^aws( [a-z][a-z0-9-]*)+( --[a-z][a-z-]* [A-Za-z0-9][\w.:/=,-]*)+$/;

/** Whether a line is such a command: it stands whole, for half of it can't be pasted. Only an alert's action has any. */
export const isCommand = (line: string): boolean => command.test(line) || ownCommand.test(line);

/** What the buttons under a warning do, too. */
const keepOrStop = /^npm run -s watchdog -- (keep|stop-now) /;

/** An action that names buttons, in place of each paragraph of commands that do the same. */
export const withButtons = (action: string): string =>
  action
    .split('\n\n')
    .map((paragraph) =>
      paragraph.split('\n').some((line) => keepOrStop.test(line))
        ? 'To keep something running, or to have it stopped without waiting, press a button below.'
        : paragraph,
    )
    .join('\n');

/** What others wrote, each line marked that would pass for a command: nobody is to paste theirs for ours. */
export const quoted = (text: string): string => text.replace(/^([^\S\n]*)(?=(aws|npm)\s)/gm, '$1> ');

/** An action, in which our commands stand, and nothing else that looks like one. */
export const quotedAction = (action: string): string =>
  action
    .split('\n')
    .map((line) => (isCommand(line) ? line : quoted(line)))
    .join('\n');
