import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../shared/config.ts';
import { luckOf } from '../support/simulation/luck.ts';
import { hour, type Machine, minute } from '../support/simulation/machine.ts';
import { launchMachine, retag } from '../support/simulation/people.ts';
import { type Asked, brokenBy } from '../support/simulation/promises.ts';
import { tagValues } from '../support/simulation/schedules.ts';
import { simulate } from '../support/simulation/simulation.ts';

const {
  PROPERTY_SEED = '20261122',
  SIMULATION_WEEKS = '2',
  SIMULATION_INSTANCES = '100',
  /** Minutes between two events. */
  SIMULATION_EVERY = '15',
  /** Europe leaves summer time in the first week, America in the second. */
  SIMULATION_FROM = '2026-10-19T00:00:00Z',
} = process.env;

describe('weeks of a region in which people come and go and things break', () => {
  it('break no promise', { timeout: 4 * hour }, async () => {
    const seed = PROPERTY_SEED === 'random' ? Math.floor(Math.random() * 2 ** 31) : Number(PROPERTY_SEED);
    const plan = {
      seed,
      from: SIMULATION_FROM,
      weeks: Number(SIMULATION_WEEKS),
      instances: Number(SIMULATION_INSTANCES),
      every: Number(SIMULATION_EVERY),
    };
    const isLong = process.env['SIMULATION_WEEKS'] !== undefined;
    const { broken, ...figures } = await simulate(plan, isLong ? console.info : undefined);
    if (isLong) console.info(plan, figures);
    expect(broken, `PROPERTY_SEED=${seed}`).toEqual([]);
    // Weeks in which nothing happens keep every promise.
    expect(Math.min(figures.stops, figures.warnings, figures.judged)).toBeGreaterThan(plan.instances);
    expect(Math.min(figures.starts, figures.failed, figures.doubled, figures.skipped)).toBeGreaterThan(5);
  });
});

describe('the witness of the simulation', () => {
  const now = Date.parse('2026-11-16T18:25:00Z'); // a Monday: the office in Berlin closed 25 minutes ago
  const office = tagValues.find(({ value }) => value === 'office-hours; start');

  function idle(): Machine {
    const machine = launchMachine(luckOf(1), 1, now - 10 * hour, now + 48 * hour);
    if (office) retag(machine, office, now - 10 * hour, now + 48 * hour);
    return Object.assign(machine, {
      type: 'm6i.xlarge',
      protection: undefined,
      holdsMemory: false,
      work: [],
    });
  }

  const span = (open: boolean) => ({ open, from: now - 25 * minute, to: now + 10 * hour });

  /** A stop that is right, with what is changed about it. */
  function asked(change: (asked: Asked) => void = () => {}): Asked {
    const config = parseConfig({ enforce: true });
    const sweep = { time: now, config, callsLeft: 1, blind: new Set<string>(), stops: 1 };
    const made: Asked = {
      machine: idle(),
      action: 'stop',
      sweep,
      now,
      hibernate: false,
      run: { from: now - 10 * hour, by: 'person' },
      span: span(false),
      warnings: [{ at: now - 15 * minute, deliveredAt: now - 14 * minute, observed: false }],
      blockedUntil: 0,
      loadedWindow: 180,
      isCalm: true,
    };
    change(made);
    return made;
  }

  /** A start that is right. */
  function started(change: (asked: Asked) => void = () => {}): Asked {
    return asked((made) => {
      const down = { from: now - 10 * hour, to: now - hour, by: 'person', endedBy: 'watchdog' } as const;
      Object.assign(made, { action: 'start', span: span(true), run: down, warnings: [] });
      made.machine.runs = [down];
      change(made);
    });
  }

  it('has nothing to say of what is right', () => {
    expect([brokenBy(asked()), brokenBy(started())]).toEqual([[], []]);
  });

  it.each<[string, (asked: Asked) => void]>([
    [
      'noBusyInstanceIsStopped',
      ({ machine }) => machine.work.push({ from: now - 50 * minute, to: now - 40 * minute, on: 'cpu' }),
    ],
    ['unknownIsNeverIdle', ({ machine, sweep }) => sweep.blind.add(machine.id)],
    ['noUntaggedInstanceIsTouched', ({ machine }) => Object.assign(machine, { meaning: { kind: 'never' } })],
    ['nothingIsStoppedWithinItsHours', (made) => Object.assign(made.span, { open: true })],
    ['whatJustStartedIsLeft', ({ run }) => Object.assign(run, { from: now - 44 * minute })],
    ['keepUntilHolds', ({ machine }) => Object.assign(machine, { keptUntil: now + 1 })],
    ['protectedIsNotStopped', ({ machine }) => Object.assign(machine, { protection: 'production' })],
    ['observeModeChangesNothing', ({ sweep }) => Object.assign(sweep, { config: parseConfig({}) })],
    ['whoIsStoppedWasWarned', ({ warnings }) => Object.assign(warnings[0] ?? {}, { at: now - 14 * minute })],
    ['whoIsStoppedWasWarned', ({ warnings }) => Object.assign(warnings[0] ?? {}, { deliveredAt: now + 1 })],
    ['whoIsStoppedWasWarned', ({ warnings }) => Object.assign(warnings[0] ?? {}, { observed: true })],
    ['doubtfulBillStopsNothing', (made) => Object.assign(made, { blockedUntil: now + 1 })],
    ['breakerHolds', ({ sweep }) => Object.assign(sweep, { stops: 51 })],
    ['onlyWhatRunsIsStopped', ({ machine }) => Object.assign(machine.runs[0] ?? {}, { to: now - minute })],
    ['onlyWhatShouldHibernates', (made) => Object.assign(made, { hibernate: true })],
  ])('sees a stop that breaks %s', (promise, change) => {
    expect(brokenBy(asked(change))).toContain(promise);
  });

  it.each<[string, (asked: Asked) => void]>([
    ['onlyItsScheduleStartsIt', (made) => Object.assign(made.span, { open: false })],
    ['manualStopStands', ({ run }) => Object.assign(run, { endedBy: 'person', to: now - minute })],
    ['windowStartsOnce', ({ run }) => Object.assign(run, { by: 'watchdog', from: now - 20 * minute })],
    [
      'onlyWhatIsStoppedIsStarted',
      ({ machine }) => Object.assign(machine, { runs: [{ from: now - hour, by: 'person' }] }),
    ],
    ['protectedIsNotStarted', ({ machine }) => Object.assign(machine, { protection: 'managed' })],
    ['keepUntilHolds', ({ machine }) => Object.assign(machine, { keptUntil: now + 1 })],
  ])('sees a start that breaks %s', (promise, change) => {
    expect(
      brokenBy(
        started((made) => {
          made.run = { ...made.run };
          change(made);
        }),
      ),
    ).toContain(promise);
  });
});
