import type { Usd } from '../../shared/money.ts';
import { type ArchetypeName, type Course, isWeekend } from './archetypes.ts';
import type { Dice } from './dice.ts';

/** A leak: what each day costs too much from its first day on, and the days after the first until it must be told. */
export type Leak = { kind: LeakKind; extra: readonly Usd[]; tellWithin: number };

type LeakKind =
  | 'level_shift'
  | 'missing_dip'
  | 'new_service'
  | 'ramp'
  | 'spike'
  | 'storage_growth'
  | 'weekend_waste';

/** The leaks that a charge of each sort can have. */
const kindsOf: Record<ArchetypeName, readonly [LeakKind, ...LeakKind[]]> = {
  provisioned: ['level_shift', 'spike', 'ramp', 'weekend_waste'],
  fleet: ['level_shift', 'missing_dip', 'spike', 'ramp', 'weekend_waste'],
  traffic: ['level_shift', 'spike', 'ramp', 'weekend_waste', 'missing_dip'],
  batch: ['level_shift', 'spike'],
  storage: ['storage_growth', 'level_shift'],
  tiny: ['new_service'],
  feeOnly: ['new_service'],
};

/** Whatever anybody would want to hear of: dollars worth a look, and more than the series does by itself. */
const worthTelling = (dice: Dice, { level, noise }: Course): Usd =>
  Math.max(12, 5 * noise, dice.magnitude(0.2, 2) * level);

const repeat = (days: number, usd: (index: number) => Usd): Usd[] =>
  Array.from({ length: days }, (_, index) => usd(index));

type Make = (dice: Dice, course: Course, start: number) => Omit<Leak, 'kind'>;

/** A cluster that somebody forgot. */
const levelShift: Make = (dice, course) => {
  const size = worthTelling(dice, course);
  const days = dice.whole(10, 60);
  return { extra: repeat(days, () => size * (1 + 0.02 * dice.bell())), tellWithin: Math.min(days - 1, 21) };
};

/** A job in a loop that somebody stops after one to three days. */
const spike: Make = (dice, course) => {
  const size = 2 * worthTelling(dice, course);
  const days = dice.whole(1, 3);
  return { extra: repeat(days, () => size * dice.between(0.7, 1)), tellWithin: days + 1 };
};

/** Retries, logs or context that grow day by day. */
const ramp: Make = (dice, course) => {
  const size = 1.5 * worthTelling(dice, course);
  const days = dice.whole(21, 42);
  return { extra: repeat(days, (index) => (size * (index + 1)) / days), tellWithin: days + 1 };
};

/** Checkpoints that nobody deletes any more: by the day a percent or two more. */
const storageGrowth: Make = (dice, { level }) => {
  const daily = Math.max(0.3, level * dice.between(0.01, 0.03));
  const days = dice.whole(30, 70);
  return { extra: repeat(days, (index) => daily * (index + 1)), tellWithin: days - 1 };
};

/** A service first used in earnest. */
const newService: Make = (dice) => {
  const size = dice.magnitude(15, 600);
  return { extra: repeat(30, () => size * (1 + 0.1 * dice.bell())), tellWithin: 14 };
};

/** Weekends only: what of them costs too much, for one to five of them. */
function weekends(dice: Dice, start: number, usd: () => Usd): Omit<Leak, 'kind'> {
  const days = 7 * dice.whole(0, 4) + 2;
  return { extra: repeat(days, (index) => (isWeekend(start + index) ? usd() : 0)), tellWithin: days };
}

const weekendWaste: Make = (dice, course, start) => {
  const size = worthTelling(dice, course);
  return weekends(dice, start, () => size * dice.between(0.8, 1));
};

/** What is switched off at weekends stays on. */
const missingDip: Make = (dice, { level, weekend }, start) =>
  weekends(dice, start, () => level * (1 - weekend) * dice.between(0.9, 1));

const makers: Record<LeakKind, Make> = {
  level_shift: levelShift,
  missing_dip: missingDip,
  new_service: newService,
  ramp,
  spike,
  storage_growth: storageGrowth,
  weekend_waste: weekendWaste,
};

/** Whether its leaks begin on a Saturday. */
export const isOfWeekends = (kind: LeakKind): boolean => kind === 'missing_dip' || kind === 'weekend_waste';

/** A kind of leak that a charge can have and that can be seen in it. */
export function pickLeak(dice: Dice, archetype: ArchetypeName, course: Course): LeakKind {
  const kind = dice.pick(kindsOf[archetype]);
  const dip = course.level * (1 - course.weekend);
  return kind === 'missing_dip' && dip < Math.max(12, 5 * course.noise) ? 'level_shift' : kind;
}

export const makeLeak = (dice: Dice, kind: LeakKind, course: Course, start: number): Leak => ({
  kind,
  ...makers[kind](dice, course, start),
});
