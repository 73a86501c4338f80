import { getTagsOf } from '../aws/tags.ts';
import type { Observation } from '../compute/finding.ts';
import type { Gap, Watched } from './observe.ts';

/** What was found in a part of a target, its tags not read yet. */
export type Untagged = {
  found: readonly {
    observation: Observation;
    /** What carries its tags, by ARN: of two that have the same key, the first one's counts. */
    arns: readonly string[];
  }[];
  gaps: readonly Gap[];
};

/** The observations with their tags. Where these can't be read, nobody's owner is known, and everything else is. */
export async function withTags(
  { clients }: Watched,
  found: Untagged['found'],
): Promise<{ observations: Observation[]; gaps: Gap[] }> {
  try {
    const tags = await getTagsOf(clients.tagging, [...new Set(found.flatMap(({ arns }) => arns))]);
    const observations = found.map(({ observation, arns }): Observation => {
      const own = arns.toReversed().map((arn) => tags.get(arn) ?? {});
      return { ...observation, resource: { ...observation.resource, tags: Object.assign({}, ...own) } };
    });
    return { observations, gaps: [] };
  } catch (error) {
    const gap = { what: 'the tags of SageMaker resources (GetResources)', why: (error as Error).message };
    return {
      observations: found.map(({ observation }) => ({ ...observation, tagsUnread: true })),
      gaps: [gap],
    };
  }
}
