import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from 'vitest';
import { type SlackFault, type SlackPost, startSlack } from '../../cli/sample/slack.ts';
import type { Alert } from '../../shared/alert/alert.ts';
import { recordAlert } from '../../shared/store/outbox.ts';
import { alertOf } from '../support/alert.ts';
import { startQueueServer } from '../support/queue-server.ts';
import { type Luck, luckOf } from '../support/simulation/luck.ts';
import { startTable } from '../support/table.ts';
import { openVisibleQueue } from '../support/visible-queue.ts';

const workerFile = fileURLToPath(new URL('../support/notify-worker.ts', import.meta.url));

/** How long a request may still be on its way when the process that sent it is gone: ms. */
const longestRequest = 250;
const secondMs = 40; // what is hidden for 90 seconds is hidden for 3.6: longer than a worker lives here
const longestLife = 2500; // ms

const problems = 12;
const steps = ['opened', 'grown', 'recovered'] as const;

/** A story of each problem, and as many that are told and over. */
const alerts: Alert[] = Array.from({ length: problems }, (_, index) => [
  ...steps.map((step, hour) =>
    alertOf({
      id: `spend/${index}/${step}`,
      subject: `spend/${index}`,
      step,
      at: `2026-11-16T0${hour}:00:00Z`,
      title: `Problem ${index} ${step}`,
    }),
  ),
  alertOf({ id: `launch/${index}`, subject: `launch/${index}`, kind: 'launch', title: `Launch ${index}` }),
]).flat();

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

it('shows each alert exactly once, however often its worker is killed', { timeout: 180_000 }, async () => {
  const luck = luckOf(6);
  const world = await startWorld(luck);
  for (const alert of alerts) {
    await recordAlert(world.table, alert);
    world.queue.send(JSON.stringify(alert));
    if (luck.oneIn(6)) world.queue.send(JSON.stringify(alert)); // AWS delivers twice
  }
  let killed = 0;
  let interrupted = 0;
  const work = async () => {
    while (world.queue.left() > 0) {
      const worker = await world.startWorker();
      const life = wait(luck.between(200, longestLife));
      await Promise.race([life, world.untilEmpty()]);
      if (world.queue.left() === 0) return;
      killed += 1;
      interrupted += await worker.kill();
    }
  };
  await Promise.all([work(), work()]);

  const { roots, threads } = seen(world.posts);
  expect(roots.toSorted()).toEqual(
    Array.from({ length: problems }, (_, index) => [`✅ Problem ${index} recovered`, `🔴 Launch ${index}`])
      .flat()
      .toSorted(),
  );
  for (const [index, replies] of threads) {
    expect(replies.toSorted()).toEqual([`✅ Problem ${index} recovered`, `🔴 Problem ${index} grown`]);
  }
  expect(threads).toHaveLength(problems);
  expect(world.queue.dead).toEqual([]);
  // The test is worth something only where workers died with work in their hands.
  expect(killed).toBeGreaterThan(2);
  expect(interrupted).toBeGreaterThan(2);
});

/** Where everything is but the workers, which are processes of their own. */
async function startWorld(luck: Luck) {
  const { table, stop } = await startTable();
  ends.push(stop);
  const slack = await startSlack({ fault: () => faultBy(luck) });
  ends.push(slack.close);
  const queue = openVisibleQueue({ visibilityMs: 3_600_000, maxReceives: 40, secondMs });
  /** What each worker has received, by its name. */
  const taken = new Map<string, Set<string>>();
  const server = await startQueueServer({
    queue,
    secrets: { '/watchdog/slack-token': slack.token },
    onReceived: (worker, messages) => {
      for (const { receipt } of messages) taken.get(worker)?.add(receipt);
    },
  });
  ends.push(server.stop);
  const env = {
    ...process.env, // with where the table is
    AWS_ENDPOINT_URL_SQS: server.url,
    AWS_ENDPOINT_URL_SSM: server.url,
    SLACK_API_URL: slack.apiUrl,
    TABLE_NAME: 'watchdog',
    POWERTOOLS_LOG_LEVEL: 'SILENT',
    NODE_OPTIONS: '',
    WATCHDOG_CONFIG: JSON.stringify({
      alerts: {
        slack: { token: 'ssm:/watchdog/slack-token', channel: '#ml-cost' },
        email: false,
        messagesPerHour: 1_000_000,
      },
    }),
  };
  let workers = 0;
  const spawn = () => {
    workers += 1;
    const name = `worker-${workers}`;
    taken.set(name, new Set());
    const ALERT_QUEUE_URL = `${server.url}/123456789012/${name}`;
    const child = fork(workerFile, { env: { ...env, ALERT_QUEUE_URL }, execArgv: [], stdio: 'inherit' });
    ends.push(() => end(child));
    return { name, child, isReady: once(child, 'message') };
  };
  const spare = [spawn(), spawn()];

  return {
    table,
    queue,
    posts: slack.posts,
    untilEmpty: async () => {
      while (queue.left() > 0) await wait(20);
    },
    /** Starts a worker that was waiting, warm; another one takes its place. */
    startWorker: async () => {
      const { name, child, isReady } = spare.shift() ?? spawn();
      spare.push(spawn());
      await isReady;
      child.send('go');
      return {
        /** Kills it. What it held comes back once nothing of it is on its way any more; returns how many that is. */
        kill: async (): Promise<number> => {
          await end(child);
          await wait(longestRequest);
          return [...(taken.get(name) ?? [])].filter((receipt) => queue.release(receipt)).length;
        },
      };
    },
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/** Slack on a bad day: slow, silent, or out of order. */
function faultBy(luck: Luck): SlackFault | undefined {
  if (luck.oneIn(8)) return { late: 200 };
  if (luck.oneIn(12)) return { slow: 200 };
  if (luck.oneIn(20)) return 'lost';
  if (luck.oneIn(40)) return { status: 500 };
  return undefined;
}

/** What people see: the messages, and the replies of each problem's thread. */
function seen(posts: readonly SlackPost[]) {
  const tops = posts.filter(({ threadTs }) => threadTs === undefined);
  const threads = tops.flatMap(({ ts, text }): [string, string[]][] => {
    const [, index] = /Problem (\d+)/.exec(text) ?? [];
    const replies = posts.filter(({ threadTs }) => threadTs === ts).map((reply) => reply.text);
    return index === undefined ? [] : [[index, replies]];
  });
  return { roots: tops.map(({ text }) => text), threads };
}
