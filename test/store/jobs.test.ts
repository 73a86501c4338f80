import { afterEach, beforeEach, expect, it } from 'vitest';
import { getJobs, putJobs, putJobsRead } from '../../shared/store/jobs.ts';
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
  const whole = ended({ payment: 'spot', failureReason: 'why', fingerprint: 'f', hasOwnPlaces: true });
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
