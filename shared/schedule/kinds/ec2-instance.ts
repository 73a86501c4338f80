import {
  type Instance,
  type InstanceState,
  type InstanceTypeFacts,
  instanceName,
  type SpotRequest,
  transitionTime,
} from '../../compute/instance.ts';
import type { Refusal } from '../refusal.ts';
import type { PowerState, Schedulable } from '../schedulable.ts';

/** An instance, and what it rests on whether a schedule may stop it. */
export type InstanceCandidate = {
  instance: Instance;
  /** What is known of its type; undefined is unknown. */
  facts: InstanceTypeFacts | undefined;
  /** The request behind a spot instance; undefined is unknown. */
  spot: SpotRequest | undefined;
  /** The key of the tag whose value `discard` allows a stop that loses local disks. */
  instanceStoreTag: string;
};

type Rule = (candidate: InstanceCandidate) => Refusal | undefined;

/** A group takes a stopped member for unhealthy and replaces it. */
const autoScaling: Rule = ({ instance }) => {
  const group = instance.tags['aws:autoscaling:groupName'];
  return group === undefined
    ? undefined
    : {
        code: 'auto-scaling',
        reason: `a member of the Auto Scaling group "${group}", which would replace it`,
      };
};

const managed: Rule = ({ instance }) =>
  instance.managed ? { code: 'managed', reason: 'another AWS service manages it' } : undefined;

/** As with Auto Scaling: what a fleet misses it launches again. */
const fleet: Rule = ({ instance, spot }) => {
  const id =
    spot?.fleet ?? instance.tags['aws:ec2spot:fleet-request-id'] ?? instance.tags['aws:ec2:fleet-id'];
  return id === undefined
    ? undefined
    : { code: 'fleet', reason: `it belongs to the fleet ${id}, which would replace it` };
};

const lifecycles: Readonly<Record<string, Refusal>> = {
  'capacity-block': {
    code: 'capacity-block',
    reason: 'a capacity block is paid for in advance: stopping it saves nothing',
  },
  'interruptible-capacity-reservation': {
    code: 'interruptible-capacity',
    reason: 'it runs in an interruptible capacity reservation, and might not get its place back',
  },
  scheduled: { code: 'scheduled-instance', reason: 'a scheduled instance follows its own schedule' },
  other: { code: 'unknown-lifecycle', reason: 'it was bought in a way that is not known here' },
};

const lifecycle: Rule = ({ instance }) =>
  instance.lifecycle === undefined ? undefined : lifecycles[instance.lifecycle];

/** Only a persistent request that stands alone lets its instance be stopped; the others terminate it or refuse. */
const spotRequest: Rule = ({ instance, spot }) => {
  if (instance.lifecycle !== 'spot' && instance.spotInstanceRequestId === undefined) return undefined;
  if (spot === undefined) return { code: 'spot-unknown', reason: 'nothing is known of its spot request' };
  if (spot.type !== 'persistent') {
    return { code: 'spot-one-time', reason: 'the instance of a one-time spot request can not be stopped' };
  }
  return spot.launchGroup === undefined
    ? undefined
    : { code: 'spot-launch-group', reason: `it belongs to the launch group "${spot.launchGroup}"` };
};

const instanceStoreRoot: Rule = ({ instance }) =>
  instance.rootDeviceType === 'instance-store'
    ? { code: 'instance-store-root', reason: 'its root is on an instance store: it can only be terminated' }
    : undefined;

const instanceStoreData: Rule = ({ instance, facts, instanceStoreTag: key }) =>
  instanceStoreLoss(instance.instanceType, facts, { tags: instance.tags, key });

/** What a stop would lose: data on local disks is gone for good. The tag `key` of what is stopped may allow it. */
export function instanceStoreLoss(
  instanceType: string,
  facts: InstanceTypeFacts | undefined,
  { tags, key }: { tags: Instance['tags']; key: string },
): Refusal | undefined {
  if (facts === undefined) {
    return { code: 'unknown-type', reason: `nothing is known of the type ${instanceType}` };
  }
  if (facts.instanceStoreGb === 0 || tags[key]?.trim().toLowerCase() === 'discard') return undefined;
  const reason = `a stop would lose ${facts.instanceStoreGb} GB on instance-store volumes; "${key}: discard" allows it`;
  return { code: 'instance-store-data', reason };
}

/** Rules that hold whatever becomes of it meanwhile: by hand, too, it had better not be stopped. */
const lastingRules: readonly Rule[] = [
  autoScaling,
  managed,
  fleet,
  lifecycle,
  spotRequest,
  instanceStoreRoot,
];

/** The instance as a schedule sees it. */
export function schedulableInstance(candidate: InstanceCandidate): Schedulable {
  const { instance, facts } = candidate;
  const { account, region, instanceId, instanceType, state, launchTime, tags } = instance;
  return {
    kind: 'ec2-instance',
    account,
    region,
    id: instanceId,
    name: instanceName(instance),
    type: instanceType,
    tags,
    state: states[state],
    startedAt: launchTime,
    stoppedAt: transitionTime(instance.stateTransitionReason),
    refusal: lastingRules.map((rule) => rule(candidate)).find((refusal) => refusal !== undefined),
    stopRefusal: instanceStoreData(candidate),
    hibernates: instance.hibernationConfigured,
    instanceStoreGb: facts?.instanceStoreGb,
  };
}

const states: Readonly<Record<InstanceState, PowerState>> = {
  pending: 'starting',
  running: 'running',
  stopping: 'stopping',
  stopped: 'stopped',
  'shutting-down': 'gone',
  terminated: 'gone',
};
