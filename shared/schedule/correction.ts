import type { ScheduleContext } from './schedule.ts';
import { parseScheduleTag } from './tag.ts';

/** More slips than these in one value are no slips. */
const mostSlips = 5;

/**
 * A value that can be read, made of one that can't by what its reader itself proposes, word for word; undefined where it
 * has no proposal for one of the faults. It is for people: nothing is stopped by what somebody may have meant.
 */
export function correctedTag(value: string, context: ScheduleContext): string | undefined {
  let corrected = value;
  for (let slips = 0; slips <= mostSlips; slips += 1) {
    const parsed = parseScheduleTag(corrected, context);
    if (parsed.kind !== 'invalid') return slips === 0 ? undefined : corrected;
    const next = withProposal(corrected, parsed.error);
    if (next === undefined) return undefined;
    corrected = next;
  }
  return undefined;
}

/** `column 5: "Fry" is not a day ..., did you mean "Fri"?`, `column 1: "weekdays" is written Mon-Fri` */
const proposal = /^column (\d+): [^"]*"([^"]+)".*?(?:did you mean "([^"]+)"\?|is written (\S+))$/;

function withProposal(value: string, error: string): string | undefined {
  const [, column, word = '', meant, written] = proposal.exec(error) ?? [];
  const replacement = meant ?? written;
  const start = Number(column) - 1;
  const isThere = value.slice(start, start + word.length).toLowerCase() === word.toLowerCase();
  if (replacement === undefined || !isThere) return undefined;
  return value.slice(0, start) + replacement + value.slice(start + word.length);
}
