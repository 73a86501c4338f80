import { parseCustodianTag } from './custodian.ts';
import { parseInstanceSchedulerTag } from './instance-scheduler.ts';
import type { ParsedSchedule, ScheduleContext } from './schedule.ts';
import { parseScheduleTag } from './tag.ts';

/** Whose tag it is that says when an instance may run. */
export const grammars = ['watchdog', 'instance-scheduler', 'custodian'] as const;
export type Grammar = (typeof grammars)[number];

type Tags = Readonly<Record<string, string>>;
type TagPolicy = ScheduleContext & { tags: { schedule: string } };

/** What the value of a tag says in one of the grammars. */
export const parseTag = (value: string, grammar: Grammar, context: ScheduleContext): ParsedSchedule =>
  ({
    watchdog: parseScheduleTag,
    'instance-scheduler': parseInstanceSchedulerTag,
    custodian: parseCustodianTag,
  })[grammar](value, context);

/** The keys by which an instance opts in, ours first. */
function optInKeys({ tags, compatibility = {} }: TagPolicy): { key: string; grammar: Grammar }[] {
  const { instanceScheduler, custodian } = compatibility;
  return [
    { key: tags.schedule, grammar: 'watchdog' as const },
    ...(instanceScheduler ? [{ key: instanceScheduler.tag, grammar: 'instance-scheduler' as const }] : []),
    ...(custodian ? [{ key: custodian.tag, grammar: 'custodian' as const }] : []),
  ];
}

/** `"auto-stop" or "Schedule"` */
export const optInKeysText = (policy: TagPolicy): string =>
  optInKeys(policy)
    .map(({ key }) => `"${key}"`)
    .join(' or ');

/**
 * The key that counts for an instance: ours where it is there in whatever case, else another scheduler's, and ours
 * where none is.
 */
export const scheduleKeyOf = (tags: Tags, policy: TagPolicy): string => countingKey(tags, policy).key;

function countingKey(tags: Tags, policy: TagPolicy): { key: string; grammar: Grammar } {
  const ours = { key: policy.tags.schedule, grammar: 'watchdog' as const };
  if (policy.compatibility === undefined) return ours;
  return optInKeys(policy).find(({ key }) => tagsLike(tags, [key]).length > 0) ?? ours;
}

/** What the tag that counts says; undefined where there is none. Custodian takes its key in whatever case. */
export function readScheduleTag(tags: Tags, policy: TagPolicy): ParsedSchedule | undefined {
  const { key, grammar } = countingKey(tags, policy);
  const value = tags[key] ?? (grammar === 'custodian' ? tagsLike(tags, [key])[0]?.[1] : undefined);
  return value === undefined ? undefined : parseTag(value, grammar, policy);
}

/** The tags whose key is one of `keys`, whatever its case. */
export function tagsLike(tags: Tags, keys: readonly string[]): [key: string, value: string][] {
  const found: [key: string, value: string][] = [];
  for (const key in tags) {
    const value = tags[key];
    if (value !== undefined && keys.some((wanted) => isLike(key, wanted))) found.push([key, value]);
  }
  return found;
}

/** Asked of every tag of every instance several times: most differ in length already. */
const isLike = (key: string, wanted: string): boolean =>
  key === wanted || (key.length === wanted.length && key.toLowerCase() === wanted.toLowerCase());
