import type { IsoDate, IsoTime } from '../shared/period.ts';
import { isStop } from '../shared/schedule/decision.ts';
import { type Schedulable, schedulableKey } from '../shared/schedule/schedulable.ts';
import { getFindings } from '../shared/store/findings.ts';
import { getScheduleRecords } from '../shared/store/schedule-records.ts';
import type { Target } from '../shared/target.ts';
import type { Plan, Planned } from '../shared/watch/plan-schedules.ts';
import type { SpendResult } from '../shared/watch/spend.ts';
import { drainQueue, type FunctionName, readEvent, runFunction, sampleEventFile } from './local-runtime.ts';
import { makePlans } from './plan.ts';
import { progress } from './progress.ts';
import type { SampleAccount } from './sample/account.ts';
import type { Session } from './session.ts';

/** The Monday after the weekend on which the sample account leaks. */
export const storyDay: IsoDate = '2026-11-16';

/** When the story's events happen, all on one day, UTC. */
export const timesOn = (day: IsoDate) => ({
  spend: `${day}T06:00:00Z`,
  launch: `${day}T06:05:00Z`,
  utilization: `${day}T12:00:00Z`,
  followUp: `${day}T13:05:00Z`,
  warning: `${day}T18:05:00Z`,
  stop: `${day}T18:25:00Z`,
});

export type Spend = Omit<SpendResult, 'series'> & {
  series: number;
  seriesStates: Readonly<Record<string, number>>;
};

export type Stage = Session & { sample: SampleAccount };

export type Story = Awaited<ReturnType<typeof play>>;

/** Plays the day: each event through its function, each queue through its worker, as the stack would. */
export async function play(stage: Stage, times: ReturnType<typeof timesOn>) {
  const spend = (await wake(stage, 'watch-spend', times.spend, 'watch-spend.json')) as Spend;
  await wake(stage, 'watch-launches', times.launch, 'cloudtrail-run-instances.json');
  await wake(stage, 'watch-utilization', times.utilization, 'watch-utilization.json');
  const findings = await collect(stage, getFindings);
  await wake(stage, 'follow-up-alerts', times.followUp, 'follow-up-alerts.json');
  await wake(stage, 'enforce-schedules', times.warning, 'enforce-schedules.json');
  const warned = (await collectRecords(stage)).filter(([, { warning }]) => warning).length;
  stage.sample.setNow(times.stop);
  const plans = await makePlans({ ...stage, now: times.stop });
  const before = stage.sample.instances();
  await wake(stage, 'enforce-schedules', times.stop, 'enforce-schedules.json');
  const records = await collectRecords(stage);
  const refused = new Map(records.flatMap(([id, { refused: told }]) => (told ? [[id, told.code]] : [])));
  const recorded = new Set(records.flatMap(([id, { stoppedAt }]) => (stoppedAt === times.stop ? [id] : [])));
  return {
    times,
    spend,
    findings,
    warned,
    plans,
    before,
    refused,
    recorded,
    after: stage.sample.instances(),
  };
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
  collect(stage, async (state, target) => [...(await getScheduleRecords(state, target))]);

export const allPlanned = ({ plans }: Story): Planned[] => plans.flatMap(({ planned }: Plan) => planned);

/** What the evening's run did with what was due: of an instance its state says it, not our intention. */
export const isDown = ({ after, recorded }: Story, subject: Schedulable): boolean =>
  subject.kind === 'ec2-instance'
    ? after.some(({ instanceId, state }) => instanceId === subject.id && state !== 'running')
    : recorded.has(schedulableKey(subject));

export const dueToStop = (story: Story): Planned[] =>
  allPlanned(story)
    .filter(({ decision }) => isStop(decision))
    .toSorted((one, other) => (other.hourlyRate ?? 0) - (one.hourlyRate ?? 0));

export const stoppedOf = (story: Story): Planned[] =>
  dueToStop(story).filter(({ subject }) => isDown(story, subject));
