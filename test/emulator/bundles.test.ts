import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleOptions, filesBeside, functionNames } from '../../build.ts';
import { createClient } from '../../shared/aws/client.ts';
import { addDays, dateOf, datesOf, type IsoDate } from '../../shared/period.ts';
import { getFindings } from '../../shared/store/findings.ts';
import { storeRates } from '../../shared/store/prices.ts';
import type { Table } from '../../shared/store/table.ts';
import type { Target } from '../../shared/target.ts';
import {
  createQueue,
  createTable,
  createTopic,
  emptyEmulator,
  evening,
  gpuData,
  launch,
  paid,
  presetBill,
  putMetrics,
  quietHostData,
  takeAll,
} from './emulator.ts';

const run = promisify(execFile);
const home: Target = { account: '123456789012', region: 'eu-west-1' };

let folder: string;
let table: Table;
let environment: NodeJS.ProcessEnv;
let alerts: Awaited<ReturnType<typeof createQueue>>;
let topic: Awaited<ReturnType<typeof createTopic>>;
let instanceId: string;

beforeAll(async () => {
  await emptyEmulator();
  folder = await mkdtemp(join(tmpdir(), 'watchdog-bundles-'));
  for (const name of functionNames()) {
    const { metafile } = await build({ ...bundleOptions(name), outfile: join(folder, `${name}.cjs`) });
    for (const [beside, file] of Object.entries(filesBeside(metafile)))
      await copyFile(file, join(folder, beside));
  }
  table = await createTable('watchdog');
  await storeRates(table, [paid(home.region)], evening);
  alerts = await createQueue('alerts');
  topic = await createTopic('alerts');
  const visits = await createQueue('visits');
  await createClient(S3Client).send(
    new CreateBucketCommand({
      Bucket: 'watchdog-ledger',
      CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' },
    }),
  );
  instanceId = await launch(home, 'g5g.xlarge', { Name: 'notebook', 'auto-stop': 'Mon-Sun 08:00-19:00 UTC' });
  await putMetrics(home, 'CWAgent', gpuData(instanceId, 0, 0, { hours: 4 }));
  await putMetrics(home, 'AWS/EC2', quietHostData(instanceId, { hours: 4 }));
  environment = {
    ...process.env,
    TABLE_NAME: 'watchdog',
    LEDGER_BUCKET: 'watchdog-ledger',
    ALERT_QUEUE_URL: alerts.url,
    SWEEP_QUEUE_URL: visits.url,
    ALERT_TOPIC_ARN: topic.arn,
    WATCHDOG_CONFIG: '{"idle":{"window":60}}',
  };
});

afterAll(() => rm(folder, { recursive: true }));

const probe = `
  const [file, event] = process.argv.slice(1);
  const context = { functionName: 'emulated', awsRequestId: '1', getRemainingTimeInMillis: () => 60_000 };
  require(file)
    .handler(JSON.parse(event), context)
    .then((result) => ({ result }), (error) => ({ error: error.message }))
    .then((outcome) => console.log(JSON.stringify(outcome)));
`;

/** Runs a packaged function in a process of its own, as Lambda would, and returns or throws what it did. */
async function invoke(name: string, event: unknown) {
  const { stdout } = await run(
    process.execPath,
    ['--eval', probe, join(folder, `${name}.cjs`), JSON.stringify(event)],
    { env: environment },
  );
  const { result, error } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
  if (error !== undefined) throw new Error(error);
  return result;
}

const sqsEvent = (...bodies: string[]) => ({
  Records: bodies.map((body, index) => ({
    messageId: `m-${index}`,
    receiptHandle: `handle-${index}`,
    body,
    attributes: { ApproximateReceiveCount: '1' },
  })),
});

const sample = async (file: string) => JSON.parse(await readFile(`events/${file}`, 'utf8'));

describe('each packaged function, against AWS', () => {
  it('watch-spend reads a bill of several pages and tells of the leak in it', async () => {
    const today = dateOf(evening);
    const amount = (date: IsoDate) => (date >= addDays(today, -4) ? 900 : 100);
    const days = datesOf({ start: addDays(today, -179), end: today });
    const pages = [days.slice(0, 100), days.slice(100)];
    const compute = 'Amazon Elastic Compute Cloud - Compute';
    const groups = (first: string) =>
      pages.map((page) => page.map((date) => ({ date, keys: [first, compute], amount: amount(date) })));
    await presetBill([groups('Usage'), groups('210987654321')]);
    const result = await invoke('watch-spend', { ...(await sample('watch-spend.json')), time: evening });
    expect(result).toMatchObject({ opened: 1, alerts: 1 });
    expect(result.incidents[0]).toMatchObject({
      scope: { account: '210987654321', service: compute },
      excessPerDay: expect.closeTo(800, 3),
    });
  });

  it('watch-utilization finds the idle GPU', async () => {
    const event = { ...(await sample('watch-utilization.json')), time: evening };
    expect(await invoke('watch-utilization', event)).toMatchObject({
      visited: { states: { idle: 1 }, opened: 1, told: 1 },
      alerts: 1,
    });
    expect(await getFindings(table, home)).toMatchObject([{ id: instanceId, check: 'idle-accelerator' }]);
  });

  it('enforce-schedules would stop it, and says so', async () => {
    const event = { ...(await sample('enforce-schedules.json')), time: evening };
    expect(await invoke('enforce-schedules', event)).toMatchObject({
      visited: { mode: 'observe', warned: [instanceId], stopped: [] },
      alerts: 1,
    });
  });

  it('sweep visits a target that a message names, and leaves a broken message to the queue', async () => {
    const visit = JSON.stringify({ pass: 'utilization', target: home, time: evening });
    expect(await invoke('sweep', sqsEvent(visit, '{"pass":"none"}'))).toEqual({
      batchItemFailures: [{ itemIdentifier: 'm-1' }],
    });
  });

  // The emulator can't filter by reservation, which a launch that is there would be asked for.
  it('watch-launches asks EC2 for what was just started, and asks to be run again while that is not listed', async () => {
    const event = { ...(await sample('ec2-state-change.json')), account: home.account, time: evening };
    await expect(invoke('watch-launches', event)).rejects.toThrow(
      "EC2 doesn't list i-0f31c4a7d1b2e9a05 in 123456789012, eu-west-1 (yet)",
    );
  });

  it('relay-aws-alerts takes an anomaly from SNS', async () => {
    expect(await invoke('relay-aws-alerts', await sample('cost-anomaly-sns.json'))).toMatchObject({
      alerts: 1,
    });
  });

  it('notify mails everything that was told, once', async () => {
    const messages = await takeAll(alerts);
    const event = sqsEvent(...messages);
    expect(await invoke('notify', event)).toEqual({ batchItemFailures: [] });
    expect(await invoke('notify', event)).toEqual({ batchItemFailures: [] });
    const mails = (await takeAll(topic.inbox)).map((body) => JSON.parse(body));
    expect(mails.map(({ MessageAttributes }) => MessageAttributes.kind.Value).toSorted()).toEqual([
      'aws-cost-anomaly',
      'spend-anomaly',
      'stop-warning',
      'utilization',
    ]);
  });
});
