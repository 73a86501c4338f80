import type { Hour, HourState } from '../../shared/compute/hour-states.ts';
import { hourMs } from '../../shared/compute/hours.ts';
import { localHour } from '../../shared/schedule/local-hour.ts';
import { type Dice, diceOf } from '../detection/dice.ts';

/** Hours in which somebody means to work: days Monday 1 to Sunday 7, whole hours, `end` above 24 on the next day. */
type Habit = { days: readonly number[]; start: number; end: number };

/** How people work, by what they are called. */
export type Kind = { name: string; habits: (dice: Dice) => Habit[] };

const weekdays = [1, 2, 3, 4, 5];
const all = [1, 2, 3, 4, 5, 6, 7];

const office = (dice: Dice, days: readonly number[] = weekdays): Habit => ({
  days,
  start: dice.whole(7, 10),
  end: dice.whole(16, 20),
});

export const kinds: readonly Kind[] = [
  { name: 'office', habits: (dice) => [office(dice)] },
  {
    name: 'part-time',
    habits: (dice) => [
      office(
        dice,
        dice.pick([
          [1, 2, 3],
          [1, 3, 5],
          [2, 4],
          [3, 4, 5],
        ]),
      ),
    ],
  },
  { name: 'Sunday to Thursday', habits: (dice) => [office(dice, [7, 1, 2, 3, 4])] },
  {
    name: 'office and Saturday',
    habits: (dice) => [office(dice), { days: [6], start: dice.whole(8, 10), end: dice.whole(12, 15) }],
  },
  {
    name: 'weekday nights',
    habits: (dice) => [{ days: weekdays, start: dice.whole(19, 23), end: dice.whole(28, 31) }],
  },
  {
    name: 'each night',
    habits: (dice) => [{ days: all, start: dice.whole(0, 3), end: dice.whole(4, 8) }],
  },
  {
    name: 'office and each night',
    habits: (dice) => [office(dice), { days: all, start: dice.whole(25, 26), end: dice.whole(27, 28) }],
  },
  {
    name: 'weekdays around the clock',
    habits: () => [{ days: weekdays, start: 0, end: 24 }],
  },
];

/** What has no habit: nothing fits it, and nothing is to be proposed. */
export const decoys: readonly { name: string; noise: Noise; habits: Kind['habits'] }[] = [
  {
    name: 'busy around the clock',
    noise: { missed: 0, runsPerWeek: 0, lost: 0.01 },
    habits: () => [{ days: all, start: 0, end: 24 }],
  },
  {
    name: 'runs at any hour, all the time',
    noise: { missed: 0, runsPerWeek: 14, lost: 0.01 },
    habits: () => [],
  },
  { name: 'a run a week, at any hour', noise: { missed: 0, runsPerWeek: 1, lost: 0.01 }, habits: () => [] },
  { name: 'nothing at all', noise: { missed: 0, runsPerWeek: 0, lost: 0.01 }, habits: () => [] },
  {
    name: 'office, a quarter of the points lost',
    noise: { missed: 0, runsPerWeek: 0, lost: 0.25 },
    habits: (dice) => [office(dice)],
  },
];

/** What disturbs a habit. */
export type Noise = {
  /** Share of days on which nobody works. */
  missed: number;
  /** Runs a week at any time, three to ten hours each. */
  runsPerWeek: number;
  /** Share of hours of which no data point arrived. */
  lost: number;
};

const zones = ['Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Pacific/Auckland', 'UTC'] as const;

/** An instance that runs all the time: its hours as they were, and as CloudWatch tells them. */
export type TruePast = { timeZone: string; hours: Hour[]; seen: Hour[] };

/** So many weeks of it; each seed another person, and another instance. */
export function pastOf({ habits }: Kind, noise: Noise, { seed, start, weeks }: Asked): TruePast {
  const dice = diceOf(seed);
  const timeZone = dice.pick(zones);
  const own = habits(dice);
  const busy = new Set<number>();
  const count = weeks * 168;
  const days = workingDays(dice, own, noise);
  for (let hour = 0; hour < count; hour += 1) {
    const { date, slots } = localHour(timeZone, start + hour * hourMs);
    if (slots.some((slot) => days(date, slot))) busy.add(hour);
  }
  const runs = Math.round(noise.runsPerWeek * weeks + dice.between(-0.5, 0.5));
  for (let run = 0; run < runs; run += 1) {
    const first = dice.whole(0, count - 1);
    const length = dice.whole(3, 10);
    for (let hour = first; hour < Math.min(count, first + length); hour += 1) busy.add(hour);
  }
  const state = (hour: number): HourState => (busy.has(hour) ? 'busy' : 'idle');
  const hours = Array.from(
    { length: count },
    (_, hour): Hour => ({
      at: start + hour * hourMs,
      state: state(hour),
    }),
  );
  const seen = hours.map((hour): Hour => (dice.chance(noise.lost) ? { ...hour, state: 'unknown' } : hour));
  return { timeZone, hours, seen };
}

type Asked = { seed: string; start: number; weeks: number };

/** Whether it works in an hour of the week on a date: people miss days, come and go an hour off, and pause. */
function workingDays(dice: Dice, habits: readonly Habit[], { missed }: Noise) {
  const known = new Map<string, { isMissed: boolean; early: number; late: number }>();
  const dayOf = (habit: number, date: string) => {
    const key = `${habit} ${date}`;
    const day = known.get(key) ?? {
      isMissed: dice.chance(missed),
      early: dice.pick([0, 0, 0, 1, -1]),
      late: dice.pick([0, 0, 0, 1, -1]),
    };
    known.set(key, day);
    return day;
  };
  return (date: string, slot: number): boolean =>
    habits.some(({ days, start, end }, index) =>
      days.some((day) => {
        const hour = (slot - (day - 1) * 24 + 336) % 168;
        const began = new Date(Date.parse(date) - Math.floor(hour / 24) * 86_400_000)
          .toISOString()
          .slice(0, 10);
        const isWhole = end - start >= 24;
        const { isMissed, early, late } = dayOf(index, began);
        const [from, to] = isWhole ? [start, end] : [start + early, end + late];
        return !isMissed && hour >= from && hour < to && (isWhole || dice.chance(0.92));
      }),
    );
}
