import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../shared/config.ts';
import { giveHours, hour, type Machine, minute, stateOf } from '../support/simulation/machine.ts';
import { openRegion } from '../support/simulation/region.ts';
import { namedSchedules, tagValues } from '../support/simulation/schedules.ts';

/** A Monday on which the office in Berlin closes at 18:00 UTC, and something with other hours opens at 19:00. */
const begin = Date.parse('2026-11-16T17:40:00Z');
const config = parseConfig({ enforce: true, schedules: namedSchedules });
const morning = begin - 10 * hour;

function machineOf(seed: number, value: string, given: Partial<Machine> = {}): Machine {
  const machine: Machine = {
    id: `i-${String(seed).padStart(17, '0')}`,
    type: 'm6i.xlarge',
    tags: { owner: seed % 2 === 0 ? 'mei' : 'dana', 'auto-stop': value },
    meaning: { kind: 'never' },
    open: [],
    taggedAt: morning,
    canHibernate: false,
    holdsMemory: false,
    runs: [{ from: morning, by: 'person' }],
    work: [],
    silent: [],
    keptUntil: 0,
    keptAt: 0,
    refusedAt: 0,
    seed,
    ...given,
  };
  const known = tagValues.find((each) => each.value === value);
  giveHours(machine, known?.meaning ?? { kind: 'never' }, morning, begin + 24 * hour);
  return machine;
}

/** One of each: idle, always, at work until and from some time, kept, protected, unreadable, asleep and to be started. */
const machines = (): Machine[] => [
  machineOf(1, 'office-hours'),
  machineOf(2, 'office-hours; always', { work: [{ from: morning, to: begin + 9 * hour, on: 'cpu' }] }),
  machineOf(3, 'office-hours', { work: [{ from: morning, to: begin + 50 * minute, on: 'cpu' }] }),
  machineOf(4, 'office-hours', { work: [{ from: morning, to: begin + 9 * hour, on: 'cpu' }] }),
  machineOf(5, 'office-hours; start; grace=30m'),
  machineOf(6, 'office-hours', { protection: 'stop-protection' }),
  machineOf(7, 'weekdays 8 to 6'),
  machineOf(8, 'night-shift', {
    runs: [{ from: morning - 20 * hour, by: 'person', to: morning, endedBy: 'person' }],
  }),
  machineOf(9, 'off'),
];

type Delivery = { time: number; arrivesAt: number };

/** What is left when all is over: what people were told of each instance, its state and its record. */
async function live(deliveries: readonly Delivery[]) {
  const region = openRegion(machines());
  const told: string[] = [];
  const lines: string[] = [];
  const outlet = {
    show: async (alert: { id: string; kind: string; items: readonly string[]; subject: string }) => {
      told.push(alert.id);
      const named = alert.items.flatMap((item) => /i-\d{17}/.exec(item)?.[0] ?? []);
      lines.push(
        ...(named.length > 0 ? named.map((id) => `${alert.kind} ${id}`) : [`${alert.kind} ${alert.subject}`]),
      );
      return undefined;
    },
  };
  try {
    for (const { time, arrivesAt } of deliveries.toSorted((one, other) => one.arrivesAt - other.arrivesAt)) {
      region.clock.now = arrivesAt;
      await region.run(config, { time });
      await region.deliver(outlet);
    }
    return { told, lines: lines.toSorted(), states: statesOf(region), records: recordsOf(region) };
  } finally {
    region.close();
  }
}

type Region = ReturnType<typeof openRegion>;

const statesOf = ({ machines, clock }: Region) => machines.map((machine) => stateOf(machine, clock.now));

/**
 * Every schedule record, each time by its name alone: of which event a warning or a stop was depends on which came first.
 * What was remembered of a measurement spares a question, for a while.
 */
const recordsOf = ({ table }: Region) =>
  table
    .items()
    .filter(({ pk }) => String(pk).startsWith('INSTANCE#'))
    .map(
      ({ sk, ...record }) =>
        `${sk}: ${Object.keys(record)
          .filter((key) => !passing.includes(key))
          .toSorted()
          .join()}`,
    )
    .toSorted();

const passing = ['pk', 'expiresAt', 'measured'];

/** An event every ten minutes until the office has been closed for three hours. */
const times = Array.from({ length: 20 }, (_, index) => begin + index * 10 * minute);
/** Then healthy runs, in which all that was missed is made up for. */
const healing = Array.from({ length: 24 }, (_, index) => begin + 4 * hour + index * 10 * minute);
const onTime = (time: number): Delivery => ({ time, arrivesAt: time });

describe('events of the schedules, some lost, some doubled, some late', () => {
  it('end in the same states, records and news as if each had come once', { timeout: 60_000 }, async () => {
    const usual = await live([...times, ...healing].map(onTime));
    expect(usual.states).toEqual([
      'stopped',
      'stopped',
      'stopped',
      'running',
      'stopped',
      'running',
      'running',
      'running',
      'running',
    ]);
    const delivered = fc.record({
      prefix: fc.integer({ min: 0, max: times.length }),
      copies: fc.array(fc.record({ of: fc.nat(times.length - 1), late: fc.integer({ min: 0, max: 25 }) }), {
        maxLength: 12,
      }),
      delays: fc.array(fc.integer({ min: 0, max: 14 }), { minLength: times.length, maxLength: times.length }),
    });
    await fc.assert(
      fc.asyncProperty(delivered, async ({ prefix, copies, delays }) => {
        const first = times
          .slice(0, prefix)
          .map((time, index) => ({ time, arrivesAt: time + (delays[index] ?? 0) * minute }));
        const again = copies
          .filter(({ of }) => of < prefix)
          .map(({ of, late }) => ({
            time: times[of] ?? begin,
            arrivesAt: (times[of] ?? begin) + late * minute,
          }));
        const ended = await live([...first, ...again, ...healing.map(onTime)]);
        expect(new Set(ended.told).size).toBe(ended.told.length);
        expect({ states: ended.states, records: ended.records, lines: ended.lines }).toEqual({
          states: usual.states,
          records: usual.records,
          lines: usual.lines,
        });
      }),
      { numRuns: 15 },
    );
  });
});
