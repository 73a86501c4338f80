import type { Usd } from '../../shared/money.ts';
import type { Dice } from './dice.ts';

/** How a charge runs as long as nothing leaks. */
export type Course = {
  /** A usual day, in dollars. */
  level: Usd;
  /** By how much two days like each other differ, in dollars: what is smaller can't be seen. */
  noise: Usd;
  /** The share of a weekday that a weekend day costs. */
  weekend: number;
  amounts: Float64Array;
};

/** 1970-01-01 was a Thursday. */
export const isWeekend = (day: number): boolean => (day + 4) % 7 === 0 || (day + 4) % 7 === 6;

/** Makes up a course over so many days from day number `start` on. */
type Archetype = (dice: Dice, start: number, days: number) => Course;

const eachDay = (start: number, days: number, amountOf: (day: number, index: number) => Usd): Float64Array =>
  Float64Array.from({ length: days }, (_, index) => Math.max(0, amountOf(start + index, index)));

/** An endpoint with a fixed number of instances, day and night. */
const provisioned: Archetype = (dice, start, days) => {
  const level = dice.magnitude(20, 2000);
  const spread = dice.between(0.001, 0.01);
  const amounts = eachDay(start, days, () => level * (1 + spread * dice.bell()));
  return { level, noise: spread * level, weekend: 1, amounts };
};

/** Dev machines and notebooks: so many, of which a few come and go, and fewer at weekends. */
const fleet: Archetype = (dice, start, days) => {
  const hourly = dice.pick([0.75, 1.21, 4.6, 12.2]);
  const usual = dice.whole(5, 30);
  const weekend = dice.between(0.2, 1);
  const hours = dice.between(8, 24);
  let running = usual;
  const amounts = eachDay(start, days, (day) => {
    if (dice.chance(0.05)) running += running > usual ? -1 : 1;
    return running * hourly * hours * (isWeekend(day) ? weekend : 1) * (1 + 0.04 * dice.bell());
  });
  const level = usual * hourly * hours;
  return { level, noise: 0.06 * level, weekend, amounts };
};

/** Inference that follows its users: a fixed share, a weekly rhythm, a slow trend, noise that lingers. */
const traffic: Archetype = (dice, start, days) => {
  const level = dice.magnitude(15, 3000);
  const fixed = dice.between(0, 0.5);
  const weekend = dice.between(0.4, 1.1);
  const yearly = dice.between(-0.3, 0.8);
  const spread = dice.between(0.02, 0.12);
  let lingering = 0;
  const amounts = eachDay(start, days, (day, index) => {
    lingering = 0.5 * lingering + spread * dice.bell();
    const demand = (1 + (yearly * index) / 365) * (isWeekend(day) ? weekend : 1) * Math.exp(lingering);
    return level * (fixed + (1 - fixed) * demand);
  });
  return { level, noise: 1.2 * spread * level * (1 - fixed), weekend, amounts };
};

/** Training jobs: some days, one or several, of much the same size. */
const batch: Archetype = (dice, start, days) => {
  const job = dice.magnitude(20, 800);
  const frequency = dice.between(0.15, 0.6);
  const amounts = eachDay(start, days, () =>
    dice.chance(frequency) ? dice.whole(1, 2) * job * Math.exp(0.25 * dice.bell()) : 0,
  );
  return { level: job, noise: 0.6 * job, weekend: 1, amounts };
};

/** Data sets, checkpoints and images that pile up. */
const storage: Archetype = (dice, start, days) => {
  const level = dice.magnitude(8, 300);
  const daily = dice.between(0, 0.002);
  const amounts = eachDay(start, days, (_, index) => level * (1 + daily * index) * (1 + 0.003 * dice.bell()));
  return { level, noise: 0.004 * level, weekend: 1, amounts };
};

/** A service that somebody once tried. */
const tiny: Archetype = (dice, start, days) => {
  const level = dice.magnitude(0.01, 4);
  const amounts = eachDay(start, days, () => level * (1 + 0.5 * dice.bell()));
  return { level, noise: 0.5 * level, weekend: 1, amounts };
};

/** Nothing but subscriptions and support: the fees themselves are added to it. */
const feeOnly: Archetype = (_dice, _start, days) => ({
  level: 0,
  noise: 0,
  weekend: 1,
  amounts: new Float64Array(days),
});

export const archetypes = { provisioned, fleet, traffic, batch, storage, tiny, feeOnly } satisfies Record<
  string,
  Archetype
>;

export type ArchetypeName = keyof typeof archetypes;
