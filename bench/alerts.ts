import { parseArgs } from 'node:util';
import type { Alert } from '../shared/alert/alert.ts';
import { deliver, foldUp, record, type Taken } from './alerts/deliver.ts';
import { postInLoops } from './alerts/naive.ts';
import type { Seen } from './alerts/servers.ts';
import { generateAlerts, openWorld } from './alerts/world.ts';
import { table, whole } from './utilization/tables.ts';

/**
 * Tells many alerts at once: from their record through outbox and queue to a Slack that takes one message a second and
 * channel, by the function's own handler, with DynamoDB and Slack in a process of their own. Beside it, on the same Slack,
 * the plain way. One answer in a hundred gets lost. Ends with 1 where ours loses or doubles one.
 */
const { values: options } = parseArgs({
  options: {
    alerts: { type: 'string', default: '10000' },
    channels: { type: 'string', default: '50' },
    workers: { type: 'string', default: '10' },
    lost: { type: 'string', default: '100' },
    ways: { type: 'string', default: 'ours,plain,folded,unlimited' },
  },
});
const [count, channels, workers, lostAnswers] = [
  Number(options.alerts),
  Number(options.channels),
  Number(options.workers),
  Number(options.lost),
];
if (![count, channels, workers].every((one) => Number.isInteger(one) && one > 0)) {
  throw new Error('--alerts, --channels and --workers are whole numbers above 0.');
}

/** Lambda on arm64 at 256 MB, dollars a second; a request; and what SQS takes for one. */
const perSecond = 0.25 * 0.0000133334;
const perRequest = 0.2e-6;
const perQueueCall = 0.4e-6;

const alerts = generateAlerts(count, channels);
const floor =
  Math.max(
    ...Map.groupBy(alerts, ({ team }) => team)
      .values()
      .map(({ length }) => length),
  ) - 1;
let faults = 0;

type Row = {
  way: string;
  count: number;
  seconds: number;
  expected: number;
  seen: Seen;
  record?: Taken;
  told?: Awaited<ReturnType<typeof deliver>>;
};

type Given = { told?: readonly Alert[]; messagesPerSecond?: number; messagesPerHour?: number };

/** Ours: some of the alerts, as fast as Slack takes them, and as many as the configuration allows an hour. */
async function ours(
  way: string,
  { told: given = alerts, messagesPerSecond, messagesPerHour = 1_000_000 }: Given,
): Promise<Row> {
  const count = given.length;
  const limit = messagesPerSecond === undefined ? {} : { messagesPerSecond };
  const world = await openWorld(channels, { messagesPerHour }, { lostAnswers, ...limit });
  const recorded = await record(world, given);
  const told = await deliver(world, workers);
  const summaries = messagesPerHour < count ? await foldUp(world) : 0;
  if (summaries > 0) await deliver(world, workers);
  const seen = await world.seen();
  await world.close();
  // Where what opened a problem is held back, what tells of its growth makes two messages: more than is expected.
  const expected = count - told.held + summaries;
  if (seen.messages !== seen.different || told.dead > 0 || seen.different < expected) faults += 1;
  return { way, count, seconds: told.seconds, expected, seen, record: recorded, told };
}

async function plain(): Promise<Row> {
  const world = await openWorld(channels, {}, { lostAnswers, messagesPerSecond: 1 });
  const seconds = await postInLoops(alerts, world.places);
  const seen = await world.seen();
  await world.close();
  return { way: 'a loop for each channel', count, seconds, expected: count, seen };
}

function row({ way, count, seconds, expected, seen, record: recorded, told }: Row): string[] {
  const each = (value: number | undefined): string => (value === undefined ? '' : (value / count).toFixed(1));
  const requests = Object.values(seen.requests).reduce((sum, one) => sum + one, 0);
  const dollars =
    recorded &&
    told &&
    recorded.dollars +
      told.dollars +
      told.lambdaSeconds * perSecond +
      told.batches * perRequest +
      (2 * told.batches + told.hidden + count / 10) * perQueueCall;
  return [
    way,
    whole(count),
    whole(seconds),
    (seen.messages / seconds).toFixed(0),
    whole(seen.messages),
    whole(seen.loud),
    whole(seen.messages - seen.different),
    whole(Math.max(0, expected - seen.different)),
    whole(seen.tooFast),
    each(requests),
    each(told && recorded && told.calls + recorded.calls),
    told ? String(told.mostReceives) : '',
    dollars === undefined ? '' : dollars.toFixed(3),
  ];
}

console.log(`Node ${process.version}, ${whole(count)} alerts, ${channels} channels, ${workers} workers`);
console.log(`One message a second and channel: not before ${floor} s\n`);
const ways: Readonly<Record<string, () => Promise<Row>>> = {
  ours: () => ours('ours', { messagesPerSecond: 1 }),
  plain,
  folded: () => ours('ours, 30 messages an hour', { messagesPerSecond: 1, messagesPerHour: 30 }),
  unlimited: () =>
    ours('ours, Slack without limit', { told: generateAlerts(Math.ceil(count / 10), channels) }),
};
const rows: Row[] = [];
for (const way of options.ways.split(',')) {
  const run = ways[way];
  if (run === undefined) throw new Error(`--ways are of ${Object.keys(ways).join(', ')}`);
  rows.push(await run());
}
console.log(
  table(
    [
      '',
      'alerts',
      'seconds',
      'a second',
      'messages',
      'in the channel',
      'twice',
      'lost',
      'refused as too fast',
      'Slack calls each',
      'DynamoDB calls each',
      'received at most',
      'dollars',
    ],
    rows.map(row),
  ),
);
for (const { way, record: recorded, told } of rows) {
  if (!recorded || !told) continue;
  console.log(
    `${way}: ${recorded.seconds.toFixed(0)} s to record and hand over, ${told.lambdaSeconds.toFixed(0)} s of Lambda in ${whole(told.batches)} runs, ${whole(told.hidden)} put off`,
  );
}
console.log(`Peak memory of what delivers: ${whole(process.resourceUsage().maxRSS / 1024)} MB`);
if (faults > 0) {
  console.error(`\n${faults} of the runs above lost an alert, or told one twice.`);
  process.exitCode = 1;
}
