import { type EcsService, serviceId } from '../../compute/ecs-service.ts';
import type { Target } from '../../target.ts';
import type { Refusal } from '../refusal.ts';
import type { PowerState, Schedulable } from '../schedulable.ts';

type Rule = (service: EcsService) => Refusal | undefined;

/** One task on each instance, whatever its count says (ECS developer guide: Daemon scheduling strategy). */
const daemon: Rule = ({ isDaemon }) =>
  isDaemon
    ? {
        code: 'daemon',
        reason: 'a daemon service runs a task on each instance, and has no count to set to 0',
      }
    : undefined;

/** ECS API reference, Service: `resourceManagementType`. */
const express: Rule = ({ isExpress }) =>
  isExpress ? { code: 'managed', reason: 'an Express service: ECS itself manages its tasks' } : undefined;

/**
 * A scaling action brings what is below its minimum back up to it (ECS developer guide: Service auto scaling). To suspend
 * it is not ours: its scalable target has tags of its own, so that nothing would tell whether it was opted in.
 */
const heldByScaling: Rule = ({ scaling }) =>
  scaling === undefined || scaling.minCapacity === 0 || scaling.isSuspended
    ? undefined
    : {
        code: 'held-by-scaling',
        reason: `Application Auto Scaling keeps it at ${scaling.minCapacity} or more; a minimum of 0, or scaling that is suspended, allows a stop`,
      };

/** Between two revisions the count is not what it was, and a rollback may follow. */
const deployment: Rule = ({ isDeploying, desiredCount }) =>
  isDeploying && desiredCount > 0
    ? { code: 'pending', reason: 'a deployment is in progress: looked at again with the next run' }
    : undefined;

const rules: readonly Rule[] = [daemon, express, heldByScaling, deployment];

/**
 * The service as a schedule sees it. The count may be set whatever its deployment controller is, and starts no deployment
 * (ECS API reference, UpdateService). ECS doesn't tell since when it is up, or down.
 */
export function schedulableService(
  service: EcsService,
  { account, region }: Pick<Target, 'account' | 'region'>,
): Schedulable {
  const { name, tags, launchType, desiredCount } = service;
  return {
    kind: 'ecs-service',
    account,
    region,
    id: serviceId(service),
    name,
    type: launchType,
    tags,
    state: stateOf(service),
    refusal: rules.map((rule) => rule(service)).find((refusal) => refusal !== undefined),
    ...(desiredCount > 0 && { restore: { desiredCount } }),
  };
}

function stateOf({ status, desiredCount, runningCount, pendingCount }: EcsService): PowerState {
  if (status !== 'ACTIVE') return 'gone';
  if (desiredCount === 0) return runningCount + pendingCount > 0 ? 'stopping' : 'stopped';
  return runningCount > 0 ? 'running' : 'starting';
}
