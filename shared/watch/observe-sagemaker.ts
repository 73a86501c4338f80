import { getTags, type Tags } from '../aws/tags.ts';
import type { ResourceKind } from '../compute/resource.ts';
import type { Observed, Observer, Watched } from './observe.ts';
import { observeEndpoints } from './observe-endpoints.ts';
import { observeNotebooks } from './observe-notebooks.ts';
import { observeStudioApps } from './observe-studio-apps.ts';

type Part = {
  kind: ResourceKind;
  /** What can't be listed where it throws. */
  what: string;
  observe: (watched: Watched, tags: Tags) => Promise<Omit<Observed, 'complete'>>;
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

/** SageMaker forgets no job: only the tags of what is watched here are asked for. */
const taggedTypes = ['endpoint', 'notebook-instance', 'app', 'space', 'user-profile', 'domain'].map(
  (type) => `sagemaker:${type}`,
);

/** The endpoints, notebook instances and Studio apps of a target. What can't be listed leaves the others be. */
export const observeSageMaker: Observer = async (watched) => {
  const { tags, gaps } = await readTags(watched);
  const results = await Promise.allSettled(parts.map(({ observe }) => observe(watched, tags)));
  const told = parts.map((part, index) => toObserved(part, results[index]));
  return {
    observations: told.flatMap(({ observations }) => observations),
    complete: told.flatMap(({ complete }) => complete),
    gaps: [...gaps, ...told.flatMap((observed) => observed.gaps)],
  };
};

async function readTags({ clients }: Watched): Promise<{ tags: Tags; gaps: Observed['gaps'] }> {
  try {
    return { tags: await getTags(clients.tagging, taggedTypes), gaps: [] };
  } catch (error) {
    return {
      tags: new Map(),
      gaps: [{ what: 'the tags of SageMaker resources (GetResources)', why: (error as Error).message }],
    };
  }
}

function toObserved(
  { kind, what }: Part,
  result: PromiseSettledResult<Omit<Observed, 'complete'>> | undefined,
): Observed {
  if (result?.status === 'fulfilled') return { ...result.value, complete: [kind] };
  const why = result?.reason instanceof Error ? result.reason.message : String(result?.reason);
  return { observations: [], complete: [], gaps: [{ what, why }] };
}
