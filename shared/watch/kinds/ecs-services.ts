import { ApplicationAutoScalingClient } from '@aws-sdk/client-application-auto-scaling';
import { ECSClient } from '@aws-sdk/client-ecs';
import { getServiceScaling } from '../../aws/application-auto-scaling.ts';
import { getServices, serviceIdOf, startServices, stopServices } from '../../aws/ecs.ts';
import { type EcsService, serviceId } from '../../compute/ecs-service.ts';
import { hasScheduleTag } from '../../schedule/gates.ts';
import { schedulableService } from '../../schedule/kinds/ecs-service.ts';
import { restoreOf } from '../../schedule/restore.ts';
import { type Schedulable, schedulableKey } from '../../schedule/schedulable.ts';
import { clientFor } from '../client-for.ts';
import { measureServices } from '../measure-services.ts';
import type { Kind, KindContext, Listed } from './kind.ts';

/** ECS services: to no task and back to the count they had. */
export const ecsServices: Kind = {
  kind: 'ecs-service',
  what: 'ECS services (DescribeServices)',
  list,
  refresh: async (context, subjects) => {
    const services = await describe(
      context,
      subjects.map(({ id }) => id),
    );
    return services.map((service) => toSchedulable(context, service));
  },
  stop: ({ target }, stops, options) => stopServices(clientFor(ECSClient, target), stops, options),
  start: ({ target }, starts, options) => startServices(clientFor(ECSClient, target), starts, options),
};

async function list(context: KindContext): Promise<Listed> {
  const { clients, target, config, now } = context;
  const arns = await context.taggedArns('ecs:service');
  const services = await describe(context, arns.map(serviceIdOf));
  const tagged = services.filter(({ tags }) => hasScheduleTag(tags, config));
  return {
    subjects: tagged.map((service) => toSchedulable(context, service)),
    measure: (ids, minutes) =>
      measureServices(
        { cloudWatch: clients.cloudWatch, ecs: clientFor(ECSClient, target) },
        tagged.filter((service) => ids.includes(serviceId(service))),
        config,
        { minutes, now },
      ),
    // What runs on instances costs what these cost; a price of Fargate's CPU and memory is not kept here.
    rates: async () => new Map(),
  };
}

/** The services with what Application Auto Scaling does with them. */
async function describe({ target }: KindContext, ids: readonly string[]): Promise<EcsService[]> {
  const services = await getServices(clientFor(ECSClient, target), ids);
  if (services.length === 0) return [];
  const scaling = await getServiceScaling(
    clientFor(ApplicationAutoScalingClient, target),
    services.map(serviceId),
  );
  return services.map((service) => ({ ...service, scaling: scaling.get(serviceId(service)) }));
}

function toSchedulable({ target, config, now, records }: KindContext, service: EcsService): Schedulable {
  const subject = schedulableService(service, target);
  const record = records.get(schedulableKey(subject)) ?? {};
  return { ...subject, restore: restoreOf(subject, { record, policy: config, now }) };
}
