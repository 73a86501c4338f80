import { placeName } from '../shared/alert/spend-place.ts';
import { ownerOf } from '../shared/allocation/owner.ts';
import { costBetween } from '../shared/compute/cost.ts';
import { formatDuration } from '../shared/compute/duration.ts';
import { type Finding, wastedBetween } from '../shared/compute/finding.ts';
import { instanceName } from '../shared/compute/instance.ts';
import { wasteByOwner } from '../shared/compute/waste.ts';
import { formatMoney } from '../shared/money.ts';
import type { IsoTime } from '../shared/period.ts';
import { nextTransition } from '../shared/schedule/window.ts';
import type { Target } from '../shared/target.ts';
import type { Planned } from '../shared/watch/plan-schedules.ts';
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
import { paint, perHour, screenWidth, table, wrap } from './terminal.ts';

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
  if (warned === 0) return '  No tagged instance is idle outside its hours.';
  return config.enforce
    ? `  ${warned} instances are idle outside their hours. Their owners are warned; nothing is stopped yet.`
    : `  ${warned} instances are idle outside their hours. Their owners are told what would happen: this only observes.`;
}

const chapter = (time: IsoTime, name: FunctionName, question: string): string =>
  `\n${paint(['bold', 'cyan'], `${time.slice(11, 16)} UTC  ${name}`)}  ${paint('dim', question)}\n`;

function intro({ before, times }: Story, { targets, config }: Stage): string {
  const accounts = new Set(targets.map(({ account }) => account)).size;
  const regions = new Set(targets.map(({ region }) => region)).size;
  return [
    paint('bold', `ai-cost-watchdog: ${dayText(times.spend)}, on the sample account`),
    `${accounts} accounts, ${regions} regions, ${before.length} instances, ${config.spend.historyDays} days of spend. No AWS: the functions of the stack run here as they`,
    'would in Lambda, and every call they make is answered in this process.',
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
  const rows = services.slice(0, listedServices).map(({ service, amount }) => [service, formatMoney(amount)]);
  return [
    `  ${day?.date ?? 'no day'}, the newest complete day: ${paint('bold', formatMoney(day?.total ?? 0))} in ${series} series (account x service); ${requests} Cost Explorer requests`,
    '',
    table(
      ['service', '>usage'],
      [...rows, [`${rest.length} others`, formatMoney(rest.reduce((sum, { amount }) => sum + amount, 0))]],
    ),
    '',
    ...opened.map(incidentText),
    wrap(
      `Of ${series} series ${statesText(seriesStates)}. Apart from usage, and not judged, this month: ${apartText(monthToDate)}.`,
      screenWidth(),
      '  ',
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
  return [
    `  ${paint(['bold', 'red'], 'LEAK')}  ${paint('bold', `${place}: ${formatMoney(excessPerDay)} a day above expected`)}, since ${start}, ${formatMoney(impact)} so far`,
    wrap(reason, screenWidth() - 8, '        '),
    ...(because ? [wrap(because, screenWidth() - 8, '        ')] : []),
    ...(who ? [`        Whose: ${who}`] : []),
    '',
  ].join('\n');
}

function launchText({ sample }: Stage): string {
  const message = sample.slackMessages.find((payload) => slackKind(payload) === 'launch');
  return message ? framed(slackText(message, screenWidth() - 6)) : '  Nothing worth telling.';
}

/** What wastes most; the rest in a line, since `utilization --sample` lists it all. */
function wasteText({ findings, times }: Story, { targets }: Stage): string {
  const wasteful = findings.toSorted((one, other) => wastedRate(other) - wastedRate(one));
  const rows = wasteful
    .slice(0, listedFindings)
    .map((finding) => findingRow(finding, targets, times.utilization));
  const evidence = wasteful
    .slice(0, listedFindings)
    .map(({ reason }) => [wrap(reason, screenWidth(), '      ')]);
  const rest = wasteful.slice(listedFindings);
  const owners = wasteByOwner(findings, monthOf(times.utilization), times.utilization)
    .slice(0, listedOwners)
    .map(({ owner, monthToDate }) => `${owner ?? 'nobody tagged'} ${formatMoney(monthToDate)}`);
  return [
    table(['what', 'which', 'account', 'whose', '>wasted', '>this month', 'since'], rows, evidence),
    ...(rest.length > 0 ? [`\n  and ${rest.length} more: npm run -s watchdog -- utilization --sample`] : []),
    '',
    wrap(`Wasted this month, by owner: ${owners.join(', ')}.`, screenWidth(), '  '),
  ].join('\n');
}

const listedFindings = 12;
const listedOwners = 5;

const wastedRate = ({ wastedHourlyRate = 0 }: Finding): number => wastedHourlyRate;

const monthOf = (now: IsoTime): IsoTime => `${now.slice(0, 7)}-01T00:00:00Z`;

function findingRow(finding: Finding, targets: readonly Target[], now: IsoTime): string[] {
  const { account, region, name, type, count, check, since, wastedHourlyRate, attribution } = finding;
  const target = targets.find((one) => one.account === account && one.region === region);
  const wasted = wastedBetween(finding, monthOf(now), now);
  return [
    check,
    `${name} ${count > 1 ? `${count}x ` : ''}${type}`,
    `${target?.accountName ?? account} ${region}`,
    ownerOf(attribution) ?? 'nobody tagged',
    perHour(wastedHourlyRate),
    wasted === undefined ? '-' : formatMoney(wasted),
    formatDuration(Date.parse(now) - Date.parse(since)),
  ];
}

function stopText(story: Story, { config }: Stage): string {
  const due = dueToStop(story).map(({ instance, owner, hourlyRate, decision }) => {
    const down = isDown(story, instance.instanceId);
    const refused = config.enforce && !down;
    return [
      down
        ? { text: 'stopped', style: 'green' as const }
        : { text: refused ? 'refused' : 'due', style: 'red' as const },
      instanceName(instance),
      owner ?? '-',
      perHour(hourlyRate),
      refused ? refusalText(story, instance.instanceId) : withoutHours(decision.reason),
    ];
  });
  return table(['', 'instance', 'whose', '>rate', 'why'], [...due, ...keptRows(story)]);
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
    ({ decision, instance }) =>
      decision.action === 'keep' && instance.state === 'running' && decision.code !== 'in-hours',
  );
  return [...Map.groupBy(kept, ({ decision }) => decision.code).values()].map((group) => {
    const [first, ...others] = group.toSorted(
      (one, other) => (other.hourlyRate ?? 0) - (one.hourlyRate ?? 0),
    );
    return [
      { text: 'kept', style: 'yellow' as const },
      `${first ? instanceName(first.instance) : ''}${others.length > 0 ? ` +${others.length}` : ''}`,
      first?.owner ?? '-',
      perHour(first?.hourlyRate),
      withoutHours(first?.decision.reason ?? ''),
    ];
  });
}

/** The hours are in the tag, and the chapter says that they are over. */
const withoutHours = (reason: string): string =>
  reason.replace(/^outside .*? since \S+( \S+)?(; |, but )/, '');

const listedMessages = 24;

function messagesText({ sample }: Stage): string {
  const { slackMessages, emails } = sample;
  const anomaly = slackMessages.find((payload) => slackKind(payload) === 'spend-anomaly');
  const warning = emails.find(({ subject }) => subject?.includes('will be stopped'));
  const others = slackMessages.filter((payload) => payload !== anomaly);
  const titles = others.slice(0, listedMessages).map((payload) => `  ${slackTitle(payload)}`);
  const rest = others.length - titles.length;
  return [
    `  ${slackMessages.length} Slack messages and ${emails.length} e-mails, each once.`,
    ...(anomaly ? ['\n  One in Slack:\n', framed(slackText(anomaly, screenWidth() - 6))] : []),
    ...(warning
      ? ['\n  One in the mailbox:\n', framed(`Subject: ${warning.subject}\n\n${warning.message.trimEnd()}`)]
      : []),
    ...(titles.length > 0 ? ['\n  And others in Slack:\n', ...titles] : []),
    ...(rest > 0 ? [`  and ${rest} more`] : []),
  ].join('\n');
}

/** What stays unpaid until the hours of each one begin again; those that never do are left out. */
const savedUntilMorning = (stopped: readonly Planned[], now: IsoTime): number =>
  stopped.reduce((sum, { input: { parsed }, hourlyRate = 0 }) => {
    const begins = parsed?.kind === 'schedule' ? nextTransition(parsed.schedule, now)?.at : undefined;
    return sum + (begins === undefined ? 0 : costBetween(hourlyRate, now, begins));
  }, 0);

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

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
  const kept = allPlanned(story).filter(({ decision }) => decision.action === 'keep').length;
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
      `${counted(down.length, 'dev instance')}, ${formatMoney(sumRates(down))} an hour: ${formatMoney(savedUntilMorning(down, times.stop))} until their hours begin again${config.enforce && rest > 0 ? `; ${rest} that EC2 refused` : ''}`,
    ],
    ['kept', `${kept} tagged instances, each for a reason that is written down`],
    ['told', `${sample.slackMessages.length} Slack messages, ${sample.emails.length} e-mails`],
  ];
  return [
    `\n${paint(['bold', 'cyan'], 'In the end')}\n`,
    ...rows.map(([label = '', text = '']) => {
      const indent = ' '.repeat(11);
      return `  ${paint('bold', label.padEnd(9))}${wrap(text, screenWidth(), indent).trimStart()}`;
    }),
    '',
    '  Where to go next',
    '    npm run -s watchdog -- plan --sample                the whole plan, instance by instance',
    '    npm run -s watchdog -- utilization --sample         every verdict, device by device',
    '    npm run -s watchdog -- doctor --profile NAME        your own account, read-only',
    '    cli/sample/world.yml                                change the world, run it again',
    '    docs/architecture.md                                how it works, and what holds when something fails',
    '',
    paint(
      'dim',
      `  ${sample.calls.length} AWS calls answered here, in ${(milliseconds / 1000).toFixed(1)} s.`,
    ),
  ].join('\n');
}
