import { formatMoney, type Usd } from '../money.ts';
import { addMilliseconds, dateOf, type IsoTime } from '../period.ts';
import { type Schedulable, type SchedulableKind, schedulableKey } from '../schedule/schedulable.ts';
import { type Target, targetName } from '../target.ts';
import type { Alert } from './alert.ts';
import { watchdogCommand } from './command.ts';
import { schedulablesLink } from './console.ts';
import { alertId, digest } from './identity.ts';
import { effectText, schedulableNouns as nouns, remainsText } from './schedulable-text.ts';

/** Something that is to be stopped, or was, and why. */
type Entry = {
  subject: Schedulable;
  decision: { reason: string; until?: IsoTime | undefined };
  /** Dollars an hour; undefined where the price is unknown. */
  hourlyRate?: Usd | undefined;
};

/** Whose instances, where, and by which sweep. */
type Sweep = {
  /** Undefined where no tag says whose they are. */
  owner?: string | undefined;
  team?: string | undefined;
  target: Target;
  at: IsoTime;
  /** False where nothing is really stopped. */
  enforce: boolean;
  /** Counts the alerts of one owner and sweep, from 0: a long list goes out in parts. */
  part?: number;
};

type StopWarning = Sweep & {
  entries: readonly Entry[];
  graceMinutes: number;
  /** The key of the tag that protects until a time. */
  keepUntilTag?: string;
};

/** Says before a stop what is going to be stopped, and how to prevent it: one for each owner, sweep and part. */
export function stopWarningAlert(warning: StopWarning): Alert {
  const { entries, graceMinutes, keepUntilTag = 'auto-stop:keep-until', target, at, enforce } = warning;
  const sorted = mostCostlyFirst(entries);
  const isSingle = entries.length === 1;
  return {
    ...common(warning, 'stop-warning'),
    severity: enforce ? 'warning' : 'info',
    title: `${countText(entries)} in ${place(target)} ${enforce ? 'will' : 'would'} be stopped in ${graceMinutes} min: ${costText(entries)}`,
    summary: `${isSingle ? 'It is' : 'They are'} outside the hours of ${isSingle ? 'its' : 'their'} schedule tag. ${enforce ? effectText(kindsOf(sorted)) : observing}`,
    items: sorted.map((entry) => `${entryText(entry)}${ownGrace(entry, at, graceMinutes)}`),
    action: choices(sorted, { isSingle, at, keepUntilTag, enforce }),
    links: linksOf(sorted),
    schedulables: sorted.map(({ subject }) => ({
      key: schedulableKey(subject),
      id: subject.id,
      name: subject.name,
    })),
  };
}

/** What its owner may do, each as lines to paste, which name all that is listed: what no line named would be stopped. */
function choices(
  entries: readonly Entry[],
  {
    isSingle,
    at,
    keepUntilTag,
    enforce,
  }: { isSingle: boolean; at: IsoTime; keepUntilTag: string; enforce: boolean },
): string {
  const { lines, hasMore } = commandLines(entries.map(({ subject }) => subject.id));
  const more = hasMore ? ['And so for the others.'] : [];
  const paste = (intro: string, verb: string, ...options: string[]) =>
    lines.length === 0
      ? []
      : [intro, ...lines.flatMap((ids) => watchdogCommand(verb, ...ids, ...options) ?? []), ...more];
  const [them, which] = isSingle ? ['it', ''] : ['them', ' (leave out what may stop)'];
  const commands = [
    ...paste(`To keep ${them} running for two hours${which}:`, 'keep', '--for', '2h'),
    // Thrice as many lines would be cut in Slack, and half a command is none.
    ...(lines.length > 1
      ? [
          `The same with --until tomorrow is until 08:00${enforce ? '; stop-now instead of keep, without --for, has them stopped without waiting' : ''}.`,
        ]
      : [
          ...paste('Until tomorrow 08:00:', 'keep', '--until', 'tomorrow'),
          ...(enforce ? paste(`To have ${them} stopped without waiting:`, 'stop-now') : []),
        ]),
  ];
  return [
    'Nothing need be done where it may stop.',
    ...(commands.length > 0 ? [commands.join('\n')] : []),
    `Or set ${isSingle ? 'its' : 'their'} tag ${keepUntilTag} to a time, e.g. ${laterToday(at)}; for good, set ${isSingle ? 'its' : 'their'} schedule tag to "off".`,
  ].join('\n\n');
}

const idsInLine = 10;
/** Of ids in one line: a message in Slack takes 3,000 characters. */
const lineCharacters = 320;
const maxLines = 5;

/** The ids of each command; more of them where some don't fit, or are no plain word. */
function commandLines(ids: readonly string[]): { lines: string[][]; hasMore: boolean } {
  const plain = ids.filter((id) => watchdogCommand(id) !== undefined);
  const lines: string[][] = [];
  for (const id of plain) {
    const last = lines.at(-1);
    if (last && last.length < idsInLine && [...last, id].join(' ').length <= lineCharacters) last.push(id);
    else lines.push([id]);
  }
  const shown = lines.slice(0, maxLines);
  return { lines: shown, hasMore: shown.flat().length < ids.length };
}

const observing =
  'The watchdog only observes: nothing is stopped until "enforce" is true in its configuration.';

/** Something that AWS would not stop or start, and why. */
type Failure = { subject: Schedulable; action: 'stop' | 'start'; error: string };

type StopResult = Sweep & { stopped: readonly Entry[]; failed: readonly Failure[] };

/** Says what a sweep has stopped, and what AWS refused: one for each owner, sweep and part. */
export function stopResultAlert(result: StopResult): Alert {
  const { stopped, failed, target, enforce } = result;
  const sorted = mostCostlyFirst(stopped);
  const saved = enforce
    ? `Saved from now on: ${costText(stopped)}. ${remainsText(kindsOf(stopped))}`.trim()
    : `It would save ${costText(stopped)}. ${observing}`;
  return {
    ...common(result, 'stop-result'),
    severity: failed.length > 0 ? 'warning' : 'info',
    title: `${resultTitle(result)} in ${place(target)}`,
    summary: stopped.length > 0 ? saved : 'Nothing has changed: AWS refused.',
    items: [
      ...failed.map(({ subject, action, error }) => `Could not ${action} ${nameText(subject)}: ${error}`),
      ...sorted.map((entry) => `${enforce ? 'Stopped' : 'Would be stopped'}: ${entryText(entry)}`),
    ],
    action: resultAction(failed, kindsOf(stopped)),
    links: linksOf([...failed, ...sorted]),
  };
}

function resultAction(failed: readonly Failure[], stopped: readonly SchedulableKind[]): string {
  if (failed.length === 0) {
    const console = stopped.every((kind) => kind === 'ec2-instance') ? 'the EC2 console' : 'its console';
    return `Nothing need be done. Who needs one starts it again in ${console}.`;
  }
  return failed.every(({ action }) => action === 'start')
    ? 'It is tried again with every run while its hours last. Where there is no capacity, another type or Availability Zone may have some.'
    : 'What may be stopped must not have stop protection; what must run needs no schedule tag.';
}

const resultTitle = ({ stopped, failed, enforce }: StopResult): string =>
  [
    ...(stopped.length > 0 ? [`${countText(stopped)} ${enforce ? '' : 'would be '}stopped`] : []),
    ...(failed.length > 0 ? [`${countText(failed)} could not be changed`] : []),
  ].join(', ');

const common = ({ owner, team, target, at, part = 0 }: Sweep, kind: 'stop-warning' | 'stop-result') => {
  const subject = alertId(kind, target.account, target.region, owner ?? 'no owner');
  return {
    id: alertId(subject, at, ...(part > 0 ? [String(part)] : [])),
    subject,
    kind,
    at,
    facts: [
      { label: 'Account', value: targetName(target) },
      { label: 'Owner', value: owner ?? 'none tagged' },
    ],
    ...whereOf(target, owner),
    ...(team && { team }),
  };
};

type ScheduleProblem = {
  subject: Schedulable;
  /** The tag that can't be understood. */
  tag: { key: string; value: string };
  /** What is wrong with it, and where. */
  error: string;
  /** The value to write instead, if that is what is meant. */
  suggestion?: string | undefined;
  owner?: string | undefined;
  at: IsoTime;
};

/** Says that a tag can't be understood, and so protects its instance: once for each value, not for each run. */
export function scheduleProblemAlert(problem: ScheduleProblem): Alert {
  const { subject: tagged, tag, error, suggestion, owner, at } = problem;
  const { account, region, id, type } = tagged;
  const subject = alertId('schedule-problem', account, region, schedulableKey(tagged));
  const example = tag.key.includes('keep-until') ? laterToday(at) : 'Mon-Fri 08:00-19:00 Europe/Berlin';
  return {
    id: alertId(subject, digest(JSON.stringify(tag))),
    subject,
    kind: 'schedule-problem',
    severity: 'warning',
    at,
    title: `The tag ${tag.key} of ${nameText(tagged)} can't be read, so that nothing stops it`,
    summary: `${capitalised(error)}.`,
    facts: [
      { label: `Tag ${tag.key}`, value: tag.value },
      { label: capitalised(nouns[tagged.kind].one), value: `${id}, ${type}` },
      { label: 'Account', value: `${account}, ${region}` },
      { label: 'Owner', value: owner ?? 'none tagged' },
    ],
    items: [],
    action:
      suggestion === undefined
        ? `Correct the tag, e.g. ${example}. It is told again only when its value changes.`
        : `If that is what is meant, write: ${suggestion}\nIt is told again only when its value changes.`,
    links: schedulablesLink([tagged]),
    ...whereOf({ account, region }, owner),
  };
}

/** What could not be listed or told, and why. */
type Gap = { what: string; why: string };

/**
 * Says that a part of what may carry the schedule tag can't be seen, and so is neither stopped nor started: once a month
 * for each target, and again when it is another part.
 */
export function unseenAlert(target: Target, gaps: readonly Gap[], at: IsoTime): Alert {
  const subject = alertId('unseen', target.account, target.region);
  const parts = [...new Set(gaps.map(({ what }) => what))].toSorted();
  return {
    id: alertId(subject, dateOf(at).slice(0, 7), digest(parts.join())),
    subject,
    kind: 'schedule-problem',
    severity: 'warning',
    at,
    title: `Off-hours can't see a part of ${place(target)}`,
    summary: `${capitalised(parts.join(', '))}. What is tagged among them is left as it is: neither stopped nor started. This is told once a month.`,
    facts: [{ label: 'Account', value: targetName(target) }],
    items: gaps.map(({ what, why }) => `${what}: ${why}`),
    action:
      'Where a permission is missing, deploy the stack, or target-role.yml in a watched account, anew: docs/permissions.md.',
    links: [],
    ...whereOf(target, undefined),
  };
}

/** Says that a run was not allowed to stop what was due, and so stopped nothing: once for each target and day. */
export function breakerAlert(target: Target, reason: string, at: IsoTime): Alert {
  const subject = alertId('breaker', target.account, target.region);
  return {
    id: alertId(subject, dateOf(at)),
    subject,
    kind: 'breaker',
    severity: 'critical',
    at,
    title: `Nothing was stopped in ${place(target)}, although stops were due`,
    summary: `${capitalised(reason)}. A wrong tag, clock, bill or configuration can look like this, so that every stop is held back. This is told once a day.`,
    facts: [{ label: 'Account', value: targetName(target) }],
    items: [],
    action:
      'Look at "watchdog plan": it lists each stop with its reason. Where they are right, raise stop.maxStops or stop.maxShare in the configuration.',
    links: [],
    ...whereOf(target, undefined),
  };
}

const whereOf = ({ account, region }: Target, owner: string | undefined) => ({
  account,
  region,
  ...(owner && { owner }),
});

/** `3 instances`, `1 instance, 1 Studio app and 2 databases`; of more kinds only how many there are: the list names them. */
function countText(entries: readonly { subject: Schedulable }[]): string {
  const groups = [...Map.groupBy(entries, ({ subject }) => nouns[subject.kind])];
  if (groups.length > listedKinds) return `${entries.length} resources`;
  const counts = groups.map(([{ one, many }, { length }]) => `${length} ${length === 1 ? one : many}`);
  return counts.length === 1 ? counts.join() : `${counts.slice(0, -1).join(', ')} and ${counts.at(-1)}`;
}

const listedKinds = 3;

const kindsOf = (entries: readonly { subject: Schedulable }[]): SchedulableKind[] =>
  entries.map(({ subject }) => subject.kind);

const place = ({ account, accountName, region }: Target): string => `${accountName ?? account}, ${region}`;

const nameText = ({ name, id }: Schedulable): string => (name === id ? name : `${name} (${id})`);

const rateText = (rate: Usd | undefined): string =>
  rate === undefined ? 'price unknown' : `${formatMoney(rate)} an hour`;

/** `trainer (i-0abc) g5.12xlarge, $5.67 an hour: 4 of 4 GPUs at 0 % for 45 min` */
const entryText = ({ subject, hourlyRate, decision }: Entry): string =>
  `${nameText(subject)} ${subject.type}, ${rateText(hourlyRate)}: ${decision.reason}`;

/** What they cost together. An unknown price is unknown, never 0. */
function costText(entries: readonly Entry[]): string {
  const rates = entries.flatMap(({ hourlyRate }) => hourlyRate ?? []);
  const unknown = entries.length - rates.length;
  if (rates.length === 0) return 'price unknown';
  const sum = rateText(rates.reduce((total, rate) => total + rate, 0));
  return unknown === 0 ? sum : `${sum}, and ${unknown} of unknown price`;
}

/** Said only of an instance whose tag gives it a grace period of its own. */
function ownGrace({ decision: { until } }: Entry, at: IsoTime, graceMinutes: number): string {
  const isUsual = until === undefined || Date.parse(until) === Date.parse(at) + graceMinutes * 60_000;
  return isUsual ? '' : `; not before ${until.slice(11, 16)} UTC`;
}

const mostCostlyFirst = (entries: readonly Entry[]): Entry[] =>
  entries.toSorted((one, other) => (other.hourlyRate ?? 0) - (one.hourlyRate ?? 0));

const linksOf = (entries: readonly Pick<Entry, 'subject'>[]): Alert['links'] =>
  schedulablesLink(entries.map(({ subject }) => subject));

/** An example of a time to keep something until: four hours on. */
const laterToday = (at: IsoTime): string => `${addMilliseconds(at, 4 * 3_600_000).slice(0, 16)}Z`;

const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
