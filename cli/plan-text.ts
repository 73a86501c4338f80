import { schedulableNouns } from '../shared/alert/schedulable-text.ts';
import { formatMoney } from '../shared/money.ts';
import type { IsoTime } from '../shared/period.ts';
import { clockTime } from '../shared/schedule/clock.ts';
import { type ForecastStep, forecast } from '../shared/schedule/forecast.ts';
import { optInKeysText } from '../shared/schedule/schedule-tag.ts';
import { type Target, targetName } from '../shared/target.ts';
import type { Plan, Planned } from '../shared/watch/plan-schedules.ts';
import type { Session } from './session.ts';
import { type Cell, paint, perHour, printable, relativeTime, type Style, table } from './terminal.ts';

type Entry = Planned & { target: Target };

/** The plan as people read it, by owner, with what changes first, and with `until` what the time until then would bring. */
export function planText(
  plans: readonly Plan[],
  { config, now }: Pick<Session, 'config' | 'now'>,
  until?: IsoTime,
): string {
  const planned = plans.flatMap(({ target, planned: entries }) =>
    entries.map((entry): Entry => ({ ...entry, target })),
  );
  const gaps = plans.flatMap(({ target, gaps: missing }) =>
    missing.map(({ what, why }) => `  Not read in ${targetName(target)}: ${what}: ${why}`),
  );
  if (planned.length === 0) {
    const nothing = `Nothing carries the tag ${optInKeysText(config)} in ${plans.length} targets: nothing to plan.`;
    return [nothing, ...gaps].join('\n');
  }
  return [
    groupedTable(planned, now),
    '',
    `  ${summary(planned)}`,
    ...gaps,
    config.enforce
      ? '  Enforcement is on: enforce-schedules does this with its next run.'
      : '  Observe mode: nothing is stopped until the configuration says enforce: true.',
    ...(until === undefined ? [] : ['', forecastText(planned, now, until)]),
  ].join('\n');
}

/** Whoever has most to lose first; nobody, who can't be warned, last. */
function groupedTable(planned: readonly Entry[], now: IsoTime): string {
  const groups = [...Map.groupBy(planned, ({ owner }) => owner)].toSorted(
    ([one, these], [other, those]) =>
      Number(one === undefined) - Number(other === undefined) ||
      rateOf(those.filter(isChange)) - rateOf(these.filter(isChange)) ||
      rateOf(those) - rateOf(these),
  );
  const rows: Cell[][] = [];
  const heads = new Map<number, string[]>();
  for (const [owner, group] of groups) {
    const name = owner === undefined ? 'nobody tagged as owner' : printable(owner);
    heads.set(rows.length, ['', `  ${paint('bold', name)}: ${summary(group)}`]);
    rows.push(...group.toSorted(byAction).map((entry) => toRow(entry, now)));
  }
  return table(['', 'what', 'account', '>rate', 'why'], rows, [], heads);
}

const actions: readonly Planned['decision']['action'][] = [
  'stop',
  'hibernate',
  'warn',
  'start',
  'defer',
  'keep',
];

const isChange = ({ decision: { action } }: Planned): boolean => action !== 'keep' && action !== 'defer';

const rateOf = (planned: readonly Planned[]): number =>
  planned.reduce((sum, { hourlyRate }) => sum + (hourlyRate ?? 0), 0);

const byAction = (one: Planned, other: Planned): number =>
  actions.indexOf(one.decision.action) - actions.indexOf(other.decision.action) ||
  (other.hourlyRate ?? 0) - (one.hourlyRate ?? 0);

const styles: Readonly<Record<Planned['decision']['action'], Style>> = {
  stop: 'red',
  hibernate: 'red',
  warn: 'yellow',
  start: 'green',
  defer: 'cyan',
  keep: 'dim',
};

/** What people call it, with its kind where it is no instance. */
const nameOf = ({ subject: { kind, name } }: Planned): string =>
  kind === 'ec2-instance' ? name : `${name} (${schedulableNouns[kind].one})`;

function toRow(entry: Entry, now: IsoTime): Cell[] {
  const { decision, hourlyRate, target } = entry;
  return [
    { text: decision.action, style: styles[decision.action] },
    nameOf(entry),
    `${target.accountName ?? target.account} ${target.region}`,
    perHour(hourlyRate),
    decision.action === 'warn' && decision.until
      ? `${decision.reason}; to be ${endOf(entry)} ${relativeTime(decision.until, now)}${reprieve(decision)}`
      : decision.reason,
  ];
}

/** What its stop would do to it. */
function endOf({ subject, input: { parsed } }: Planned): string {
  if (subject.isDeletedToStop) return 'deleted';
  const isAsked = parsed?.kind === 'schedule' && parsed.schedule.hibernate;
  return isAsked && subject.hibernates ? 'hibernated' : 'stopped';
}

/** What would still spare it, where anything but its tags does. */
const reprieve = ({ code }: Planned['decision']): string =>
  code === 'always-off-hours' ? '' : ' unless it gets busy';

/** `7 to warn ($23.10 an hour), 21 to keep`: what there is none of is left out, but for what is stopped. */
function summary(planned: readonly Planned[]): string {
  const parts = actions.flatMap((action) => {
    const entries = planned.filter(({ decision }) => decision.action === action);
    if (entries.length === 0) return [];
    const rate = rateOf(entries);
    const count = `${entries.length} to ${action}`;
    if (action === 'keep') return [count];
    return [`${paint('bold', count)}${rate > 0 ? ` (${formatMoney(rate)} an hour)` : ''}`];
  });
  return parts.join(', ');
}

/** What the real evaluator would do, run by run, if everybody goes on as now. */
function forecastText(planned: readonly Entry[], now: IsoTime, until: IsoTime): string {
  const forecasts = planned.map((entry) => ({ entry, ...forecast(entry.input, until) }));
  const steps = forecasts
    .flatMap(({ entry, steps: own }) => own.map((step) => ({ entry, step })))
    .toSorted((a, b) => a.step.at.localeCompare(b.step.at) || byAction(a.entry, b.entry));
  const down = forecasts.filter(({ hoursOff }) => hoursOff > 0);
  const hours = down.reduce((sum, { hoursOff }) => sum + hoursOff, 0);
  const saved = down.reduce((sum, { hoursOff, entry }) => sum + hoursOff * (entry.hourlyRate ?? 0), 0);
  const unpriced = down.filter(({ entry }) => entry.hourlyRate === undefined).length;
  const length = relativeTime(until, now).replace(/^in /, '');
  return [
    `  ${paint('bold', `The next ${length}`)}, if what is busy or unknown stays so, and what is idle or was just started is idle:`,
    '',
    steps.length === 0
      ? '  Nothing would be warned, stopped or started.'
      : table(
          ['at', '', 'what', '>rate', 'whose'],
          steps.map((each) => stepRow(each, now)),
        ),
    '',
    `  Down for ${Math.round(hours).toLocaleString('en-US')} hours in all: ${formatMoney(saved)} less${unpriced > 0 ? `, and ${unpriced} of unknown price` : ''}.`,
    '  That is at what they cost now. `watchdog savings` counts less: only hours outside the schedule, less what is billed all the same.',
  ].join('\n');
}

function stepRow({ entry, step }: { entry: Entry; step: ForecastStep }, now: IsoTime): Cell[] {
  const { parsed, policy } = entry.input;
  const zone = parsed?.kind === 'schedule' ? parsed.schedule.timeZone : policy.timeZone;
  return [
    `${clockTime(step.at, zone, now)} ${zone}`,
    { text: step.action, style: styles[step.action] },
    nameOf(entry),
    perHour(entry.hourlyRate),
    entry.owner ?? '-',
  ];
}
