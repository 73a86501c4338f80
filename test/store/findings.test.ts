import { afterEach, beforeEach, expect, it } from 'vitest';
import type { IdleFinding } from '../../shared/compute/finding.ts';
import {
  closeFinding,
  confirmFinding,
  getFindings,
  openFinding,
  openingWrite,
} from '../../shared/store/findings.ts';
import { recordAlert } from '../../shared/store/outbox.ts';
import type { Table } from '../../shared/store/table.ts';
import { alertOf } from '../support/alert.ts';
import { startTable } from '../support/table.ts';

const target = { account: '210987654321', region: 'eu-west-1' };
let table: Table;
let stop: () => Promise<void>;

beforeEach(async () => {
  ({ table, stop } = await startTable());
});
afterEach(() => stop());

const finding = (given: Partial<IdleFinding> = {}): IdleFinding => ({
  ...target,
  instanceId: 'i-1',
  idleSince: '2026-11-13T17:00:00Z',
  openedAt: '2026-11-16T06:15:00Z',
  seenAt: '2026-11-16T06:15:00Z',
  reason: '8 of 8 GPUs at 0 %',
  hourlyRate: 32.77,
  ...given,
});

it('keeps the open findings of each target', async () => {
  await openFinding(table, finding());
  await openFinding(table, finding({ instanceId: 'i-2', hourlyRate: undefined }));
  await openFinding(table, finding({ region: 'us-east-1' }));
  const { hourlyRate: _, ...unpriced } = finding({ instanceId: 'i-2' });
  expect(await getFindings(table, target)).toEqual([finding(), unpriced]);
});

it('opens one with its alert once, however many runs see it', async () => {
  const [first, second] = [finding(), finding({ idleSince: '2026-11-13T18:00:00Z' })];
  expect(await recordAlert(table, alertOf({ id: 'first' }), [openingWrite(table, first)])).toBe(true);
  expect(await recordAlert(table, alertOf({ id: 'second' }), [openingWrite(table, second)])).toBe(false);
  expect(await getFindings(table, target)).toEqual([first]);
});

it('keeps the newest evidence, whichever run comes last', async () => {
  await openFinding(table, finding());
  const newer = finding({ seenAt: '2026-11-16T08:15:00Z', reason: 'newer' });
  expect(await confirmFinding(table, newer)).toBe(true);
  expect(await confirmFinding(table, finding({ seenAt: '2026-11-16T07:15:00Z', reason: 'older' }))).toBe(
    false,
  );
  expect(await getFindings(table, target)).toEqual([newer]);
});

it('does not bring back by a late confirmation what was closed', async () => {
  await openFinding(table, finding());
  expect(await closeFinding(table, finding(), '2026-11-16T07:15:00Z')).toBe(true);
  expect(await confirmFinding(table, finding({ seenAt: '2026-11-16T08:15:00Z' }))).toBe(false);
  expect(await getFindings(table, target)).toEqual([]);
});

it('does not close what a newer run has seen, nor the next episode', async () => {
  await openFinding(table, finding());
  expect(await closeFinding(table, finding(), '2026-11-16T05:15:00Z')).toBe(false);
  const earlier = finding({ idleSince: '2026-11-10T17:00:00Z' });
  expect(await closeFinding(table, earlier, '2026-11-16T09:15:00Z')).toBe(false);
  expect(await getFindings(table, target)).toHaveLength(1);
});
