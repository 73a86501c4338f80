import { instanceName } from '../shared/compute/instance.ts';
import type { Config } from '../shared/config.ts';
import { formatMoney } from '../shared/money.ts';
import type { Stretch } from '../shared/schedule/fit.ts';
import type { Proposal } from '../shared/schedule/proposal.ts';
import { isProposal } from '../shared/watch/propose.ts';
import type { Proposals, ProposedRow } from './propose.ts';
import { tagCommand } from './tag-command.ts';
import { paint, perHour, printable, screenWidth, wrap } from './terminal.ts';
import { stripLegend, weekStrip, weekView } from './week-view.ts';

type Row = ProposedRow & { outcome: Proposal };

type Other = ProposedRow & { outcome: Exclude<ProposedRow['outcome'], Proposal> };

const isRow = (row: ProposedRow): row is Row => isProposal(row.outcome);
const isOther = (row: ProposedRow): row is Other => !isProposal(row.outcome);

const dollarsOf = ({ outcome }: Row): number => outcome.dollarsPerMonth ?? 0;

const sum = (rows: readonly Row[]): number => rows.reduce((total, row) => total + dollarsOf(row), 0);

/** What is proposed, by owner, the dearest first; then what is not, and why; then what the look cost. */
export function proposalsText(proposals: Proposals, config: Config): string {
  const rows = proposals.rows.filter(isRow).toSorted((a, b) => dollarsOf(b) - dollarsOf(a));
  const others = proposals.rows.filter(isOther);
  const owners = [...Map.groupBy(rows, ({ owner }) => owner ?? '')].toSorted(
    ([, a], [, b]) => sum(b) - sum(a),
  );
  return [
    headText(rows, proposals),
    ...owners.flatMap(([owner, own]) => [
      '',
      ownerText(owner, own),
      ...own.flatMap((row) => rowLines(row, config)),
    ]),
    ...(rows.length === 0 ? [] : ['', ...adviceLines(config)]),
    ...othersText(others),
    ...gapLines(proposals),
    '',
    costText(proposals),
  ].join('\n');
}

function headText(rows: readonly Row[], { rows: all, weeks }: Proposals): string {
  const from = `by what they did in the last ${weeks} weeks`;
  if (rows.length === 0)
    return wrap(`No hours to propose for any of ${all.length} instances, ${from}.`, screenWidth());
  const unpriced = rows.filter(({ outcome }) => outcome.dollarsPerMonth === undefined).length;
  const apart = unpriced === 0 ? '' : `, ${unpriced} of unknown price apart`;
  const saved = `${formatMoney(sum(rows))} a month`;
  return `${paint('bold', `Hours for ${rows.length} of ${all.length} instances`)}, ${from}: they would save ${paint('bold', saved)}${apart}`;
}

const ownerText = (owner: string, rows: readonly Row[]): string =>
  `  ${paint('bold', printable(owner || 'nobody'))}  ${formatMoney(sum(rows))} a month`;

const indent = '      ';

function rowLines(row: Row, config: Config): string[] {
  const { outcome, instance } = row;
  return [
    `    ${paint('cyan', printable(instanceName(instance)))}  ${paint('green', outcome.value)}  ${paint('bold', savingText(outcome))}`,
    ...detailLines(row, config).map((line) => wrap(line, screenWidth(), indent)),
    // One line, however long: it is there to be copied.
    `${indent}${paint('dim', tagCommand(instance, { [config.tags.schedule]: outcome.value }))}`,
  ];
}

/** `$212.40 a month` */
const savingText = ({ dollarsPerMonth, savedHoursPerMonth }: Proposal): string =>
  dollarsPerMonth === undefined
    ? `${Math.round(savedHoursPerMonth)} h a month at an unknown price`
    : `${formatMoney(dollarsPerMonth)} a month`;

function detailLines(row: Row, { tags }: Config): string[] {
  const { outcome, lostGb } = row;
  const { pattern, hours, value, current, confidence, offHoursPerWeek, savedHoursPerMonth } = outcome;
  const isNamed = !value.startsWith(hours);
  return [
    placeText(row),
    `${pattern} (${confidence} confidence${checkText(outcome)})`,
    `${isNamed ? `${hours}: ` : ''}off ${offHoursPerWeek} h a week, ${Math.round(savedHoursPerMonth)} h a month of which it ran idle`,
    outsideText(row),
    ...(current === undefined ? [] : [`in place of its tag "${current}"`]),
    ...(lostGb === undefined
      ? []
      : [
          `a stop would lose ${lostGb} GB on its local disks: it isn't stopped unless its tag "${tags.instanceStore}" says discard`,
        ]),
  ];
}

const placeText = ({ instance, target, hourlyRate }: ProposedRow): string =>
  `${instance.instanceId}, ${instance.instanceType} at ${hourlyRate === undefined ? 'an unknown price' : perHour(hourlyRate)}, ${target.accountName ?? target.account} ${target.region}`;

const checkText = ({ foreseen, coverage }: Proposal): string => {
  const known = Math.floor(coverage * 100);
  const gaps = known < 100 ? `; known for ${known} % of the hours it ran` : '';
  return `: the other weeks foresee ${Math.floor(foreseen * 100)} % of a week's work${gaps}`;
};

const shownStretches = 4;

function outsideText({ outcome, past }: Row): string {
  const { busyHours, busyHoursOutside, busyOutside } = outcome;
  if (busyHoursOutside === 0) return `none of its ${busyHours} busy hours fell outside`;
  const longest = busyOutside.toSorted((a, b) => b.hours - a.hours).slice(0, shownStretches);
  const shown = longest
    .toSorted((a, b) => Date.parse(a.start) - Date.parse(b.start))
    .map((stretch) => stretchText(stretch, past?.timeZone ?? 'UTC'));
  const more = busyOutside.length - shown.length;
  const list = [...shown, ...(more > 0 ? [`${more} more`] : [])].join(', ');
  return `${busyHoursOutside} of its ${busyHours} busy hours fell outside, in which it would not have been stopped: ${list}`;
}

/** `Sat 7 Nov 14:00-17:00`, on the clock of the zone. */
function stretchText({ start, end }: Stretch, timeZone: string): string {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  const partsOf = (time: string) =>
    Object.fromEntries(format.formatToParts(new Date(time)).map(({ type, value }) => [type, value]));
  const [from, to] = [partsOf(start), partsOf(end)];
  const clock = ({ hour, minute }: ReturnType<typeof partsOf>) => `${hour}:${minute}`;
  return `${from['weekday']} ${from['day']} ${from['month']} ${clock(from)}-${clock(to)}`;
}

const adviceLines = ({ enforce }: Config): string[] =>
  [
    'Outside its hours an instance is stopped when it is idle; a stopped one stays off until somebody starts it, unless the value ends with "; start".',
    ...(enforce ? [] : ['Observe mode: nothing is stopped until the configuration says enforce: true.']),
  ].map((line) => wrap(line, screenWidth(), '  '));

/** Why there are none, the most frequent reason first; one that holds for several is told once, in general. */
function othersText(rows: readonly Other[]): string[] {
  if (rows.length === 0) return [];
  const groups = [...Map.groupBy(rows, ({ outcome }) => outcome.code)].toSorted(
    ([, a], [, b]) => b.length - a.length,
  );
  const head = `${paint('bold', 'No hours')} for ${rows.length}; "watchdog propose <instance>" tells more of one:`;
  return ['', head, ...groups.flatMap(([code, group]) => groupLines(code, group))];
}

function groupLines(code: string, group: readonly Other[]): string[] {
  const names = [...new Set(group.map(({ instance }) => instanceName(instance)))].join(', ');
  const count = String(group.length).padStart(4);
  const [only] = group;
  if (group.length === 1 && only) return wrapped(`${count}  ${names}: ${only.outcome.reason}`);
  const why = commonReasons[code] ?? code.replaceAll('-', ' ');
  return [`${count}  ${why}:`, wrap(names, screenWidth(), indent)];
}

/** A line that goes on below its text, not below its number. */
const wrapped = (line: string): string[] => {
  const text = wrap(line.slice(indent.length), screenWidth(), indent);
  return [line.slice(0, indent.length) + text.slice(indent.length)];
};

const commonReasons: Readonly<Record<string, string>> = {
  'too-little-history': 'too little history: a pattern takes two weeks',
  'not-measured': 'nobody can tell what they did',
  'poor-coverage': 'too little is known of what they did',
  'never-busy':
    'they did nothing at all: are they needed? (of accelerators, "watchdog utilization" tells more)',
  'hardly-used': 'they work on too few days for a pattern',
  'around-the-clock': 'busy around the clock',
  irregular: 'they work at any hour of the week',
  'memory-held': 'their devices hold memory in quiet hours, too',
  'small-saving': 'they would save too little',
  'current-fits': 'their tags fit',
  'works-outside-current': 'they work outside of the hours of their tags',
  off: 'their tags say never to touch them',
  'never-ran': 'they did not run',
  'protected-environment': 'their environment is protected',
  'auto-scaling': 'members of an Auto Scaling group, which would replace them',
};

const gapLines = ({ gaps }: Proposals): string[] =>
  gaps.length === 0
    ? []
    : [
        '',
        ...gaps.map(({ target, what, why }) =>
          wrap(`Not read in ${target.account} ${target.region}: ${what}: ${why}`, screenWidth(), '  '),
        ),
      ];

const costText = ({ metrics, cost, weeks }: Proposals): string =>
  paint('dim', `  ${weeks} weeks of ${metrics} metrics read: ${formatMoney(cost)} of CloudWatch.`);

/** One instance: its week, what is proposed or why not, and the line that sets the tag. */
export function weekText(row: ProposedRow, proposals: Proposals, config: Config): string {
  const view = weekView(row);
  const strip = view
    ? [`${proposals.weeks} weeks, hours of ${view.timeZone}`, '', ...weekStrip(view), '', stripLegend]
    : [];
  const lines = isRow(row) ? rowLines(row, config) : isOther(row) ? otherLines(row) : [];
  return [
    ...lines,
    ...(strip.length > 0 ? ['', ...strip.map((line) => `  ${line}`.trimEnd())] : []),
    '',
    costText(proposals),
  ].join('\n');
}

const otherLines = (row: Other): string[] => [
  `    ${paint('cyan', printable(instanceName(row.instance)))}  no hours to propose`,
  ...[placeText(row), row.outcome.reason].map((line) => wrap(line, screenWidth(), indent)),
];
