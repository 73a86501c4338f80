import { getStudioApps } from '../aws/sagemaker-apps.ts';
import type { Resource } from '../compute/resource.ts';
import { judgeStudioApps, type StudioApp } from '../compute/sagemaker/studio-app.ts';
import { ratesOf } from '../store/prices.ts';
import type { Target } from '../target.ts';
import type { Watched } from './observe.ts';
import type { Untagged } from './tagged.ts';

/** The Studio apps of a target that are in service on an instance that is paid for. Throws where they can't be listed. */
export async function observeStudioApps(watched: Watched): Promise<Untagged> {
  const { clients, config, table, target, now, readOnly = false } = watched;
  const { apps, faults } = await getStudioApps(clients.sageMaker);
  const priced = apps.map(({ instanceType }) => ({
    region: target.region,
    type: instanceType,
    use: 'studio' as const,
  }));
  const rates = await ratesOf({ pricing: clients.pricing, table, readOnly }, priced, now);
  const judged = judgeStudioApps(apps, config.utilization.notebooks.window, now);
  const found = judged.map(({ app, sharedBy, ...verdict }, index) => {
    const rate = rates[index];
    const observation = {
      resource: toResource(app, target),
      ...verdict,
      hourlyRate: rate === undefined ? undefined : rate / sharedBy,
    };
    return { observation, arns: arnsOf(app) };
  });
  return { found, gaps: faults };
}

const toResource = (app: StudioApp, { account, region }: Target): Resource => ({
  kind: 'sagemaker-app',
  account,
  region,
  id: app.id,
  name: `${app.owner} ${app.appType}`,
  type: app.instanceType,
  count: 1,
  startedAt: app.createdAt,
  tags: {},
});

/** An app's own tags go before those of its space or user profile, and these before those of its domain. */
function arnsOf({ arn, ownerKind }: StudioApp): string[] {
  const [prefix, path] = arn?.split(':app/') ?? [];
  const [domain, owner] = path?.split('/') ?? []; // as ARNs spell them: in lower case
  if (arn === undefined || owner === undefined) return [];
  const kind = ownerKind === 'space' ? 'space' : 'user-profile';
  return [arn, `${prefix}:${kind}/${domain}/${owner}`, `${prefix}:domain/${domain}`];
}
