import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../shared/config.ts';
import { deletedApp, schedulableApp, storedTags } from '../../shared/schedule/kinds/sagemaker-app.ts';
import {
  deletedEndpoint,
  type EndpointCandidate,
  schedulableEndpoint,
} from '../../shared/schedule/kinds/sagemaker-endpoint.ts';
import { schedulableNotebook } from '../../shared/schedule/kinds/sagemaker-notebook.ts';
import { endpoint, variant } from '../support/endpoint.ts';

const place = { account: '210987654321', region: 'eu-west-1' };

describe('a notebook instance', () => {
  const modifiedAt = '2026-11-16T07:04:00Z';
  const given = { ...place, name: 'labels', instanceType: 'ml.t3.medium', modifiedAt, tags: {} };

  it.each([
    ['Pending', 'starting', undefined, undefined, undefined],
    ['InService', 'running', undefined, modifiedAt, undefined],
    ['Stopping', 'stopping', undefined, undefined, undefined],
    ['Stopped', 'stopped', undefined, undefined, modifiedAt],
    ['Deleting', 'gone', undefined, undefined, undefined],
    ['InMaintenance', 'running', 'not-in-service', undefined, undefined],
    ['PendingMaintenance', 'running', 'not-in-service', undefined, undefined],
    ['Updating', 'stopped', 'not-in-service', undefined, undefined],
    ['Failed', 'stopped', 'not-in-service', undefined, undefined],
    ['Dreaming', 'stopped', 'not-in-service', undefined, undefined],
  ])('that is %s is %s', (status, state, code, startedAt, stoppedAt) => {
    const subject = schedulableNotebook({ ...given, status });
    expect([subject.state, subject.refusal?.code, subject.startedAt, subject.stoppedAt]).toEqual([
      state,
      code,
      startedAt,
      stoppedAt,
    ]);
  });
});

describe('a Studio app', () => {
  const studioApp = (appType: string, ownerKind: 'space' | 'user') => ({
    id: `d-1/${ownerKind}/desk/${appType}/default`,
    domainId: 'd-1',
    ownerKind,
    owner: 'desk',
    appType,
    instanceType: 'ml.t3.medium',
  });
  const facts = { instanceType: 't3.medium', instanceStoreGb: 0, vcpus: 2 };
  const subjectOf = (appType: string, ownerKind: 'space' | 'user', given: object = {}) =>
    schedulableApp({
      ...place,
      app: studioApp(appType, ownerKind),
      status: 'InService',
      tags: { owner: 'mei' },
      facts,
      instanceStoreTag: 'auto-stop:instance-store',
      ...given,
    });

  it.each([
    ['JupyterLab', 'space', undefined],
    ['CodeEditor', 'space', undefined],
    ['JupyterLab', 'user', 'app-type'],
    ['KernelGateway', 'user', 'app-type'],
    ['KernelGateway', 'space', 'app-type'],
    ['RSessionGateway', 'user', 'app-type'],
    ['Canvas', 'user', 'app-type'],
  ] as const)('of type %s that belongs to a %s: %s', (appType, ownerKind, code) => {
    expect(subjectOf(appType, ownerKind).refusal?.code).toBe(code);
  });

  it.each([
    [{ instanceStoreGb: 237 }, {}, 'instance-store-data'],
    [{ instanceStoreGb: 237 }, { 'auto-stop:instance-store': ' Discard ' }, undefined],
    [undefined, {}, 'unknown-type'],
  ])('on an instance with %j and the tags %j: %s', (disks, tags, code) => {
    const given = { tags, facts: disks && { ...facts, ...disks } };
    expect(subjectOf('JupyterLab', 'space', given).stopRefusal?.code).toBe(code);
  });

  it.each([
    ['Pending', 'starting'],
    ['InService', 'running'],
    ['Deleting', 'stopping'],
    ['Deleted', 'gone'],
    ['Failed', 'gone'],
  ])('that is %s is %s', (status, state) => {
    expect(subjectOf('JupyterLab', 'space', { status }).state).toBe(state);
  });

  it('that was shut down keeps its name, its type and its tags, and is started by nobody', () => {
    const { id, restore = {} } = subjectOf('JupyterLab', 'space');
    expect(deletedApp(place, id, restore)).toMatchObject({
      name: 'desk',
      type: 'ml.t3.medium',
      tags: { owner: 'mei' },
      state: 'stopped',
      refusal: { code: 'app-deleted' },
    });
  });
});

describe('an endpoint', () => {
  const tags = { environment: 'dev', 'auto-stop': 'Mon-Fri 08:00-19:00; delete' };
  const setup = { configName: 'ranker-2', modifiedAt: '2026-10-01T08:07:00Z', models: ['ranker'] };
  const subjectOf = (given: Partial<EndpointCandidate> = {}) =>
    schedulableEndpoint({
      ...place,
      endpoint: endpoint(),
      setup,
      type: 'ml.g5.xlarge',
      tags,
      policy: parseConfig({}),
      ...given,
    });
  const codes = (given: Partial<EndpointCandidate>) => {
    const { refusal, stopRefusal } = subjectOf(given);
    return [refusal?.code, stopRefusal?.code];
  };

  it('of a dev environment is deleted to stop it, and made again of what was kept', () => {
    const deploymentConfig = '{"AutoRollbackConfiguration":{"Alarms":[{"AlarmName":"errors"}]}}';
    expect(subjectOf({ setup: { ...setup, deploymentConfig } })).toMatchObject({
      state: 'running',
      startedAt: '2026-10-01T08:07:00Z',
      refusal: undefined,
      stopRefusal: undefined,
      isDeletedToStop: true,
      restore: {
        endpointConfigName: 'ranker-2',
        tags: JSON.stringify(tags),
        type: 'ml.g5.xlarge',
        deploymentConfig,
      },
    });
  });

  it.each([
    ['Creating', 'starting', undefined],
    ['Deleting', 'stopping', undefined],
    ['Updating', 'running', 'not-in-service'],
    ['SystemUpdating', 'running', 'not-in-service'],
    ['RollingBack', 'running', 'not-in-service'],
    ['UpdateRollbackFailed', 'running', 'not-in-service'],
    ['OutOfService', 'stopped', 'not-in-service'],
    ['Failed', 'stopped', 'not-in-service'],
  ])('that is %s is %s', (status, state, code) => {
    const subject = subjectOf({ endpoint: endpoint({ status }) });
    expect([subject.state, subject.refusal?.code]).toEqual([state, code]);
  });

  it.each<[string, Partial<EndpointCandidate>, string | undefined, string | undefined]>([
    ['nothing against it', {}, undefined, undefined],
    [
      'components that nobody could list',
      { endpoint: endpoint({ components: undefined }) },
      'inference-components',
      undefined,
    ],
    [
      'variants without a model',
      { endpoint: endpoint({ variants: [variant({ hostsComponents: true })] }) },
      'inference-components',
      undefined,
    ],
    [
      'tags that only AWS may set',
      { tags: { ...tags, 'aws:cloudformation:stack-id': 's' } },
      'aws-tags',
      undefined,
    ],
    [
      'no instances',
      { endpoint: endpoint({ variants: [variant({ fleets: [] })] }) },
      'costs-nothing',
      undefined,
    ],
    ['no environment', { tags: { 'auto-stop': 'x' } }, undefined, 'no-environment'],
    ['a fault', { endpoint: endpoint({ fault: 'Rate exceeded' }) }, undefined, 'endpoint-unread'],
    ['no configuration', { setup: { ...setup, configName: undefined } }, undefined, 'endpoint-unread'],
    ['another size', { setup: { ...setup, changed: '2 instances' } }, undefined, 'endpoint-changed'],
    ['a key', { setup: { ...setup, kmsKey: 'alias/ml' } }, undefined, 'endpoint-encrypted'],
    ['scaling', { inquiry: { scaling: 'registered' } }, undefined, 'endpoint-scaled'],
    [
      'scaling that nobody could ask for',
      { inquiry: { scaling: { fault: 'No.' } } },
      undefined,
      'endpoint-scaled',
    ],
    [
      'a lost model',
      { inquiry: { scaling: 'none', missingModel: 'ranker' } },
      undefined,
      'endpoint-model-gone',
    ],
    [
      'a model that nobody could ask for',
      { inquiry: { scaling: 'none', missingModel: { fault: 'No.' } } },
      undefined,
      'endpoint-model-gone',
    ],
  ])('with %s', (_, given, refusal, stopRefusal) => {
    expect(codes(given)).toEqual([refusal, stopRefusal]);
  });

  it.each([
    ['dev', true],
    ['staging', true],
    ['non-production', true],
    ['eu production', false],
    ['pre-prod', false],
    ['  ', false],
  ])('whose environment is %j may be deleted: %s', (environment, may) => {
    expect(codes({ tags: { ...tags, environment } })[1] === undefined).toBe(may);
  });

  it('counts each of its environment tags', () => {
    expect(codes({ tags: { ...tags, Environment: 'live-eu' } })[1]).toBe('no-environment');
  });

  it('that was deleted keeps its type and its tags', () => {
    const { restore = {} } = subjectOf();
    expect(deletedEndpoint(place, 'ranker', restore)).toEqual({
      kind: 'sagemaker-endpoint',
      ...place,
      id: 'ranker',
      name: 'ranker',
      type: 'ml.g5.xlarge',
      tags,
      state: 'stopped',
      isDeletedToStop: true,
    });
  });

  it.each([undefined, '', 'oops', 3, '[1]', '{"a":1}'])('with the stored tags %j has none', (value) => {
    expect(storedTags(value)).toEqual({});
  });
});
