import { PublishCommand, type PublishCommandInput } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Alert, alertSchema } from '../../shared/alert/alert.ts';
import { createQueueHandler } from '../../shared/lambda.ts';
import { flushOutbox, recordAlert } from '../../shared/store/outbox.ts';
import { openTable } from '../../shared/store/table.ts';
import { notify } from '../../shared/watch/notify.ts';
import { alertOf } from '../support/alert.ts';
import { context } from '../support/context.ts';
import { crashPoints } from '../support/crash.ts';
import { fakeQueue } from '../support/queue.ts';
import { byBot, byWebhook, startTelling, type Telling } from '../support/telling.ts';

const queueUrl = 'https://sqs.eu-west-1.amazonaws.com/123456789012/watchdog-alerts';

const reach = globalThis.fetch;
let world: Telling;
/** What SNS has taken. */
const mailed: string[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  await world.close();
});

type Step = NonNullable<Alert['step']>;

const newsOf = (subject: string, step: Step, hour: number): Alert =>
  alertOf({
    id: `${subject}/${step}`,
    subject,
    step,
    at: `2026-11-16T0${hour}:00:00Z`,
    title: `EC2 ${step}`,
  });

/**
 * The way of an alert from what records it to people, in a process that dies at its n-th call of the outside world, right
 * before or right after it took effect, and then runs again until all is done.
 */
async function tellDying(alert: Alert, kills: readonly number[]): Promise<boolean> {
  const points = crashPoints();
  const queue = fakeQueue(points.around);
  const doomed = openTable(world.table.name);
  points.watch(doomed.client);
  const slack = new URL(world.slack.apiUrl).origin;
  const spy = vi
    .spyOn(globalThis, 'fetch')
    .mockImplementation((url, init) =>
      String(url).startsWith(slack) ? points.around(() => reach(url, init)) : reach(url, init),
    );
  world.sns.on(PublishCommand).callsFake(({ Message = '' }: PublishCommandInput) =>
    points.around(async () => {
      mailed.push(Message);
      return { MessageId: 'm' };
    }),
  );
  const teller = world.tellerOf(doomed);
  const handler = createQueueHandler(alertSchema, (one) => notify(teller, one, '2026-11-16T06:00:05Z'));
  const run = async () => {
    await recordAlert(doomed, alert);
    await flushOutbox(doomed, new SQSClient({}), queueUrl);
    await queue.drain(handler, context, points.wasKilled);
  };
  let wasKilled = false;
  try {
    for (const steps of kills) {
      points.killAt(steps);
      await run().catch(() => undefined);
      wasKilled ||= points.wasKilled();
      points.restart();
    }
    await run();
    expect(queue.dead).toEqual([]);
    expect(queue.held).toEqual([]);
    return wasKilled;
  } finally {
    queue.sqs.restore();
    spy.mockRestore();
    doomed.client.destroy();
  }
}

/** What people see of a subject: how often its message, and how often each reply. */
const seenOf = (from: number) => {
  const posts = world.slack.posts.slice(from);
  const roots = posts.filter(({ threadTs }) => threadTs === undefined);
  return {
    roots: roots.map(({ text }) => text),
    replies: posts.flatMap((post) => (post.threadTs ? [post.text] : [])),
  };
};

const stories: [string, Step[], Step | undefined, { roots: string[]; replies: string[] }][] = [
  ['the opening of a problem', [], 'opened', { roots: ['🔴 EC2 opened'], replies: [] }],
  ['its growth', ['opened'], 'grown', { roots: ['🔴 EC2 grown'], replies: ['🔴 EC2 grown'] }],
  ['its growth, which came first', [], 'grown', { roots: ['🔴 EC2 grown'], replies: ['🔴 EC2 grown'] }],
  ['its end', ['opened'], 'recovered', { roots: ['✅ EC2 recovered'], replies: ['✅ EC2 recovered'] }],
  ['what is told and over', [], undefined, { roots: ['🔴 A launch'], replies: [] }],
];

const told = async (
  subject: string,
  before: readonly Step[],
  step: Step | undefined,
  kills: readonly number[],
) => {
  for (const [hour, earlier] of before.entries()) await world.tell(newsOf(subject, earlier, hour));
  const alert = step
    ? newsOf(subject, step, before.length)
    : alertOf({ id: subject, subject, title: 'A launch', kind: 'launch' });
  return tellDying(alert, kills);
};

describe('as a bot', { timeout: 120_000 }, () => {
  beforeEach(async () => {
    world = await startTelling({ ...byBot, email: false, messagesPerHour: 1_000_000 });
    await world.tell(alertOf()); // the fake knows a channel once somebody has named it
  });

  it.each(stories)(
    '%s is shown exactly once wherever the way to it is killed',
    async (_, before, step, expected) => {
      let steps = 0;
      for (let killed = true; killed; steps += 1) {
        const from = world.slack.posts.length;
        killed = await told(`spend/${steps}`, before, step, [steps]);
        expect(seenOf(from), `killed at step ${steps}`).toEqual(expected);
      }
      expect(steps).toBeGreaterThan(15);
    },
  );

  it('it is killed twice, and three times, wherever', async () => {
    let runs = 0;
    const kills = fc.array(fc.nat(45), { minLength: 2, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...stories), kills, async ([, before, step, expected], at) => {
        const from = world.slack.posts.length;
        runs += 1;
        await told(`spend/${runs}`, before, step, at);
        expect(seenOf(from)).toEqual(expected);
      }),
      { numRuns: 15 },
    );
  });
});

/** Where nobody can be asked, only a death between an answer and its record makes a second copy, and it says so. */
describe.each([
  ['by webhook', { ...byWebhook, email: false, messagesPerHour: 1_000_000 }],
  ['by mail', { email: true, messagesPerHour: 1_000_000 }],
])('%s', { timeout: 120_000 }, (_, way) => {
  it('an alert is shown once wherever the way to it is killed, but between an answer and its record', async () => {
    world = await startTelling(way);
    const copies: number[] = [];
    let steps = 0;
    for (let killed = true; killed; steps += 1) {
      mailed.length = 0;
      const from = world.slack.posts.length;
      killed = await told(`launch/${steps}`, [], undefined, [steps]);
      const shown = [...world.slack.posts.slice(from).map(({ blocks }) => JSON.stringify(blocks)), ...mailed];
      if (shown.length > 1) {
        expect(shown[1]).toContain('This may be a second copy');
        copies.push(steps);
      }
      expect(shown.length, `killed at step ${steps}`).toBeGreaterThanOrEqual(1);
      expect(shown.length, `killed at step ${steps}`).toBeLessThanOrEqual(2);
    }
    expect(copies.length).toBeGreaterThan(0);
    expect(copies.length).toBeLessThanOrEqual(3);
  });
});
