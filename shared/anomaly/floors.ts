import type { Usd } from '../money.ts';
import { isWithin, type Scope } from '../spend/scope.ts';
import { scopeOf } from './calendar.ts';

/** Dollars a day for a part of the spend; every key but `floor` names a dimension. */
type Floor = { readonly floor: Usd; readonly [dimension: string]: string | number | undefined };

/** The general floor, and those of parts. */
export type Floors = { floor: Usd; floors: readonly Floor[] };

/**
 * Dollars a day below which an excess in a scope is noise: that of the entry that names most of its dimensions, of two
 * equally specific ones the lower, and the general one where none fits.
 */
export function floorOf({ floor, floors }: Floors, scope: Scope): Usd {
  if (floors.length === 0) return floor;
  const fitting = floors
    .map(({ floor: own, ...dimensions }) => ({ floor: own, part: scopeOf(dimensions) }))
    .filter(({ part }) => isWithin(scope, part))
    .toSorted((a, b) => sizeOf(b.part) - sizeOf(a.part) || a.floor - b.floor);
  return fitting[0]?.floor ?? floor;
}

const sizeOf = (scope: Scope): number => Object.keys(scope).length;
