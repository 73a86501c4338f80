import { placeName } from '../shared/alert/spend-place.ts';
import { ownerOf } from '../shared/allocation/owner.ts';
import { costBetween } from '../shared/compute/cost.ts';
import { formatDuration } from '../shared/compute/duration.ts';
import { counted } from '../shared/compute/evidence-text.ts';
import { type Finding, wastedBetween } from '../shared/compute/finding.ts';
import { wasteByOwner } from '../shared/compute/waste.ts';
import { formatMoney } from '../shared/money.ts';
import type { IsoTime } from '../shared/period.ts';
import { nextTransition } from '../shared/schedule/window.ts';
import type { Target } from '../shared/target.ts';
import type { Planned } from '../shared/watch/plan-schedules.ts';
import { cellsOf, cutCells } from './cells.ts';
import {
  allPlanned,
  dueToStop,
  isDown,
  type Spend,
  type Stage,
  type Story,
  stoppedOf,
} from './demo-story.ts';
import type { FunctionName } from './local-runtime.ts';
import { framed, slackKind, slackText, slackTitle } from './message-text.ts';
import type { SampleAccount } from './sample/account.ts';
import { paint, perHour, type Style, screenWidth, table, wrap } from './terminal.ts';

/** The whole story, top to bottom, for a terminal. */
export function storyText(story: Story, stage: Stage, milliseconds: number): string {
  const { times } = story;
  return [
    intro(story, stage),
    chapter(times.spend, 'watch-spend', 'what did it cost, and is anything leaking?'),
    spendText(story.spend),
    chapter(times.launch, 'watch-launches', 'what was just started, and what does it burn?'),
    launchText(stage),
    chapter(
      times.utilization,
      'watch-utilization',
      'what is idle, what is underused, and what does that cost?',
    ),
    wasteText(story, stage),
    chapter(times.warning, 'enforce-schedules', 'the office hours are over'),
    warnedText(story, stage),
    chapter(times.stop, 'enforce-schedules', 'the grace period is over'),
    stopText(story, stage),
    chapter(times.stop, 'notify', 'what people got'),
    messagesText(stage),
    summaryText(story, stage, milliseconds),
  ].join('\n');
}

function warnedText({ warned }: Story, { config }: Stage): string {
  if (warned === 0) return indented('Nothing that is tagged is idle outside its hours.');
  return indented(
    config.enforce
      ? `${warned} resources are idle outside their hours. Their owners are warned; nothing is stopped yet.`
      : `${warned} resources are idle outside their hours. Their owners are told what would happen: this only observes.`,
  );
}

/** On as many lines as it takes. */
const indented = (text: string): string => wrap(text, screenWidth(), '  ');

/** A line that begins in a colour of its own, the others below its second part. */
function headed(heading: string, style: Style | readonly Style[], text: string): string {
  const indent = ' '.repeat(cellsOf(heading) + 4);
  return `  ${paint(style, heading)}  ${wrap(text, screenWidth(), indent).trimStart()}`;
}

/** What it is about stands beside the function's name, or below where the screen is narrow. */
function chapter(time: IsoTime, name: FunctionName, question: string): string {
  const heading = `${time.slice(11, 16)} UTC  ${name}`;
  const fits = cellsOf(`${heading}  ${question}`) <= screenWidth();
  const below = fits ? `  ${paint('dim', question)}` : `\n${paint('dim', indented(question))}`;
  return `\n${paint(['bold', 'cyan'], heading)}${below}\n`;
}

function intro({ before, times }: Story, { targets, config }: Stage): string {
  const accounts = new Set(targets.map(({ account }) => account)).size;
  const regions = new Set(targets.map(({ region }) => region)).size;
  return [
    paint('bold', `ai-cost-watchdog: ${dayText(times.spend)}, on the sample account`),
    wrap(
      `${accounts} accounts, ${regions} regions, ${before.length} instances, ${config.spend.historyDays} days of spend. No AWS: the functions of the stack run here as they would in Lambda, and every call they make is answered in this process.`,
      screenWidth(),
    ),
  ].join('\n');
}

/** `Monday, 16 November 2026` */
const dayText = (time: IsoTime): string =>
  new Date(time).toLocaleDateString('en-GB', { dateStyle: 'full', timeZone: 'UTC' });

const listedServices = 5;

function spendText({ day, incidents, requests, series, seriesStates, monthToDate }: Spend): string {
  const opened = incidents.filter(({ change }) => change === 'opened');
  const services = day?.services ?? [];
  const rest = services.slice(listedServices);
  const total = formatMoney(day?.total ?? 0);
  const rows = services.slice(0, listedServices).map(({ service, amount }) => [service, formatMoney(amount)]);
  return [
    indented(
      `${day?.date ?? 'no day'}, the newest complete day: ${total} in ${series} series (account x service); ${counted(requests, 'Cost Explorer request')}`,
    ).replace(total, () => paint('bold', total)),
    '',
    table(
      ['service', '>usage'],
      [...rows, [`${rest.length} others`, formatMoney(rest.reduce((sum, { amount }) => sum + amount, 0))]],
    ),
    '',
    ...opened.map(incidentText),
    indented(
      `Of ${series} series ${statesText(seriesStates)}. Apart from usage, and not judged, this month: ${apartText(monthToDate)}.`,
    ),
  ].join('\n');
}

/** `2 leak, 22 are as they should be` */
const statesText = (states: Spend['seriesStates']): string =>
  [
    [states['incident'], 'leak'],
    [states['normal'], 'are as they should be'],
    [states['held'], 'wait for another day'],
    [states['not enough history'], 'have too little history to judge by'],
  ]
    .flatMap(([count, text]) => (count ? [`${count} ${text}`] : []))
    .join(', ');

/** `Purchase $2,140.00, Tax $4,870.00, Credit -$674.13` */
const apartText = (monthToDate: Spend['monthToDate']): string =>
  Object.entries(monthToDate)
    .filter(([category]) => category !== 'Usage')
    .map(([category, amount]) => `${category} ${formatMoney(amount)}`)
    .join(', ') || 'nothing';

function incidentText({
  scope,
  accountName,
  start,
  excessPerDay,
  impact,
  reason,
  cause,
  because,
}: Spend['incidents'][number]): string {
  const { account } = scope;
  const place = placeName(scope, account && accountName ? { [account]: accountName } : {});
  const who = [cause?.team && `team ${cause.team}`, cause?.owner && `owner ${cause.owner}`]
    .filter(Boolean)
    .join(', ');
  const size = `${place}: ${formatMoney(excessPerDay)} a day above expected`;
  const below = [reason, ...(because ? [because] : []), ...(who ? [`Whose: ${who}`] : [])];
  return [
    headed('LEAK', ['bold', 'red'], `${size}, since ${start}, ${formatMoney(impact)} so far`).replace(
      size,
      () => paint('bold', size),
    ),
    ...below.map((text) => wrap(text, screenWidth(), ' '.repeat(8))),
    '',
  ].join('\n');
}

function launchText({ sample }: Stage): string {
  const message = sample.slackMessages.find((payload) => slackKind(payload) === 'launch');
  return message ? framed(slackText(message, screenWidth() - 6)) : '  Nothing worth telling.';
}

/** From so many columns on the check and the account have columns; on a narrower screen they stand below. */
const screenWithPlaces = 130;

/** What wastes most; the rest in a line, since `utilization --sample` lists it all. */
function wasteText({ findings, times }: Story, { targets }: Stage): string {
  const isWide = screenWidth() >= screenWithPlaces;
  const wasteful = findings
    .toSorted((one, other) => wastedRate(other) - wastedRate(one))
    .map((finding) => toEntry(finding, targets, times.utilization));
  const listed = wasteful.slice(0, listedFindings);
  const rest = wasteful.length - listed.length;
  const owners = wasteByOwner(findings, monthOf(times.utilization), times.utilization)
    .slice(0, listedOwners)
    .map(({ owner, monthToDate }) => `${owner ?? 'nobody tagged'} ${formatMoney(monthToDate)}`);
  return [
    table(
      isWide
        ? ['what', 'which', 'account', 'whose', '>wasted', '>this month', 'since']
        : ['which', 'whose', '>wasted', '>this month', 'since'],
      listed.map(({ check, name, size, place, rest: others }) =>
        isWide ? [check, `${name} ${size}`, place, ...others] : [cutCells(name, widestName), ...others],
      ),
      listed.map(({ check, size, place, reason }) => [
        wrap(isWide ? reason : `${size}, ${place}: ${reason} (${check})`, screenWidth(), '      '),
      ]),
    ),
    ...(rest > 0 ? [`\n  and ${rest} more: npm run -s watchdog -- utilization --sample`] : []),
    '',
    indented(`Wasted this month, by owner: ${owners.join(', ')}.`),
  ].join('\n');
}

const listedFindings = 12;
const listedOwners = 5;
const widestName = 32;

const wastedRate = ({ wastedHourlyRate = 0 }: Finding): number => wastedHourlyRate;

const monthOf = (now: IsoTime): IsoTime => `${now.slice(0, 7)}-01T00:00:00Z`;

/** A finding as the list shows it: `rest` are whose it is, its rate, this month, and since when. */
function toEntry(finding: Finding, targets: readonly Target[], now: IsoTime) {
  const { account, region, name, type, count, check, reason, since, wastedHourlyRate, attribution } = finding;
  const target = targets.find((one) => one.account === account && one.region === region);
  const wasted = wastedBetween(finding, monthOf(now), now);
  return {
    check,
    name,
    reason,
    size: `${count > 1 ? `${count}x ` : ''}${type}`,
    place: `${target?.accountName ?? account} ${region}`,
    rest: [
      ownerOf(attribution) ?? 'nobody tagged',
      perHour(wastedHourlyRate),
      wasted === undefined ? '-' : formatMoney(wasted),
      formatDuration(Date.parse(now) - Date.parse(since)),
    ],
  };
}

function stopText(story: Story, { config }: Stage): string {
  const due = dueToStop(story).map(({ subject, owner, hourlyRate, decision }) => {
    const down = isDown(story, subject);
    const refused = config.enforce && !down;
    return [
      down
        ? { text: 'stopped', style: 'green' as const }
        : { text: refused ? 'refused' : 'due', style: 'red' as const },
      subject.name,
      owner ?? '-',
      perHour(hourlyRate),
      refused ? refusalText(story, subject.id) : withoutHours(decision.reason),
    ];
  });
  return table(['', 'what', 'whose', '>rate', 'why'], [...due, ...keptRows(story)]);
}

const refusalText = ({ refused }: Story, id: string): string => {
  const code = refused.get(id);
  return code
    ? `EC2 refused with ${code}, and stopped the others all the same`
    : 'the gates closed before the call';
};

/** One line for each reason to keep, with the instance that costs most. */
function keptRows(story: Story) {
  const kept = allPlanned(story).filter(
    ({ decision, subject }) =>
      ['keep', 'defer'].includes(decision.action) &&
      subject.state === 'running' &&
      decision.code !== 'in-hours',
  );
  return [...Map.groupBy(kept, ({ decision }) => decision.code).values()].map((group) => {
    const [first, ...others] = group.toSorted(
      (one, other) => (other.hourlyRate ?? 0) - (one.hourlyRate ?? 0),
    );
    return [
      { text: 'kept', style: 'yellow' as const },
      `${first ? first.subject.name : ''}${others.length > 0 ? ` +${others.length}` : ''}`,
      ownersText(group),
      perHour(first?.hourlyRate),
      withoutHours(first?.decision.reason ?? ''),
    ];
  });
}

/** The one whose they all are; where they are several people's, how many. */
function ownersText(group: readonly Planned[]): string {
  const owners = new Set(group.map(({ owner }) => owner ?? '-'));
  return owners.size === 1 ? [...owners].join('') : `${owners.size} owners`;
}

/** The hours are in the tag, and the chapter says that they are over. */
const withoutHours = (reason: string): string =>
  reason.replace(/^outside .*? since \S+( \S+)?(; |, but )/, '');

const listedMessages = 24;

/** What stands in the channel itself; changes and charts are in threads. */
const messagesOf = ({ slackMessages }: SampleAccount) =>
  slackMessages.filter(({ threadTs }) => threadTs === undefined);

function messagesText({ sample, config }: Stage): string {
  const { emails } = sample;
  const slackMessages = messagesOf(sample);
  const anomaly = slackMessages.find((payload) => slackKind(payload) === 'spend-anomaly');
  const warning = emails.find(({ subject }) => subject?.includes('will be stopped'));
  const others = slackMessages.filter((payload) => payload !== anomaly);
  const titles = others.slice(0, listedMessages).map((payload) => hanging(slackTitle(payload)));
  const rest = others.length - titles.length;
  return [
    wrap(
      `${counted(slackMessages.length, 'Slack message')} and ${counted(emails.length, 'e-mail')}, each once. What was more than ${config.alerts.messagesPerHour} in an hour came in one summary.`,
      screenWidth() - 4,
      '  ',
    ),
    ...(anomaly ? ['\n  One in Slack:\n', framed(slackText(anomaly, screenWidth() - 6))] : []),
    ...(warning
      ? [
          '\n  One in the mailbox:\n',
          framed(mailText(`Subject: ${warning.subject}\n\n${warning.message.trimEnd()}`)),
        ]
      : []),
    ...(titles.length > 0 ? ['\n  And others in Slack:\n', ...titles] : []),
    ...(rest > 0 ? [`  and ${rest} more`] : []),
  ].join('\n');
}

/** A title, the lines after its first further in. */
const hanging = (title: string): string => {
  const [first = '', ...others] = wrap(title, screenWidth() - 5).split('\n');
  return [`  ${first}`, ...others.map((line) => `     ${line}`)].join('\n');
};

/** A mail as a narrow window shows it, each line as far in as it was. */
const mailText = (mail: string): string =>
  mail
    .split('\n')
    .map((line) => wrap(line.trimStart(), screenWidth() - 4, /^ */.exec(line)?.[0]))
    .join('\n');

/** What stays unpaid until the hours of each one begin again; those that never do are left out. */
const savedUntilMorning = (stopped: readonly Planned[], now: IsoTime): number =>
  stopped.reduce((sum, { input: { parsed }, hourlyRate = 0 }) => {
    const begins = parsed?.kind === 'schedule' ? nextTransition(parsed.schedule, now)?.at : undefined;
    return sum + (begins === undefined ? 0 : costBetween(hourlyRate, now, begins));
  }, 0);

const sumRates = (planned: readonly { hourlyRate?: number | undefined }[]): number =>
  planned.reduce((sum, { hourlyRate }) => sum + (hourlyRate ?? 0), 0);

function summaryText(story: Story, { sample, config }: Stage, milliseconds: number): string {
  const { spend, findings, times } = story;
  const leaks = spend.incidents.filter(({ change }) => change === 'opened');
  const leaking = leaks.reduce((sum, { excessPerDay }) => sum + excessPerDay, 0);
  const stopped = stoppedOf(story);
  const due = dueToStop(story);
  const down = config.enforce ? stopped : due; // in observe mode: what would have been
  const rest = due.length - stopped.length;
  const kept = allPlanned(story).filter(({ decision }) => ['keep', 'defer'].includes(decision.action)).length;
  const rows = [
    [
      'found',
      `${counted(leaks.length, 'leak')}, ${formatMoney(leaking)} a day at stake: ${formatMoney(leaking * 30)} a month if nobody had looked`,
    ],
    [
      'wasted',
      `${formatMoney(findings.reduce((sum, finding) => sum + wastedRate(finding), 0))} an hour by ${counted(findings.length, 'finding')}: idle, underused, stuck or done twice`,
    ],
    [
      config.enforce ? 'stopped' : 'due',
      `${counted(down.length, 'dev resource')}, ${formatMoney(sumRates(down))} an hour: ${formatMoney(savedUntilMorning(down, times.stop))} until their hours begin again${config.enforce && rest > 0 ? `; ${rest} that EC2 refused` : ''}`,
    ],
    ['kept', `${counted(kept, 'tagged resource')}, each for a reason that is written down`],
    [
      'told',
      `${counted(messagesOf(sample).length, 'Slack message')}, ${counted(sample.emails.length, 'e-mail')}`,
    ],
  ];
  return [
    `\n${paint(['bold', 'cyan'], 'In the end')}\n`,
    ...rows.map(([label = '', text = '']) => headed(label.padEnd(7), 'bold', text)),
    '',
    '  Where to go next',
    ...nextStepLines(),
    '',
    paint(
      'dim',
      `  ${sample.calls.length} AWS calls answered here, in ${(milliseconds / 1000).toFixed(1)} s.`,
    ),
  ].join('\n');
}

const nextSteps = [
  ['npm run -s watchdog -- plan --sample', 'the whole plan, instance by instance'],
  ['npm run -s watchdog -- utilization --sample', 'every verdict, device by device'],
  ['npm run -s watchdog -- doctor --profile NAME', 'your own account, read-only'],
  ['cli/sample/world.yml', 'change the world, run it again'],
  ['docs/architecture.md', 'how it works, and what holds when something fails'],
] as const;

/** What each is for stands beside it, where there is room for all of them. */
function nextStepLines(): string[] {
  const width = 4 + Math.max(...nextSteps.map(([step]) => step.length + 2));
  const fits = nextSteps.every(([, what]) => width + what.length <= screenWidth());
  return nextSteps.flatMap(([step, what]) =>
    fits ? [`    ${step}`.padEnd(width) + what] : [`    ${step}`, wrap(what, screenWidth(), '      ')],
  );
}
