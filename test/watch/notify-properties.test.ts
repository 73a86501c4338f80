import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Alert } from '../../shared/alert/alert.ts';
import { alertOf } from '../support/alert.ts';
import { byBot, byWebhook, startTelling, type Telling } from '../support/telling.ts';

type Step = NonNullable<Alert['step']>;

/** What becomes of three problems, in its order, and something that is told and over. */
const story: [subject: string, steps: Step[], kind: Alert['kind']][] = [
  ['p4d', ['opened', 'grown', 'recovered', 'reopened'], 'spend-anomaly'],
  ['idle', ['opened', 'recovered'], 'utilization'],
  ['budget', ['opened', 'grown', 'restated'], 'aws-budget'],
];

/** The same story of other problems, at other times. */
function alertsOf(run: string): Alert[] {
  const news = story.flatMap(([name, steps, kind]) =>
    steps.map((step, index) =>
      alertOf({
        id: `${run}/${name}/${step}`,
        subject: `${run}/${name}`,
        at: `2026-11-16T0${index}:00:00Z`,
        title: `${name} ${step}`,
        step,
        kind,
      }),
    ),
  );
  return [
    ...news,
    alertOf({ id: `${run}/launch`, subject: `${run}/launch`, title: 'launch', kind: 'launch' }),
  ];
}

/** Every alert at least once, some twice, in any order, and some of them at the same time as the one before. */
const deliveries = fc
  .array(fc.nat(9), { maxLength: 6 })
  .chain((again) => fc.shuffledSubarray([...Array(10).keys(), ...again], { minLength: 10 + again.length }))
  .chain((order) =>
    fc.tuple(
      fc.constant(order),
      fc.array(fc.boolean(), { minLength: order.length, maxLength: order.length }),
    ),
  )
  .map(([order, together]) => order.map((index, at) => ({ index, together: together[at] ?? false })));

async function deliver(world: Telling, run: string, order: { index: number; together: boolean }[]) {
  const alerts = alertsOf(run);
  const groups: number[][] = [];
  for (const { index, together } of order) {
    if (together && groups.length > 0) groups.at(-1)?.push(index);
    else groups.push([index]);
  }
  let messages = 0;
  for (const group of groups) {
    let left = group.map((index) => ({ alert: alerts[index] as Alert, messageId: `${run}-${messages++}` }));
    for (let receive = 1; left.length > 0; receive += 1) {
      expect(receive, 'a message that never ends').toBeLessThan(12);
      const told = await Promise.allSettled(
        left.map(({ alert, messageId }) => world.tell(alert, messageId, receive)),
      );
      left = left.filter((_, index) => told[index]?.status === 'rejected');
    }
  }
}

/** What people see of a run: each message with the set of its replies. */
const seen = (world: Telling, from: number) => {
  const posts = world.slack.posts.slice(from);
  return posts
    .filter(({ threadTs }) => threadTs === undefined)
    .map(({ text, ts }) => {
      const replies = posts.filter(({ threadTs }) => threadTs === ts).map((reply) => reply.text);
      return `${text}: ${replies.toSorted().join(', ')}`;
    })
    .toSorted();
};

let world: Telling;

describe.each<[string, object, string[]]>([
  [
    'as a bot',
    byBot,
    [
      '✅ budget restated: ✅ budget restated, 🔴 budget grown',
      '✅ idle recovered: ',
      '🔴 launch: ',
      '🔴 p4d reopened: ✅ p4d recovered, 🔴 p4d grown, 🔴 p4d reopened',
    ],
  ],
  [
    'by webhook',
    byWebhook,
    [
      '✅ budget restated: ',
      '✅ p4d recovered: ',
      '🔴 budget grown: ',
      '🔴 budget opened: ',
      '🔴 idle opened: ',
      '🔴 launch: ',
      '🔴 p4d grown: ',
      '🔴 p4d opened: ',
      '🔴 p4d reopened: ',
    ],
  ],
])('alerts that come twice, in any order and at the same time', (name, way, expected) => {
  beforeAll(async () => {
    world = await startTelling({ ...way, messagesPerHour: 1_000_000 });
  });
  afterAll(() => world.close());

  it(`${name} end in the same messages`, { timeout: 60_000 }, async () => {
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(deliveries, async (order) => {
        const from = world.slack.posts.length;
        runs += 1;
        await deliver(world, `run-${runs}`, order);
        expect(seen(world, from)).toEqual(expected);
      }),
      { numRuns: 12 },
    );
  });
});
