import { describe, expect, it } from 'vitest';
import type { ScheduleRecord } from '../../shared/schedule/record.ts';
import { restoreOf } from '../../shared/schedule/restore.ts';
import type { Schedulable } from '../../shared/schedule/schedulable.ts';
import { policy } from './candidate.ts';

const subject: Schedulable = {
  kind: 'ecs-service',
  account: '210987654321',
  region: 'eu-west-1',
  id: 'lab/api',
  name: 'api',
  type: 'FARGATE',
  tags: { 'auto-stop': 'office-hours' },
  state: 'running',
  restore: { desiredCount: 1 },
};

const given = (record: ScheduleRecord, now: string, changes: Partial<Schedulable> = {}) =>
  restoreOf({ ...subject, ...changes }, { record, policy, now });

/** A Friday; the office in Berlin closes at 18:00 UTC. */
const stopped: ScheduleRecord = { stoppedAt: '2026-11-20T18:20:00Z', restore: { desiredCount: 4 } };

describe('what a start gives back', () => {
  it.each([
    ['as it is, where nothing was stopped yet', {}, '2026-11-20T21:00:00Z', 1],
    [
      'as it was when its hours ended, however often it was brought back since',
      stopped,
      '2026-11-20T21:00:00Z',
      4,
    ],
    ['the same over the whole weekend', stopped, '2026-11-22T21:00:00Z', 4],
    ['as it is within the next hours', stopped, '2026-11-23T09:00:00Z', 1],
    ['as it is on the next evening', stopped, '2026-11-23T18:20:00Z', 1],
    [
      'as it is, where it was not us who stopped it',
      { restore: { desiredCount: 4 } },
      '2026-11-20T21:00:00Z',
      1,
    ],
  ])('is %s', (_, record, now, desiredCount) => {
    expect(given(record, now)).toEqual({ desiredCount });
  });

  it('is what was stored, of what is down now', () => {
    expect(given(stopped, '2026-11-20T21:00:00Z', { restore: undefined })).toEqual({ desiredCount: 4 });
  });

  it('is what there is, where no schedule says when its hours ended', () => {
    expect(given(stopped, '2026-11-20T21:00:00Z', { tags: {} })).toEqual({ desiredCount: 1 });
  });
});
