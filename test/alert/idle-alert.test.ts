import { describe, expect, it } from 'vitest';
import { idleAlert } from '../../shared/alert/idle-alert.ts';
import type { IdleFinding } from '../../shared/compute/finding.ts';
import { instance } from '../support/compute.ts';

const finding: IdleFinding = {
  account: '210987654321',
  region: 'eu-west-1',
  instanceId: 'i-0d4e1f2a3b4c5d6e7',
  idleSince: '2026-11-13T17:00:00Z',
  openedAt: '2026-11-16T06:15:00Z',
  seenAt: '2026-11-16T06:15:00Z',
  reason: '8 of 8 GPUs at 0-2 % for 3 h, 1.4 GiB of memory held, 100 % coverage',
  hourlyRate: 32.77,
};

const alert = (given: Partial<IdleFinding> = {}, tags: Record<string, string> = { Name: 'reranker-train' }) =>
  idleAlert({
    finding: { ...finding, ...given },
    instance: instance({ tags }),
    attribution: { owner: 'jonas', team: 'search' },
    target: { account: '210987654321', accountName: 'ml-dev', region: 'eu-west-1' },
    tags: { schedule: 'auto-stop' },
  });

describe('the alert of an idle accelerator', () => {
  it('says what, how much, since when, whose and why', () => {
    expect(alert()).toMatchObject({
      id: 'idle/210987654321/eu-west-1/i-0d4e1f2a3b4c5d6e7/2026-11-13T17:00:00Z/opened',
      severity: 'critical',
      title:
        'reranker-train (p4d.24xlarge) has done nothing for 2 days 13 h: $32.77 an hour, $23,922 a month',
      summary:
        'None of its accelerators has worked since 2026-11-13 17:00 UTC. Seen: 8 of 8 GPUs at 0-2 % for 3 h, 1.4 GiB of memory held, 100 % coverage.',
      owner: 'jonas',
      team: 'search',
      facts: expect.arrayContaining([
        { label: 'Account', value: 'ml-dev (210987654321), eu-west-1' },
        { label: 'Wasted so far', value: '$2,007.16' },
      ]),
    });
  });

  it('is of the same change in every run that sees the same episode', () => {
    expect(alert({ seenAt: '2026-11-16T09:15:00Z', reason: 'other evidence' }).id).toBe(alert().id);
    expect(alert({ idleSince: '2026-11-14T17:00:00Z' }).id).not.toBe(alert().id);
  });

  it('says that a price is unknown, never that it is nothing', () => {
    const { title, severity, facts } = alert({ hourlyRate: undefined });
    expect(title).toMatch(/: price unknown$/);
    expect(severity).toBe('warning');
    expect(facts).toContainEqual({ label: 'Wasted so far', value: 'unknown, as its price is' });
  });

  it('advises a schedule where there is none, and names the one there is', () => {
    expect(alert().action).toContain('tag it auto-stop with the hours in which it may run');
    expect(alert({}, { 'auto-stop': 'office-hours' }).action).toContain(
      'Its tag auto-stop is "office-hours"',
    );
  });
});
