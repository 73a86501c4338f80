import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Finding, wastedBetween } from '../../shared/compute/finding.ts';
import { wasteByOwner, wastedApart } from '../../shared/compute/waste.ts';
import { toTime } from '../../shared/period.ts';
import { findingOf } from '../support/finding.ts';

const from = '2026-11-01T00:00:00Z';
const to = '2026-11-10T10:00:00Z';

/** Found between two hours of 10 November at so many dollars an hour; one that lasts to the tenth is still open. */
function idle(
  start: number,
  end: number,
  wastedHourlyRate: number | undefined,
  given: Partial<Finding> = {},
) {
  const [since = '', seenAt = ''] = [start, end].map((hour) =>
    toTime(Date.parse('2026-11-10') + hour * 3_600_000),
  );
  return findingOf({ since, seenAt, closedAt: seenAt < to ? seenAt : undefined, wastedHourlyRate, ...given });
}

const sumOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);

const totals = (...findings: Finding[]) => wasteByOwner(findings, from, to)[0];

describe('waste by owner', () => {
  it('is what each wasted and goes on to waste, the most first, and apart what nobody owns', () => {
    const findings = [
      idle(0, 10, 2, { id: 'i-1', attribution: { owner: 'jonas', team: 'search' } }),
      idle(0, 10, 4, { id: 'i-2', attribution: { team: 'vision' } }),
      idle(-4, 8, 1, { id: 'i-3', attribution: { owner: 'jonas' } }),
      idle(0, 10, 9, { id: 'i-4', attribution: {} }),
    ];
    expect(wasteByOwner(findings, from, to)).toEqual([
      { owner: undefined, monthToDate: 90, hourly: 9, findings: 1, unpriced: 0 },
      { owner: 'vision', monthToDate: 40, hourly: 4, findings: 1, unpriced: 0 },
      { owner: 'jonas', monthToDate: 32, hourly: 2, findings: 2, unpriced: 0 },
    ]);
  });

  it('counts the time asked for, and not what was over before it or begins after it', () => {
    const long = idle(-240, 9, 1);
    expect(wasteByOwner([long], '2026-11-10T00:00:00Z', '2026-11-10T04:00:00Z')).toMatchObject([
      { monthToDate: 4 },
    ]);
    expect(wasteByOwner([long], '2026-11-10T09:30:00Z', to)).toEqual([]);
    expect(wasteByOwner([long], '2026-10-01T00:00:00Z', '2026-10-30T00:00:00Z')).toEqual([]);
    expect(wasteByOwner([], from, to)).toEqual([]);
  });

  it('does not go on for what nobody has looked at for days', () => {
    const lost = idle(-100, -98, 1, { closedAt: undefined });
    expect(totals(lost)).toMatchObject({ monthToDate: 28, hourly: 0, findings: 1 });
  });

  it('counts the dearer of two findings of one resource while both last', () => {
    const oversized = idle(0, 10, 1, { check: 'oversized' });
    expect(totals(oversized, idle(4, 10, 5))).toMatchObject({ monthToDate: 34, hourly: 5, findings: 2 });
    expect(totals(idle(4, 6, 5), oversized)).toMatchObject({ monthToDate: 18, hourly: 1, findings: 2 });
  });

  it('counts every episode of a resource, and each resource of the same name by itself', () => {
    expect(totals(idle(0, 2, 3), idle(5, 10, 3))).toMatchObject({ monthToDate: 21, hourly: 3 });
    const one = idle(0, 2, 3);
    expect(totals(one, idle(0, 2, 3, { region: 'us-east-1' }))).toMatchObject({ monthToDate: 12 });
    expect(totals(one, idle(0, 2, 3, { kind: 'hyperpod-node' }))).toMatchObject({ monthToDate: 12 });
  });

  it('takes a lost job for what it cost in all, the hours in which it was idle among them', () => {
    const job = { kind: 'sagemaker-training-job', id: 'reranker-3' } as const;
    const lost = idle(9, 9, undefined, { ...job, check: 'job-failed-late', loss: 120 });
    const stuck = idle(2, 9, 10, { ...job, check: 'job-idle' });
    expect(totals(stuck, lost)).toMatchObject({ monthToDate: 120, hourly: 0, findings: 2 });
  });

  it('counts what has no price apart from what costs nothing', () => {
    const unknown = idle(0, 10, undefined, { id: 'i-2', hourlyRate: undefined });
    const priced = idle(0, 10, undefined, { id: 'i-3', hourlyRate: 4, check: 'job-over-limit' });
    expect(totals(idle(0, 10, 2, { id: 'i-1' }), unknown, priced)).toMatchObject({
      monthToDate: 20,
      findings: 3,
      unpriced: 1,
    });
  });

  it('counts of a workload what none of its nodes wastes at that moment', () => {
    const node = (id: string, start: number, end: number) =>
      idle(start, end, 3, { id, attribution: { owner: 'platform' } });
    const workload = idle(0, 10, 4, {
      kind: 'container-gpus',
      id: 'vision/annotation-ui',
      check: 'gpu-requested-unused',
      within: ['i-1', 'i-2'],
      attribution: { owner: 'mira' },
    });
    const by = (...findings: Finding[]) =>
      new Map(wasteByOwner(findings, from, to).map(({ owner, ...waste }) => [owner, waste]));
    const oneNode = by(node('i-1', 0, 10), workload);
    expect(oneNode.get('platform')).toMatchObject({ monthToDate: 30, hourly: 3 });
    expect(oneNode.get('mira')).toMatchObject({ monthToDate: 10, hourly: 1, findings: 1, unpriced: 0 });
    const bothNodes = by(workload, node('i-1', 0, 10), node('i-2', 5, 10));
    expect(bothNodes.get('mira')).toMatchObject({ monthToDate: 5, hourly: 0, findings: 1 });
    expect(by(node('i-1', 0, 4), workload).get('mira')).toMatchObject({ monthToDate: 28, hourly: 4 });
    expect(by(node('i-9', 0, 10), workload).get('mira')).toMatchObject({ monthToDate: 40, hourly: 4 });
  });

  it('is of whoever owned a resource last', () => {
    const before = idle(0, 2, 3, { attribution: { owner: 'jonas' } });
    const after = idle(5, 6, 3, { attribution: { owner: 'mira' } });
    expect(wasteByOwner([after, before], from, to)).toMatchObject([{ owner: 'mira', monthToDate: 9 }]);
  });
});

describe('what workloads waste apart from their nodes', () => {
  it('takes each dollar of a node off one workload only', () => {
    const nodes = new Map([
      ['i-1', 5],
      ['i-2', 1],
    ]);
    const workloads = [
      { wasted: 4, within: ['i-1'] },
      { wasted: 4, within: ['i-1', 'i-2'] },
      { wasted: 4, within: [] },
    ];
    expect(wastedApart(workloads, nodes)).toEqual([0, 2, 4]);
    expect(nodes.get('i-1')).toBe(5);
  });

  it('is never less than nothing, nor more than they waste, and with the nodes no less than either', () => {
    const dollars = fc.integer({ min: 0, max: 100 });
    const ids = ['i-1', 'i-2', 'i-3'] as const;
    const workload = fc.record({ wasted: dollars, within: fc.subarray([...ids]) });
    const carriers = fc.tuple(dollars, dollars, dollars);
    fc.assert(
      fc.property(fc.array(workload, { maxLength: 6 }), carriers, (workloads, rates) => {
        const apart = wastedApart(workloads, new Map(ids.map((id, index) => [id, rates[index] ?? 0])));
        apart.forEach((amount, index) => {
          expect(amount).toBeGreaterThanOrEqual(0);
          expect(amount).toBeLessThanOrEqual(workloads[index]?.wasted ?? 0);
        });
        const [nodes, alone] = [sumOf(rates), sumOf(workloads.map(({ wasted }) => wasted))];
        expect(nodes + sumOf(apart)).toBeGreaterThanOrEqual(Math.max(nodes, alone));
      }),
    );
  });
});

describe('of whatever findings', () => {
  const hour = fc.integer({ min: -400, max: 200 });
  const cents = fc.integer({ min: 0, max: 10_000 }).map((value) => value / 100);
  const money = fc.option(cents, { nil: undefined });
  const finding = fc
    .tuple(
      hour,
      fc.nat(100),
      money,
      money,
      fc.boolean(),
      fc.constantFrom('i-1', 'i-2'),
      fc.constantFrom('jonas', 'mira'),
    )
    .map(([start, length, rate, loss, isOpen, id, owner]) =>
      idle(start, start + length, rate, {
        id,
        loss,
        attribution: { owner },
        ...(isOpen && { closedAt: undefined }),
      }),
    );
  const all = (findings: readonly Finding[]) =>
    sumOf(wasteByOwner(findings, from, to).map(({ monthToDate }) => monthToDate));

  it('it is no less than the largest and no more than the sum, and never NaN', () => {
    fc.assert(
      fc.property(fc.array(finding, { maxLength: 8 }), (findings) => {
        const each = findings.map((one) => wastedBetween(one, from, to) ?? 0);
        expect(all(findings)).toBeGreaterThanOrEqual(Math.max(0, ...each) * (1 - 1e-9));
        expect(all(findings)).toBeLessThanOrEqual(sumOf(each) * (1 + 1e-9));
      }),
    );
  });

  it('their order does not matter', () => {
    fc.assert(
      fc.property(fc.array(finding, { maxLength: 8 }), (findings) => {
        expect(all(findings.toReversed())).toBeCloseTo(all(findings), 6);
      }),
    );
  });
});
