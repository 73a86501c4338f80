import { describe, expect, it } from 'vitest';
import { checkHeartbeats } from '../../cli/doctor.ts';
import { heartbeat } from '../../shared/store/heartbeats.ts';
import { watchdog } from '../support/run.ts';
import { startTable } from '../support/table.ts';

describe('digest', () => {
  it('shows people the week of the sample account as its mail does, and sends nothing', async () => {
    const { code, stdout, stderr } = await watchdog(['digest', '--sample']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^Weekly digest, 8 to 14 Nov: \$33,\d{3}, 2 % more than in the week before/);
    expect(stdout).toContain('2 incidents are open');
    expect(stdout).toContain('1. Stop reranker-train (p4d.24xlarge in ml-dev, jonas)');
    expect(stdout.split('\n').every((line) => line.length <= 72)).toBe(true);
  });

  it('shows programs the alert of a team', async () => {
    const { code, stdout } = await watchdog([
      'digest',
      '--sample',
      '--team',
      'search',
      '--period',
      'daily',
      '--format',
      'json',
    ]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      id: 'digest/daily/2026-11-16/team=search',
      team: 'search',
      summary: expect.stringContaining('no tag of teams is in spend.tags'),
    });
  });

  it('names the periods there are', async () => {
    const { code, stderr } = await watchdog(['digest', '--sample', '--period', 'yearly']);
    expect(code).toBe(2);
    expect(stderr).toContain('daily, weekly, monthly');
  });
});

describe('doctor', () => {
  it('shows the last success of each function, and what is overdue as a fault', async () => {
    const { table, stop } = await startTable();
    try {
      const now = '2026-11-16T09:00:00Z';
      expect(await checkHeartbeats({ table, now })).toMatchObject([
        { status: 'warn', detail: 'no run is on record yet' },
      ]);
      await heartbeat(table, 'watch-spend')({ at: '2026-11-16T06:00:00Z', cost: 0 });
      await heartbeat(table, 'watch-utilization')({ at: '2026-11-15T06:00:00Z', cost: 0 });
      const findings = await checkHeartbeats({ table, now });
      expect(findings.map(({ status, detail }) => `${status}: ${detail}`)).toEqual([
        'ok: watch-spend: last success 2026-11-16 06:00 UTC',
        'fail: utilization was not read since 2026-11-15 06:00 UTC (watch-utilization)',
        'fail: enforce-schedules has no success on record',
        'fail: follow-up-alerts has no success on record',
        'fail: send-digests has no success on record',
      ]);
    } finally {
      await stop();
    }
  });

  it('says nothing of heartbeats where no table is known', async () => {
    expect(await checkHeartbeats({ now: '2026-11-16T09:00:00Z' })).toEqual([]);
  });
});
