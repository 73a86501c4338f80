import { getStudioApps } from '../aws/sagemaker-apps.ts';
import type { Tags } from '../aws/tags.ts';
import type { Observation } from '../compute/finding.ts';
import { judgeStudioApp, type StudioApp, sharedInstances } from '../compute/sagemaker/studio-app.ts';
import { ratesOf } from '../store/prices.ts';
import type { Gap, Watched } from './observe.ts';

/** The Studio apps of a target that are in service on an instance that is paid for. Throws where they can't be listed. */
export async function observeStudioApps(
  watched: Watched,
  tags: Tags,
): Promise<{ observations: Observation[]; gaps: Gap[] }> {
  const { clients, config, table, target, now, readOnly = false } = watched;
  const { apps, faults } = await getStudioApps(clients.sageMaker);
  const priced = apps.map(({ instanceType }) => ({
    region: target.region,
    type: instanceType,
    use: 'studio' as const,
  }));
  const rates = await ratesOf({ pricing: clients.pricing, table, readOnly }, priced, now);
  const shared = sharedInstances(apps);
  const observations = apps.map((app, index): Observation => {
    const rate = rates[index];
    const resource = {
      kind: 'sagemaker-app' as const,
      account: target.account,
      region: target.region,
      id: app.id,
      name: `${app.owner} ${app.appType}`,
      type: app.instanceType,
      count: 1,
      startedAt: app.createdAt,
      tags: tagsOf(app, tags),
    };
    return {
      resource,
      ...judgeStudioApp(app, config.utilization.notebooks.window, now),
      hourlyRate: rate === undefined ? undefined : rate / (shared.get(app.id) ?? 1),
    };
  });
  return { observations, gaps: faults };
}

/** An app's own tags go before those of its space or user, and these before those of its domain. */
function tagsOf({ arn, domainId, ownerKind, owner }: StudioApp, tags: Tags) {
  const prefix = arn?.split(':app/')[0];
  if (arn === undefined || prefix === undefined) return {};
  const ownerArn = `${prefix}:${ownerKind === 'space' ? 'space' : 'user-profile'}/${domainId}/${owner}`;
  return { ...tags.get(`${prefix}:domain/${domainId}`), ...tags.get(ownerArn), ...tags.get(arn) };
}
