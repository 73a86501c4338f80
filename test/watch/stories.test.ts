import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSampleAccount, type SampleAccount } from '../../cli/sample/account.ts';
import { checks } from '../../shared/compute/check.ts';
import { loadConfig } from '../../shared/config.ts';
import { addMilliseconds } from '../../shared/period.ts';
import { openTable } from '../../shared/store/table.ts';
import { homeOf, targetsOf } from '../../shared/target.ts';
import { targetClients } from '../../shared/watch/target-clients.ts';
import { type UtilizationResult, watchUtilization } from '../../shared/watch/utilization.ts';
import { expectedChecks, storyTime } from '../cli/sample/stories.ts';

let sample: SampleAccount;
let first: UtilizationResult[];
let second: UtilizationResult[];

const watchAll = async (now: string) => {
  sample.setNow(now);
  const config = loadConfig(process.env);
  const table = openTable(sample.env['TABLE_NAME'] ?? '');
  const results: UtilizationResult[] = [];
  for (const target of targetsOf(config, homeOf(process.env))) {
    results.push(await watchUtilization({ ...targetClients(target), table }, target, config, now));
  }
  return results;
};

beforeAll(async () => {
  sample = await openSampleAccount({ now: storyTime });
  first = await watchAll(storyTime);
  second = await watchAll(addMilliseconds(storyTime, 3_600_000));
});
afterAll(() => sample.close());

/** What is said of each resource: its check, else its state. */
const saidOf = (results: readonly UtilizationResult[]) =>
  results.flatMap(({ observations }) =>
    observations.map(({ resource, utilization }) => ({
      id: resource.id,
      said: utilization.check ?? utilization.state,
      reason: utilization.reason,
    })),
  );

describe('a pass over the sample account', () => {
  it('reads everything that it may', () => {
    expect(first.flatMap(({ gaps }) => gaps)).toEqual([]);
  });

  it.each(Object.entries(expectedChecks))('says of %s: %s', (id, expected) => {
    const said = saidOf(first).filter((one) => one.id === id);
    expect(said.map((one) => one.said)).toContain(expected);
    for (const { reason } of said) expect(reason).not.toMatch(/NaN|Infinity|undefined|\.$/);
  });

  it('says something of everything, and nothing of what nobody expects', () => {
    const unexpected = saidOf(first).filter(({ id }) => !(id in expectedChecks));
    expect(unexpected).toEqual([]);
  });

  it('has each check that there is', () => {
    const said = new Set(saidOf(first).map((one) => one.said));
    expect(checks.filter((check) => !said.has(check))).toEqual([]);
  });

  it('opens each finding once, and an hour later nothing that was there before', () => {
    const opened = first.reduce((sum, one) => sum + one.opened, 0);
    expect(opened).toBe(
      first.flatMap(({ observations }) => observations.filter(({ utilization }) => utilization.check)).length,
    );
    const before = new Set(saidOf(first).map(({ id, said }) => `${id} ${said}`));
    const isNew = saidOf(second).filter(
      ({ id, said }) => (checks as readonly string[]).includes(said) && !before.has(`${id} ${said}`),
    );
    expect(second.reduce((sum, one) => sum + one.opened, 0)).toBe(isNew.length);
  });

  it('knows what was wasted, of whom, and adds up to no more than it all costs', () => {
    for (const { observations, waste } of first) {
      const rate = observations.reduce((sum, { hourlyRate = 0 }) => sum + hourlyRate, 0);
      const wasted = waste.reduce((sum, { hourly }) => sum + hourly, 0);
      expect(wasted).toBeLessThanOrEqual(rate + 1e-9);
      for (const { monthToDate, hourly } of waste)
        expect(Math.min(monthToDate, hourly)).toBeGreaterThanOrEqual(0);
    }
  });
});
