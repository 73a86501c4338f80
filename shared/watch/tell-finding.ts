import { findingAlert } from '../alert/finding-alert.ts';
import { monthlyCost } from '../compute/cost.ts';
import type { Finding, Flaw } from '../compute/finding.ts';
import type { Config } from '../config.ts';
import { confirmFindings, openFinding, openingWrite } from '../store/findings.ts';
import { recordAlert } from '../store/outbox.ts';
import type { Table } from '../store/table.ts';
import type { Watched } from './observe.ts';

/** A finding that this pass has seen, and whether it was open before. */
export type Seen = { finding: Finding; flaw: Flaw; isOpen: boolean };

/** Tells of a finding, in one transaction with its opening; false where this episode was told before. */
export async function tellFinding(
  { target, config, now }: Pick<Watched, 'target' | 'config' | 'now'>,
  table: Table,
  { finding, flaw, isOpen }: Seen,
): Promise<boolean> {
  const told = { ...finding, toldAt: now };
  const { resource } = flaw;
  const alert = findingAlert({ finding: told, resource, target, tags: config.tags, now });
  const isNew = await recordAlert(table, alert, isOpen ? [] : [openingWrite(table, told)]);
  if (isOpen) await confirmFindings(table, [told]);
  else if (!isNew) await openFinding(table, told);
  return isNew;
}

/**
 * Whether it wastes no less than the floor a month, or by the time that it ends by itself. What isn't measured in dollars
 * does: of an unknown price, or a job that runs too long.
 */
export function costsEnough(
  { wastedHourlyRate, loss, atStake }: Finding,
  { utilization: { floor } }: Config,
): boolean {
  if (atStake !== undefined) return Math.max(atStake, loss ?? 0) >= floor;
  if (wastedHourlyRate === undefined && loss === undefined) return true;
  return monthlyCost(wastedHourlyRate ?? 0) >= floor || (loss ?? 0) >= floor;
}
