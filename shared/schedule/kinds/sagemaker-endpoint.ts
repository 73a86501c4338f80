import { type Endpoint, hostsComponents, isFree } from '../../compute/sagemaker/endpoint.ts';
import type { IsoTime } from '../../period.ts';
import type { StopPolicy } from '../gates.ts';
import type { Refusal } from '../refusal.ts';
import type { PowerState, Schedulable } from '../schedulable.ts';
import { storedTags } from './sagemaker-app.ts';

/** What an endpoint was made of, and whether that would still make the same one. */
export type EndpointSetup = {
  /** Absent where it couldn't be read, as when it was deleted: then nothing could be made of it again. */
  configName?: string | undefined;
  modifiedAt: IsoTime;
  /** How it was updated last, as JSON; absent where it never was. */
  deploymentConfig?: string | undefined;
  /** What was changed since it was made, e.g. `2 instances of AllTraffic where its configuration says 1`. */
  changed?: string | undefined;
  /** The customer's key that its configuration names. */
  kmsKey?: string | undefined;
  models: readonly string[];
};

/** What takes calls of its own to know; absent where nobody has asked. */
export type EndpointInquiry = {
  /** Whether Application Auto Scaling scales it, or why nobody knows. */
  scaling: 'none' | 'registered' | { fault: string };
  /** A model that is gone, or why nobody knows. */
  missingModel?: string | { fault: string } | undefined;
};

/** An endpoint, and what it rests on whether a schedule may delete it. */
export type EndpointCandidate = {
  account: string;
  region: string;
  endpoint: Endpoint;
  setup: EndpointSetup;
  type: string;
  tags: Readonly<Record<string, string>>;
  inquiry?: EndpointInquiry | undefined;
  policy: Pick<StopPolicy, 'tags' | 'protect'>;
};

type Rule = (candidate: EndpointCandidate) => Refusal | undefined;

/** While it is changed it can't be deleted; what failed, or is a mix of two configurations, is for people to mend. */
const status: Rule = ({ endpoint }) =>
  endpoint.status === 'InService' || endpoint.status in passing
    ? undefined
    : { code: 'not-in-service', reason: `its status is ${endpoint.status}` };

const passing: Readonly<Record<string, PowerState>> = { Creating: 'starting', Deleting: 'stopping' };

/** They are deleted with it, and belong to nobody's configuration. */
const components: Rule = ({ endpoint }) =>
  endpoint.components === undefined || endpoint.components.length > 0 || hostsComponents(endpoint)
    ? { code: 'inference-components', reason: 'its inference components could not be made again' }
    : undefined;

/** Nobody but AWS may set a tag that begins so; and what CloudFormation made it would miss. */
const awsTags: Rule = ({ tags }) => {
  const key = Object.keys(tags).find((each) => each.startsWith('aws:'));
  return key === undefined
    ? undefined
    : { code: 'aws-tags', reason: `its tag "${key}" says that AWS made it, and could not be given back` };
};

const free: Rule = ({ endpoint }) =>
  isFree(endpoint)
    ? { code: 'costs-nothing', reason: 'it costs nothing while nobody calls it: to delete it saves nothing' }
    : undefined;

/**
 * Deleted is only what somebody has said is no production: not to say it isn't enough, nor is a value that has a
 * protected word in it, as in `production-eu`.
 */
const environment: Rule = ({ tags, policy }) => {
  const keys = policy.tags.environment.map((key) => key.toLowerCase());
  const values = Object.entries(tags).flatMap(([key, value]) =>
    keys.includes(key.toLowerCase()) && value.trim() !== '' ? [value.trim()] : [],
  );
  const [key = 'environment'] = policy.tags.environment;
  if (values.length === 0) {
    return { code: 'no-environment', reason: `only with a tag "${key}" that says it is for development` };
  }
  const doubtful = values.find((value) => mayBeProtected(value, policy.protect.environments));
  return doubtful === undefined
    ? undefined
    : { code: 'no-environment', reason: `its environment "${doubtful}" may be a protected one` };
};

/** By the words of it; `non-production` is none. */
function mayBeProtected(value: string, environments: readonly string[]): boolean {
  const words = value.toLowerCase().split(/[^a-z0-9]+/);
  const guarded = new Set(environments.map((each) => each.toLowerCase()));
  return words.some((word, index) => guarded.has(word) && words[index - 1] !== 'non');
}

const unread: Rule = ({ endpoint, setup }) => {
  if (endpoint.fault !== undefined) {
    return { code: 'endpoint-unread', reason: `it could not be described: ${endpoint.fault}` };
  }
  return setup.configName === undefined
    ? {
        code: 'endpoint-unread',
        reason: 'its configuration is gone or could not be read: nothing could make it again',
      }
    : undefined;
};

const changed: Rule = ({ setup }) =>
  setup.changed === undefined
    ? undefined
    : { code: 'endpoint-changed', reason: `it would not come back as it is: ${setup.changed}` };

/** API reference, CreateEndpointConfig: the key's policy must let in whoever makes an endpoint of it. */
const encrypted: Rule = ({ setup }) =>
  setup.kmsKey === undefined
    ? undefined
    : { code: 'endpoint-encrypted', reason: 'to make it again takes a KMS key that may not be used here' };

/** Developer guide, automatic scaling: to delete an endpoint is to deregister its variants, without a word. */
const scaling: Rule = ({ inquiry }) => {
  if (inquiry === undefined || inquiry.scaling === 'none') return undefined;
  const reason =
    inquiry.scaling === 'registered'
      ? 'Application Auto Scaling scales it, and would forget its policies'
      : `whether Application Auto Scaling scales it is not known: ${inquiry.scaling.fault}`;
  return { code: 'endpoint-scaled', reason };
};

const models: Rule = ({ inquiry }) => {
  const { missingModel: missing } = inquiry ?? {};
  if (missing === undefined) return undefined;
  const reason =
    typeof missing === 'string'
      ? `its model "${missing}" is gone: nothing could make it again`
      : `whether its models are still there is not known: ${missing.fault}`;
  return { code: 'endpoint-model-gone', reason };
};

const lastingRules: readonly Rule[] = [status, components, awsTags, free];

const stopRules: readonly Rule[] = [environment, unread, changed, encrypted, scaling, models];

const firstRefusal = (rules: readonly Rule[], candidate: EndpointCandidate): Refusal | undefined =>
  rules.map((rule) => rule(candidate)).find((refusal) => refusal !== undefined);

/** The endpoint as a schedule sees it: deleted to stop it, its configuration kept, and made again of that by a start. */
export function schedulableEndpoint(candidate: EndpointCandidate): Schedulable {
  const { account, region, endpoint, setup, type, tags } = candidate;
  return {
    kind: 'sagemaker-endpoint',
    account,
    region,
    id: endpoint.name,
    name: endpoint.name,
    type,
    tags,
    state: stateOf(endpoint),
    // An update gives it other instances: what was seen of it before says nothing of them.
    startedAt: setup.modifiedAt,
    refusal: firstRefusal(lastingRules, candidate),
    stopRefusal: firstRefusal(stopRules, candidate),
    isDeletedToStop: true,
    ...(setup.configName !== undefined && {
      restore: {
        endpointConfigName: setup.configName,
        tags: JSON.stringify(tags),
        type,
        ...(setup.deploymentConfig !== undefined && { deploymentConfig: setup.deploymentConfig }),
      },
    }),
  };
}

/** Of what failed, or is out of service, no instance serves anybody; all else that isn't passing is up. */
const stateOf = ({ status }: Endpoint): PowerState =>
  passing[status] ?? (status === 'Failed' || status === 'OutOfService' ? 'stopped' : 'running');

/** An endpoint that was deleted to stop it, as it was stored then: nobody but the watchdog knows of it. */
export const deletedEndpoint = (
  { account, region }: Pick<EndpointCandidate, 'account' | 'region'>,
  name: string,
  { tags, type }: Readonly<Record<string, string | number>>,
  state: 'stopping' | 'stopped' = 'stopped',
): Schedulable => ({
  kind: 'sagemaker-endpoint',
  account,
  region,
  id: name,
  name,
  type: String(type ?? ''),
  tags: storedTags(tags),
  state,
  isDeletedToStop: true,
});
