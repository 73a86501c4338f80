import type { ResourceKind } from '../compute/resource.ts';
import type { Gap, Observer, Watched } from './observe.ts';
import { observeEndpoints } from './observe-endpoints.ts';
import { observeNotebooks } from './observe-notebooks.ts';
import { observeStudioApps } from './observe-studio-apps.ts';
import { type Untagged, withTags } from './tagged.ts';

type Part = {
  kind: ResourceKind;
  /** What can't be listed where it throws. */
  what: string;
  observe: (watched: Watched) => Promise<Untagged>;
};

const parts: readonly Part[] = [
  { kind: 'sagemaker-endpoint', what: 'SageMaker endpoints (ListEndpoints)', observe: observeEndpoints },
  {
    kind: 'sagemaker-notebook',
    what: 'SageMaker notebook instances (ListNotebookInstances)',
    observe: observeNotebooks,
  },
  { kind: 'sagemaker-app', what: 'SageMaker Studio apps (ListApps)', observe: observeStudioApps },
];

/** The endpoints, notebook instances and Studio apps of a target. What can't be listed leaves the others be. */
export const observeSageMaker: Observer = async (watched) => {
  const told = await Promise.all(parts.map((part) => observePart(part, watched)));
  const { observations, gaps } = await withTags(
    watched,
    told.flatMap(({ found }) => found),
  );
  return {
    observations,
    complete: told.flatMap(({ complete }) => complete),
    gaps: [...told.flatMap((part): readonly Gap[] => part.gaps), ...gaps],
  };
};

async function observePart(
  { kind, what, observe }: Part,
  watched: Watched,
): Promise<Untagged & { complete: ResourceKind[] }> {
  try {
    return { ...(await observe(watched)), complete: [kind] };
  } catch (error) {
    return { found: [], complete: [], gaps: [{ what, why: (error as Error).message }] };
  }
}
