import type { Usd } from '../../shared/money.ts';
import { type ArchetypeName, archetypes, type Course, isWeekend } from './archetypes.ts';
import { type Dice, diceOf } from './dice.ts';
import type { Decoy, LabelledEvent, LabelledSeries, LabelledSet, Span } from './labelled.ts';
import { isOfWeekends, makeLeak, pickLeak } from './leaks.ts';

const numberOf = (date: string): number => Date.parse(date) / 86_400_000;
const first = numberOf('2025-06-01');
const longest = 400;
/** Days before the first leak of a series, so that there is something to compare it with. */
const calmDays = 45;
/** Days between two things that happen to a series. */
const apart = 21;

const seasons: readonly Span[] = [
  { start: numberOf('2025-11-24'), end: numberOf('2025-12-03') },
  { start: numberOf('2025-12-20'), end: numberOf('2026-01-02') },
];

/** How common each sort of charge is in an account that runs machine learning. */
const mix = [
  'traffic',
  'traffic',
  'traffic',
  'traffic',
  'fleet',
  'fleet',
  'fleet',
  'provisioned',
  'provisioned',
  'storage',
  'storage',
  'batch',
  'tiny',
  'feeOnly',
] as const;

/**
 * Labelled spend made up from first principles: charges as machine learning on AWS has them, leaks as they happen, and
 * what looks like a leak and is none. The same seed gives the same set.
 */
export function generateLabelledSet({ seed, series }: { seed: string; series: number }): LabelledSet {
  const made = Array.from({ length: series }, (_, index) =>
    makeSeries(diceOf(`${seed}/${index}`), `g${String(index).padStart(4, '0')}`),
  );
  return {
    series: made.map((one) => one.series),
    events: made.flatMap((one) => one.events),
    decoys: made.flatMap((one) => one.decoys),
    calendar: seasons,
  };
}

type Made = { series: LabelledSeries; events: LabelledEvent[]; decoys: Decoy[] };

/** A series in the making: the amounts change as things happen to it. */
type Draft = { name: string; start: number; course: Course; taken: Span[]; decoys: Decoy[] };

function makeSeries(dice: Dice, name: string): Made {
  const archetype = dice.pick(mix);
  const days = dice.chance(0.85) ? longest : dice.whole(90, longest);
  const start = first + longest - days;
  const course = archetypes[archetype](dice, start, days);
  const draft: Draft = { name, start, course, taken: [], decoys: [] };
  if (archetype === 'traffic' && dice.chance(0.4)) addSeasons(dice, draft);
  if (dice.chance(0.15)) addStepDown(dice, draft);
  const events = Array.from({ length: dice.whole(0, 2) }, (_, index) =>
    addLeak(dice, draft, archetype, `${name}-${index + 1}`),
  ).flatMap((event) => event ?? []);
  if (archetype === 'feeOnly' || dice.chance(0.25)) addMonthlyFee(dice, draft);
  if (dice.chance(0.1)) addOneOffFee(dice, draft);
  if (dice.chance(0.15)) addCredit(dice, draft);
  return { series: asSeen(dice, draft), events, decoys: draft.decoys };
}

const lastOf = ({ start, course }: Draft): number => start + course.amounts.length - 1;

function add({ start, course: { amounts } }: Draft, day: number, usd: Usd): void {
  const index = day - start;
  if (index >= 0 && index < amounts.length) amounts[index] = (amounts[index] ?? 0) + usd;
}

/** A day from which on nothing else happens for so many days, and a while around; undefined where none was found. */
function findRoom(dice: Dice, draft: Draft, days: number, fits = (_: number) => true): number | undefined {
  const earliest = draft.start + calmDays;
  const latest = lastOf(draft) + 1 - days;
  for (let attempt = 0; attempt < 40 && earliest <= latest; attempt++) {
    const start = dice.whole(earliest, latest);
    const end = start + days - 1;
    const isFree = draft.taken.every((other) => end + apart < other.start || other.end + apart < start);
    if (isFree && fits(start)) {
      draft.taken.push({ start, end });
      return start;
    }
  }
  return undefined;
}

/** Leaks of weekends are made as from this Saturday, and put on another. */
const saturday = numberOf('2025-06-07');

const isSaturday = (day: number): boolean => isWeekend(day) && isWeekend(day + 1);

function addLeak(dice: Dice, draft: Draft, archetype: ArchetypeName, id: string): LabelledEvent | undefined {
  const kind = pickLeak(dice, archetype, draft.course);
  const { extra, tellWithin } = makeLeak(dice, kind, draft.course, saturday);
  const start = findRoom(dice, draft, extra.length, isOfWeekends(kind) ? isSaturday : undefined);
  if (start === undefined) return undefined;
  for (const [index, usd] of extra.entries()) add(draft, start + index, usd);
  return {
    id,
    series: draft.name,
    kind,
    start,
    end: start + extra.length - 1,
    alarmBy: start + tellWithin,
    extra: new Map(extra.map((usd, index) => [start + index, usd])),
  };
}

const addDecoy = (draft: Draft, kind: string, { start, end }: Span): void => {
  draft.decoys.push({ series: draft.name, kind, start, end });
};

/** More users in the seasons that everybody knows. */
function addSeasons(dice: Dice, draft: Draft): void {
  const uplift = dice.between(0.3, 0.8);
  for (const season of seasons) {
    const span = { start: Math.max(season.start, draft.start), end: season.end };
    if (span.start > span.end) continue;
    for (let day = span.start; day <= span.end; day++)
      add(draft, day, uplift * (draft.course.amounts[day - draft.start] ?? 0));
    draft.taken.push(span);
    addDecoy(draft, 'season', span);
  }
}

/** Somebody tidied up: from a day on it costs a part. */
function addStepDown(dice: Dice, draft: Draft): void {
  const from = findRoom(dice, draft, 14);
  if (from === undefined) return;
  const { amounts } = draft.course;
  const left = dice.between(0.5, 0.85);
  for (let index = from - draft.start; index < amounts.length; index++)
    amounts[index] = (amounts[index] ?? 0) * left;
  addDecoy(draft, 'step_down', { start: from, end: from + 13 });
}

/** A subscription: the same on the same day of each month, most often the 1st. */
function addMonthlyFee(dice: Dice, draft: Draft): void {
  const on = dice.pick([1, 1, 1, 1, 2, 3, 15]);
  const fee = dice.magnitude(20, 2000);
  for (let day = draft.start; day <= lastOf(draft); day++) {
    if (dayOfMonth(day) !== on) continue;
    add(draft, day, fee);
    addDecoy(draft, 'monthly_fee', { start: day, end: day });
  }
}

/** A yearly plan or an upfront payment. */
function addOneOffFee(dice: Dice, draft: Draft): void {
  const day = findRoom(dice, draft, 1, (start) => dayOfMonth(start) === 1);
  if (day === undefined) return;
  add(draft, day, dice.magnitude(100, 5000));
  addDecoy(draft, 'oneoff_fee', { start: day, end: day });
}

/** A refund: some days cost less, or come back in part. */
function addCredit(dice: Dice, draft: Draft): void {
  const days = dice.whole(1, 3);
  const start = findRoom(dice, draft, days);
  if (start === undefined) return;
  const credit = dice.between(0.5, 1.5) * Math.max(1, draft.course.level);
  for (let day = start; day < start + days; day++) add(draft, day, -credit);
  addDecoy(draft, 'credit', { start, end: start + days - 1 });
}

const dayOfMonth = (day: number): number => new Date(day * 86_400_000).getUTCDate();

/** Figures as the bill fills in: a day has 60 to 90 % at first, by and large as much each time, then 94 to 100 %. */
function asSeen(dice: Dice, { name, start, course: { amounts } }: Draft): LabelledSeries {
  const usual = dice.between(0.68, 0.82);
  const final = amounts.map(asBilled);
  const seenFirst = final.map((usd) => asBilled(usd * (usual + dice.between(-0.08, 0.08))));
  const seenNext = final.map((usd) => asBilled(usd * dice.between(0.94, 1)));
  return { name, start, final, seenFirst, seenNext };
}

/** To the hundredth of a cent. */
const asBilled = (usd: Usd): Usd => Math.round(usd * 10_000) / 10_000;
