import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { PastJobs } from '../../shared/compute/sagemaker/job-series.ts';
import { getJobs, putJobs, putJobsRead, putPastJobs } from '../../shared/store/jobs.ts';
import type { Table } from '../../shared/store/table.ts';
import { ended, job } from '../support/jobs.ts';
import { startTable } from '../support/table.ts';

const target = { account: '210987654321', region: 'eu-west-1' };
const now = '2026-11-16T06:15:00Z';
let table: Table;
let stop: () => Promise<void>;

beforeEach(async () => {
  ({ table, stop } = await startTable());
});
afterEach(() => stop());

it('keeps the jobs of a target, whole, and of that target alone', async () => {
  const waits = [{ phase: 'Starting', since: now }];
  const whole = ended({ waits, payment: 'spot', failureReason: 'why', fingerprint: 'f', hasOwnPlaces: true });
  await putJobs(table, target, [whole, job({ name: 'running', kind: 'transform' })], 8, now);
  await putJobs(table, { ...target, region: 'us-east-1' }, [job({ name: 'other' })], 8, now);
  const { jobs } = await getJobs(table, target, now);
  expect(jobs).toEqual([whole, job({ name: 'running', kind: 'transform' })]);
});

it('keeps a job of each kind under the same name, and of one job the newest', async () => {
  await putJobs(table, target, [job({ name: 'a' }), job({ name: 'a', kind: 'processing' })], 8, now);
  await putJobs(table, target, [ended({ name: 'a' })], 8, now);
  const { jobs } = await getJobs(table, target, now);
  expect(jobs.map(({ kind, status }) => [kind, status])).toEqual([
    ['processing', 'InProgress'],
    ['training', 'Completed'],
  ]);
});

it('remembers when the jobs of a kind were read', async () => {
  expect((await getJobs(table, target, now)).readAt).toEqual({});
  await putJobsRead(table, target, 'training', '2026-11-16T05:15:00Z');
  await putJobsRead(table, target, 'training', now);
  await putJobsRead(table, target, 'transform', '2026-11-16T05:15:00Z');
  expect(await getJobs(table, target, now)).toEqual({
    jobs: [],
    readAt: { training: now, transform: '2026-11-16T05:15:00Z' },
    past: [],
  });
});

it.each([
  ['for some days one that ended well', ended(), '2026-11-24T03:59:59Z', '2026-11-24T04:00:00Z'],
  [
    'for a month one that failed',
    ended({ status: 'Failed' }),
    '2026-12-17T03:59:59Z',
    '2026-12-17T04:00:00Z',
  ],
  ['for as long as it may run one that runs', job(), '2027-01-14T17:54:59Z', '2027-01-14T17:55:00Z'],
])('keeps %s', async (_, one, last, over) => {
  await putJobs(table, target, [one], 8, now);
  expect((await getJobs(table, target, last)).jobs).toHaveLength(1);
  expect((await getJobs(table, target, over)).jobs).toHaveLength(0);
});

it('keeps more than one batch of them', async () => {
  const many = Array.from({ length: 60 }, (_, index) => job({ name: `job-${index}` }));
  await putJobs(table, target, many, 8, now);
  expect((await getJobs(table, target, now)).jobs).toHaveLength(60);
});

it('keeps what is known of jobs that it forgets, for a month, one record for those alike', async () => {
  const past: PastJobs = {
    check: 'job-failed-late',
    first: ended({ status: 'Failed', fingerprint: 'f' }),
    countedTo: '2026-11-10T00:00:00Z',
    lastEnd: '2026-11-09T04:00:00Z',
    times: 3,
    hours: 12,
    losses: [{ at: '2026-11-09T04:00:00Z', amount: 8.4 }],
  };
  const unpriced = { ...past, check: 'job-duplicate' as const, losses: undefined };
  await putPastJobs(table, target, { ...past, times: 2 }, '2026-11-16T05:15:00Z');
  await putPastJobs(table, target, past, now);
  await putPastJobs(table, target, unpriced, now);
  expect((await getJobs(table, target, now)).past).toEqual([unpriced, past]);
  expect((await getJobs(table, target, '2026-12-17T06:15:01Z')).past).toEqual([]);
});

it('leaves out what it cannot read, and reads the rest', async () => {
  await putJobs(table, target, [job({ name: 'a' }), job({ name: 'c' })], 8, now);
  const Item = { pk: 'JOBS#210987654321#eu-west-1', sk: 'training#b', job: { name: 'b' }, expiresAt: 2e9 };
  await table.client.send(new PutCommand({ TableName: table.name, Item }));
  expect((await getJobs(table, target, now)).jobs.map(({ name }) => name)).toEqual(['a', 'c']);
});
