import { addDays, dateOf, datesOf, type IsoDate, type IsoTime } from '../shared/period.ts';
import { storyDay } from './demo-story.ts';
import { drainQueue, readEvent, runFunction, sampleEventFile } from './local-runtime.ts';
import { progress } from './progress.ts';
import type { SampleAccount } from './sample/account.ts';

/** When savings of the sample account are looked at unless `--now` says otherwise: after its first night of stops. */
export const sampleMorning: IsoTime = '2026-11-17T09:00:00Z';

/**
 * When a run of the schedules finds something to do in the sample account, UTC: midnight, and so the end of the office's
 * hours in New York; the start of those in Berlin; their end, in London an hour later.
 */
const runs = ['00:05', '00:25', '00:30', '06:30', '07:05', '07:10', '12:35', '18:05', '18:25', '18:30'];

/** Plays the schedules from the evening of the story until now, through the stack's own functions. */
export async function playNights(sample: SampleAccount, now: IsoTime): Promise<void> {
  const event = (await readEvent(sampleEventFile('enforce-schedules.json'))) as object;
  for (const time of timesUntil(now)) {
    progress(`${time.slice(0, 16).replace('T', ' ')} enforce-schedules`);
    sample.setNow(time);
    await runFunction('enforce-schedules', { ...event, time }, time);
    await drainQueue(sample, sample.env['SWEEP_QUEUE_URL'] ?? '', 'sweep');
    await drainQueue(sample, sample.env['ALERT_QUEUE_URL'] ?? '', 'notify');
  }
  progress();
  sample.setNow(now);
}

const evening: IsoTime = `${storyDay}T18:05:00Z`;

const timesUntil = (now: IsoTime): IsoTime[] =>
  datesOf({ start: storyDay, end: addDays(dateOf(now), 1) })
    .flatMap((date: IsoDate) => runs.map((clock) => `${date}T${clock}:00Z`))
    .filter((time) => time >= evening && Date.parse(time) <= Date.parse(now));
