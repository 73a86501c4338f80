import { parseConfig } from '../../../shared/config.ts';
import { DeliveryError } from '../../../shared/outlet/delivery-error.ts';
import { toTime } from '../../../shared/period.ts';
import { requestStop } from '../../../shared/store/schedule-records.ts';
import { putStopBlock } from '../../../shared/store/stop-block.ts';
import { type Luck, luckOf } from './luck.ts';
import { forget, hour, type Machine, minute, stateOf } from './machine.ts';
import { keepUntil, launchMachine, live, untag } from './people.ts';
import { openRegion, type Region, target } from './region.ts';
import { namedSchedules } from './schedules.ts';
import { badWeather, type Weather } from './weather.ts';
import { type Counts, openWitness } from './witness.ts';

export type Plan = {
  seed: number | string;
  from: string;
  weeks: number;
  instances: number;
  /** Minutes between two events. */
  every: number;
};

export type Outcome = Counts & {
  events: number;
  skipped: number;
  doubled: number;
  late: number;
  /** Runs that something went wrong with, by what it was. */
  bad: Record<string, number>;
  failed: number;
  broken: string[];
};

const loadedWindow = 180;
const day = 24 * hour;
const settings = { schedules: namedSchedules, timeZone: 'UTC', idle: { loadedWindow } };
const configOf = (enforce: boolean, maxStops = 100_000) =>
  parseConfig({
    ...settings,
    enforce,
    stop: { maxStops, maxSweepStops: 100_000, maxShare: 1, callsPerSecond: 10_000, burst: 10_000 },
  });

const enforcing = configOf(true);
const observing = configOf(false);
/** A breaker that trips at once. */
const cautious = configOf(true, 2);

/**
 * Weeks of a region in which people come and go and things break, watched by the real code and by a witness who knows
 * what is really so. The same plan makes the same weeks.
 */
export async function simulate(plan: Plan, progress: (text: string) => void = () => {}): Promise<Outcome> {
  const luck = luckOf(plan.seed);
  const begin = Date.parse(plan.from);
  const end = begin + plan.weeks * 7 * day;
  let launched = 0;
  const launch = (at: number) => launchMachine(luck, launched++, at, end + day);
  const machines = Array.from({ length: plan.instances }, () => launch(begin - luck.between(1, 100) * hour));
  const witness = openWitness((id) => region.machine(id), loadedWindow);
  const changing = { allowed: false };
  const region: Region = openRegion(machines, {
    onPower: witness.onPower,
    meanwhile: () => {
      if (changing.allowed && luck.oneIn(40)) changeMind(luck.pick(machines), region.clock.now, luck);
    },
  });
  const figures = {
    events: 0,
    skipped: 0,
    doubled: 0,
    late: 0,
    failed: 0,
    bad: {} as Record<string, number>,
  };
  const world = { luck, region, witness, figures, changing, end, isStormy: false };
  try {
    for (let now = begin; now < end && witness.broken.length === 0; now += plan.every * minute) {
      await step(world, now, now - plan.every * minute, configAt(now - begin, luck, witness.state), launch);
      if ((now - begin) % (7 * day) === 0) progress(`${toTime(now)} ${JSON.stringify(witness.counts)}`);
    }
    world.isStormy = false;
    await comeToRest(world, plan.every);
  } finally {
    region.close();
  }
  return { ...witness.counts, ...figures, broken: witness.broken };
}

type World = {
  luck: Luck;
  region: Region;
  witness: ReturnType<typeof openWitness>;
  figures: Omit<Outcome, keyof Counts | 'broken'>;
  changing: { allowed: boolean };
  end: number;
  isStormy: boolean;
};

/** Observed for two days, then enforced, but for an afternoon now and then. */
function configAt(elapsed: number, luck: Luck, state: World['witness']['state']) {
  const isObserved = elapsed < 2 * day || Math.floor(elapsed / (6 * hour)) % 37 === 36;
  const wasObserved = elapsed > 0 && state.isObserved;
  state.isObserved = isObserved;
  if (isObserved !== wasObserved) state.modeAt = state.disturbedAt = state.now;
  if (isObserved) return observing;
  return luck.oneIn(60) ? cautious : enforcing;
}

type Config = typeof enforcing;

/** What happens until an event, and what the watch makes of it. */
async function step(
  world: World,
  now: number,
  before: number,
  config: Config,
  launch: (at: number) => Machine,
) {
  const { luck, region, witness, figures } = world;
  const { machines, clock } = region;
  clock.now = witness.state.now = now;
  for (const machine of [...machines]) {
    live(machine, before, now, luck, world.end + day);
    if (machine.terminatedAt !== undefined && stateOf(machine, now) === undefined) {
      region.remove(machine);
      region.launch(launch(now));
    }
    forget(machine, now - 2 * day);
  }
  if (luck.oneIn(world.isStormy ? 12 : 80)) world.isStormy = !world.isStormy;
  if (luck.oneIn(700)) await doubtTheBill(world, now);
  if (luck.oneIn(4)) await askForStop(world, luck.pick(machines), now);
  figures.events += 1;
  if (luck.oneIn(15)) {
    figures.skipped += 1;
    return;
  }
  if (world.isStormy) await stormySweep(world, config);
  else await calmSweep(world, config);
  if (now % day === 0) region.table.expire(now);
}

async function doubtTheBill({ region, witness, luck }: World, now: number): Promise<void> {
  const until = now + luck.between(1, 8) * hour;
  witness.state.blockedUntil = until;
  const reason = 'the bill is 240 times the usual with the same usage';
  await putStopBlock(region.clients.table, { reason, since: toTime(now), until: toTime(until) });
}

/** Somebody who was warned won't wait. */
async function askForStop({ region }: World, machine: Machine, now: number): Promise<void> {
  const asked = { at: toTime(now), by: 'mei' };
  if (await requestStop(region.clients.table, target, machine.id, asked)) machine.askedAt = now;
}

/** A run in which nothing goes wrong, though its event may come twice, at the same time or with another one. */
async function calmSweep(world: World, config: Config): Promise<void> {
  const { luck, region, witness, figures, changing } = world;
  const { now, blockedUntil } = witness.state;
  witness.state.weather = 'calm';
  const isDoubled = luck.oneIn(10);
  if (isDoubled) {
    figures.doubled += 1;
    const other = luck.pick([now, now, now - minute]);
    await Promise.all([region.run(config), region.run(config, { time: other })]);
  } else {
    changing.allowed = true;
    await region.run(config);
    changing.allowed = false;
    if (luck.oneIn(15)) await region.run(config); // the same event again
  }
  witness.noteChanges(region.machines);
  await region.deliver(outletOf(world), luck.oneIn(8) ? 2 : 1);
  const isHealthy = config === enforcing && blockedUntil <= now;
  if (isHealthy) witness.afterHealthySweep(region.machines);
  else witness.state.disturbedAt = now;
}

/** A run in bad weather, or by an event that comes late, after which people may not be reached. */
async function stormySweep(world: World, config: Config): Promise<void> {
  const { luck, region, witness, figures } = world;
  const { now } = witness.state;
  const ids = region.machines.map(({ id }) => id);
  const weather: Weather = luck.oneIn(4) ? { name: 'none', faults: [] } : badWeather(luck, ids);
  Object.assign(witness.state, { disturbedAt: now, weather: weather.name });
  const isLate = luck.oneIn(4);
  if (isLate) figures.late += 1;
  const time = isLate ? now - luck.between(1, 20 * 60) * 1000 : now;
  figures.bad[weather.name] = (figures.bad[weather.name] ?? 0) + 1;
  region.faults.push(...weather.faults);
  const { callsLeft, remainingMs } = weather;
  const options = { time, ...(callsLeft && { callsLeft }), ...(remainingMs && { remainingMs }) };
  const runs = [region.run(config, options), ...(luck.oneIn(8) ? [region.run(config)] : [])];
  for (const result of await Promise.allSettled(runs)) if (result.status === 'rejected') figures.failed += 1;
  region.faults.length = 0;
  noteRefusals(region, weather, now);
  witness.noteChanges(region.machines);
  if (!luck.oneIn(3)) await region.deliver(outletOf(world, luck.oneIn(4))).catch(() => {});
}

/** What EC2 refused is not asked for again in these hours. */
function noteRefusals({ machines }: Region, { faults }: Weather, now: number): void {
  const isNamed = faults.some(({ call }) => /Stop/.test(call.source));
  if (isNamed) for (const machine of machines) machine.refusedAt = now;
}

/** Where people read; while it is down nobody hears anything. */
const outletOf = ({ witness }: World, isDown = false) => ({
  show: async (alert: Parameters<typeof witness.onAlert>[0]) => {
    if (isDown) throw new DeliveryError('the outlet is down', { isUnsent: true });
    witness.onAlert(alert);
    return undefined;
  },
});

/** Somebody changes a tag while a run is at work. */
function changeMind(machine: Machine, now: number, luck: Luck): void {
  if (luck.oneIn(2)) untag(machine, now);
  else keepUntil(machine, now, now + luck.between(1, 5) * hour);
}

/** Two hours in which nobody does anything: what is left from bad runs is made up for. */
async function comeToRest(world: World, every: number): Promise<void> {
  const { region, witness } = world;
  const from = region.clock.now;
  for (let now = from + every * minute; now < from + 2 * hour; now += every * minute) {
    if (witness.broken.length > 0) return;
    region.clock.now = witness.state.now = now;
    await calmSweep(world, enforcing);
  }
}
