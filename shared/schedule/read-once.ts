import { ScheduleFault } from './fault.ts';
import type { ParsedSchedule, ScheduleContext } from './schedule.ts';

// Thousands of instances share a few values. The same value gives the same object, and so the evaluator's work on it
// is shared too. A full cache forgets what it has held longest: one that forgot all at once would start from nothing in
// the middle of a sweep.
const caches = new WeakMap<ScheduleContext, Map<string, ParsedSchedule>>();
const cacheSize = 20_000;

/** What was read of a value in a context, or what `read` makes of it now. */
export function readOnce(context: ScheduleContext, key: string, read: () => ParsedSchedule): ParsedSchedule {
  const cache = caches.get(context) ?? new Map<string, ParsedSchedule>();
  caches.set(context, cache);
  const known = cache.get(key);
  if (known) return known;
  const parsed = unlessFault(read);
  if (cache.size >= cacheSize) cache.delete(cache.keys().next().value ?? key);
  cache.set(key, parsed);
  return parsed;
}

/** What was read, or what is wrong with it. */
export function unlessFault(read: () => ParsedSchedule): ParsedSchedule {
  try {
    return read();
  } catch (error) {
    if (error instanceof ScheduleFault) return { kind: 'invalid', error: error.message };
    throw error;
  }
}
