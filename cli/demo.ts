import { formatDuration } from '../shared/compute/duration.ts';
import type { IdleFinding } from '../shared/compute/finding.ts';
import { instanceName } from '../shared/compute/instance.ts';
import { formatMoney } from '../shared/money.ts';
import type { IsoTime } from '../shared/period.ts';
import { getFindings } from '../shared/store/findings.ts';
import { getInstanceRecords } from '../shared/store/instance-records.ts';
import type { Target } from '../shared/target.ts';
import type { Plan, Planned } from '../shared/watch/plan-schedules.ts';
import type { SpendResult } from '../shared/watch/spend.ts';
import { drainQueue, type FunctionName, readEvent, runFunction, sampleEventFile } from './local-runtime.ts';
import { framed, slackKind, slackText, slackTitle } from './message-text.ts';
import { type CommonOptions, printJson } from './options.ts';
import { makePlans } from './plan.ts';
import { progress } from './progress.ts';
import type { SampleAccount } from './sample/account.ts';
import { openSession, type Session } from './session.ts';
import { paint, perHour, screenWidth, table, wrap } from './terminal.ts';

/** When the story's events happen, all on one Monday. */
const times = {
  spend: '2026-11-16T06:00:00Z',
  launch: '2026-11-16T06:05:00Z',
  utilization: '2026-11-16T12:00:00Z',
  warning: '2026-11-16T18:05:00Z',
  stop: '2026-11-16T18:25:00Z',
} as const;

/** Stopped in the evening, started in the morning: what a stop saves. */
const hoursOff = 13;

type Spend = Omit<SpendResult, 'series'> & { series: number };

/** `demo`: one Monday on the sample account, through the stack's own functions. */
export async function demoCommand(options: CommonOptions): Promise<void> {
  const started = performance.now();
  const session = await openSession({ ...options, sample: true, now: options.now ?? times.spend });
  const { sample } = session;
  if (!sample) throw new Error('The demo runs on the sample account');
  try {
    const story = await play({ ...session, sample });
    if (options.format === 'json') printJson(toJson(story));
    else console.log(toText(story, { ...session, sample }, performance.now() - started));
  } finally {
    await session.close();
  }
}

type Stage = Session & { sample: SampleAccount };

type Story = Awaited<ReturnType<typeof play>>;

/** Plays the day: each event through its function, each queue through its worker, as the stack would. */
async function play(stage: Stage) {
  const spend = (await wake(stage, 'watch-spend', times.spend, 'watch-spend.json')) as Spend;
  await wake(stage, 'watch-launches', times.launch, 'cloudtrail-run-instances.json');
  await wake(stage, 'watch-utilization', times.utilization, 'watch-utilization.json');
  const findings = await collect(stage, getFindings);
  await wake(stage, 'enforce-schedules', times.warning, 'enforce-schedules.json');
  const warned = (await collectRecords(stage)).filter(([, { warning }]) => warning).length;
  stage.sample.setNow(times.stop);
  const plans = await makePlans({ ...stage, now: times.stop });
  const before = stage.sample.instances();
  await wake(stage, 'enforce-schedules', times.stop, 'enforce-schedules.json');
  const refused = new Map(
    (await collectRecords(stage)).flatMap(([id, record]) =>
      record.refused ? [[id, record.refused.code]] : [],
    ),
  );
  return { spend, findings, warned, plans, before, refused, after: stage.sample.instances() };
}

/** One event at its time, and everything that follows from it. */
async function wake({ sample }: Stage, name: FunctionName, time: IsoTime, file: string): Promise<unknown> {
  progress(`${time.slice(11, 16)} ${name}`);
  sample.setNow(time);
  const event = (await readEvent(sampleEventFile(file))) as object;
  const result = await runFunction(name, { ...event, time }, time);
  await drainQueue(sample, queueUrl(sample, 'SWEEP_QUEUE_URL'), 'sweep');
  await drainQueue(sample, queueUrl(sample, 'ALERT_QUEUE_URL'), 'notify');
  progress();
  return result;
}

const queueUrl = ({ env }: SampleAccount, name: string): string => env[name] ?? '';

async function collect<Item>(
  { targets, table: state }: Stage,
  read: (table: NonNullable<Session['table']>, target: Target) => Promise<Item[]>,
): Promise<Item[]> {
  const items: Item[] = [];
  for (const target of targets) if (state) items.push(...(await read(state, target)));
  return items;
}

const collectRecords = (stage: Stage) =>
  collect(stage, async (state, target) => [...(await getInstanceRecords(state, target))]);

const allPlanned = ({ plans }: Story): Planned[] => plans.flatMap(({ planned }: Plan) => planned);

/** What the evening's run did with an instance that was due: its state says it, not our intention. */
const isDown = (story: Story, id: string): boolean =>
  story.after.some(({ instanceId, state }) => instanceId === id && state !== 'running');

const dueToStop = (story: Story): Planned[] =>
  allPlanned(story)
    .filter(({ decision }) => decision.action === 'stop')
    .toSorted((one, other) => (other.hourlyRate ?? 0) - (one.hourlyRate ?? 0));

const stoppedOf = (story: Story): Planned[] =>
  dueToStop(story).filter(({ instance }) => isDown(story, instance.instanceId));

const sumRates = (planned: readonly { hourlyRate?: number | undefined }[]): number =>
  planned.reduce((sum, { hourlyRate }) => sum + (hourlyRate ?? 0), 0);

const toJson = (story: Story) => ({
  spend: story.spend,
  idle: story.findings,
  warned: story.warned,
  due: dueToStop(story).map(({ instance }) => instance.instanceId),
  stopped: stoppedOf(story).map(({ instance }) => instance.instanceId),
  kept: allPlanned(story)
    .filter(({ decision }) => decision.action === 'keep')
    .map(({ instance, decision }) => ({ instanceId: instance.instanceId, ...decision })),
});

function toText(story: Story, stage: Stage, milliseconds: number): string {
  return [
    intro(story, stage),
    chapter(times.spend, 'watch-spend', 'what did it cost, and is anything leaking?'),
    spendText(story.spend),
    chapter(times.launch, 'watch-launches', 'what was just started, and what does it burn?'),
    launchText(stage),
    chapter(times.utilization, 'watch-utilization', 'which accelerators do nothing?'),
    idleText(story, stage),
    chapter(times.warning, 'enforce-schedules', 'the office hours are over'),
    `  ${story.warned} instances are idle outside their hours. Their owners are warned; nothing is stopped yet.`,
    chapter(times.stop, 'enforce-schedules', 'the grace period is over'),
    stopText(story),
    chapter(times.stop, 'notify', 'what people got'),
    messagesText(stage),
    summaryText(story, stage, milliseconds),
  ].join('\n');
}

const chapter = (time: IsoTime, name: FunctionName, question: string): string =>
  `\n${paint(['bold', 'cyan'], `${time.slice(11, 16)} UTC  ${name}`)}  ${paint('dim', question)}\n`;

function intro({ before }: Story, { targets, config }: Stage): string {
  const accounts = new Set(targets.map(({ account }) => account)).size;
  const regions = new Set(targets.map(({ region }) => region)).size;
  return [
    paint('bold', 'ai-cost-watchdog: Monday 16 November 2026, on the sample account'),
    `${accounts} accounts, ${regions} regions, ${before.length} instances, ${config.spend.historyDays} days of spend. No AWS: the functions of the stack run here as they`,
    'would in Lambda, and every call they make is answered in this process.',
  ].join('\n');
}

const listedServices = 5;

function spendText({ day, incidents, requests, series, monthToDate }: Spend): string {
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
    `  ${series - opened.length} other series are as they should be. Apart from usage, and not judged, this month: ${apartText(monthToDate)}.`,
  ].join('\n');
}

/** `Purchase $2,140.00, Tax $4,870.00, Credit -$674.13` */
const apartText = (monthToDate: Spend['monthToDate']): string =>
  Object.entries(monthToDate)
    .filter(([category]) => category !== 'Usage')
    .map(([category, amount]) => `${category} ${formatMoney(amount)}`)
    .join(', ') || 'nothing';

function incidentText({
  service,
  accountName,
  account,
  start,
  excessPerDay,
  impact,
  reason,
  cause,
}: Spend['incidents'][number]): string {
  const who = [cause?.team && `team ${cause.team}`, cause?.owner && `owner ${cause.owner}`]
    .filter(Boolean)
    .join(', ');
  return [
    `  ${paint(['bold', 'red'], 'LEAK')}  ${paint('bold', `${service} in ${accountName ?? account}: ${formatMoney(excessPerDay)} a day above expected`)}, since ${start}, ${formatMoney(impact)} so far`,
    wrap(reason, screenWidth() - 8, '        '),
    ...(cause ? [wrap(cause.sentence, screenWidth() - 8, '        ')] : []),
    ...(who ? [`        Whose: ${who}`] : []),
    '',
  ].join('\n');
}

function launchText({ sample }: Stage): string {
  const message = sample.slackMessages.find((payload) => slackKind(payload) === 'launch');
  return message ? framed(slackText(message, screenWidth() - 6)) : '  Nothing worth telling.';
}

function idleText({ findings }: Story, { sample, targets }: Stage): string {
  const known = new Map(sample.instances().map((instance) => [instance.instanceId, instance]));
  const rows = findings
    .toSorted((one, other) => (other.hourlyRate ?? 0) - (one.hourlyRate ?? 0))
    .map((finding) => idleRow(finding, known.get(finding.instanceId), targets));
  return table(['instance', 'type', 'account', 'whose', '>rate', '>a month', 'idle', 'evidence'], rows);
}

function idleRow(
  finding: IdleFinding,
  instance: ReturnType<SampleAccount['instances']>[number] | undefined,
  targets: readonly Target[],
): string[] {
  const { account, region, hourlyRate, idleSince, reason } = finding;
  const target = targets.find((one) => one.account === account && one.region === region);
  return [
    instance?.name ?? finding.instanceId,
    instance?.instanceType ?? '',
    `${target?.accountName ?? account} ${region}`,
    instance?.tags['owner'] ?? instance?.tags['team'] ?? 'nobody tagged',
    perHour(hourlyRate),
    hourlyRate === undefined ? '-' : formatMoney(hourlyRate * 730),
    formatDuration(Date.parse(times.utilization) - Date.parse(idleSince)),
    reason,
  ];
}

function stopText(story: Story): string {
  const due = dueToStop(story).map(({ instance, owner, hourlyRate, decision }) => {
    const down = isDown(story, instance.instanceId);
    return [
      down ? { text: 'stopped', style: 'green' as const } : { text: 'refused', style: 'red' as const },
      instanceName(instance),
      owner ?? '-',
      perHour(hourlyRate),
      down ? withoutHours(decision.reason) : refusalText(story, instance.instanceId),
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

function messagesText({ sample }: Stage): string {
  const { slackMessages, emails } = sample;
  const anomaly = slackMessages.find((payload) => slackKind(payload) === 'spend-anomaly');
  const warning = emails.find(({ subject }) => subject?.includes('will be stopped'));
  const shown = slackMessages.filter((payload) => payload !== anomaly);
  return [
    `  ${slackMessages.length} Slack messages and ${emails.length} e-mails, each once. One in Slack:\n`,
    ...(anomaly ? [framed(slackText(anomaly, screenWidth() - 6)), ''] : []),
    '  One in the mailbox:\n',
    ...(warning ? [framed(`Subject: ${warning.subject}\n\n${warning.message.trimEnd()}`), ''] : []),
    '  And the others:\n',
    ...shown.map((payload) => `  ${slackTitle(payload)}`),
  ].join('\n');
}

function summaryText(story: Story, { sample }: Stage, milliseconds: number): string {
  const { spend, findings } = story;
  const leaks = spend.incidents.filter(({ change }) => change === 'opened');
  const leaking = leaks.reduce((sum, { excessPerDay }) => sum + excessPerDay, 0);
  const stopped = stoppedOf(story);
  const refused = dueToStop(story).length - stopped.length;
  const kept = allPlanned(story).filter(({ decision }) => decision.action === 'keep').length;
  const rows = [
    [
      'found',
      `${leaks.length} leaks, ${formatMoney(leaking)} a day at stake: ${formatMoney(leaking * 30)} a month if nobody had looked`,
    ],
    ['idle', `${findings.length} accelerator instances, ${formatMoney(sumRates(findings))} an hour`],
    [
      'stopped',
      `${stopped.length} dev instances, ${formatMoney(sumRates(stopped))} an hour: ${formatMoney(sumRates(stopped) * hoursOff)} until eight in the morning${refused > 0 ? `; ${refused} that EC2 refused` : ''}`,
    ],
    ['kept', `${kept} tagged instances, each for a reason that is written down`],
    ['told', `${sample.slackMessages.length} Slack messages, ${sample.emails.length} e-mails`],
  ];
  return [
    `\n${paint(['bold', 'cyan'], 'In the end')}\n`,
    ...rows.map(([label = '', text = '']) => `  ${paint('bold', label.padEnd(9))}${text}`),
    '',
    '  Where to go next',
    '    npm run -s watchdog -- plan --sample                the whole plan, instance by instance',
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
