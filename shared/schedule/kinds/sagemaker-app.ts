import type { InstanceTypeFacts } from '../../compute/instance.ts';
import type { StudioApp } from '../../compute/sagemaker/studio-app.ts';
import type { Refusal } from '../refusal.ts';
import type { PowerState, Schedulable } from '../schedulable.ts';
import { instanceStoreRefusal } from './instance-store.ts';

/** A Studio app, and what it rests on whether a schedule may shut it down. */
export type AppCandidate = {
  account: string;
  region: string;
  app: StudioApp;
  /** SageMaker's own word: `InService`. */
  status: string;
  tags: Readonly<Record<string, string>>;
  /** What EC2 says of its type; undefined is unknown. */
  facts: InstanceTypeFacts | undefined;
  /** The key of the tag whose value `discard` allows a stop that loses local disks. */
  instanceStoreTag: string;
};

/**
 * The app as a schedule sees it. It is deleted to stop it, as Studio itself does, and its user opens it again: nothing
 * starts it. Developer guide, Studio: what is on the volume of its space outlives it; what is on NVMe instance store is
 * lost whenever the app is deleted.
 */
export function schedulableApp(candidate: AppCandidate): Schedulable {
  const { account, region, app, status, tags } = candidate;
  return {
    kind: 'sagemaker-app',
    account,
    region,
    id: app.id,
    name: app.owner,
    type: app.instanceType,
    tags,
    state: states[status] ?? 'gone',
    startedAt: app.createdAt,
    refusal: typeRefusal(app),
    stopRefusal: instanceStoreRefusal({ ...candidate, type: app.instanceType || 'it runs on' }),
    restore: { tags: JSON.stringify(tags), type: app.instanceType },
  };
}

const states: Readonly<Record<string, PowerState>> = {
  Pending: 'starting',
  InService: 'running',
  Deleting: 'stopping',
};

/** Those whose files are on the volume of a space. */
const keepTheirFiles = new Set(['JupyterLab', 'CodeEditor']);

/**
 * The kernels of Studio Classic share one instance by user and type, and what was installed there is on no volume that
 * is kept; its JupyterServer costs nothing. Of the other types nobody has looked up what is lost with them.
 */
function typeRefusal({ appType, ownerKind }: StudioApp): Refusal | undefined {
  if (keepTheirFiles.has(appType) && ownerKind === 'space') return undefined;
  return {
    code: 'app-type',
    reason: `only JupyterLab and Code Editor apps of a space keep their files without the app: this is ${appType}`,
  };
}

/** An app whose deletion a run has claimed and not recorded: gone by now, and nobody else's to start. */
export function deletedApp(
  { account, region }: Pick<AppCandidate, 'account' | 'region'>,
  id: string,
  { tags, type }: Readonly<Record<string, string | number>>,
): Schedulable {
  const [, , owner = id] = id.split('/');
  return {
    kind: 'sagemaker-app',
    account,
    region,
    id,
    name: owner,
    type: String(type ?? ''),
    tags: storedTags(tags),
    state: 'stopped',
    refusal: { code: 'app-deleted', reason: 'it is shut down, and its user opens it again' },
  };
}

/** The tags that were stored with a stop; none where they can't be read, so that nothing follows from them. */
export function storedTags(value: string | number | undefined): Record<string, string> {
  try {
    return Object.fromEntries(
      Object.entries(JSON.parse(String(value)) as object).filter(([, each]) => typeof each === 'string'),
    );
  } catch {
    return {};
  }
}
