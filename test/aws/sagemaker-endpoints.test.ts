import {
  DescribeEndpointCommand,
  type DescribeEndpointCommandInput,
  DescribeEndpointConfigCommand,
  ListEndpointsCommand,
  ListInferenceComponentsCommand,
  type ProductionVariant,
  type ProductionVariantSummary,
  SageMakerClient,
} from '@aws-sdk/client-sagemaker';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { getEndpoints } from '../../shared/aws/sagemaker-endpoints.ts';

const sageMaker = mockClient(SageMakerClient);
const client = new SageMakerClient({});

beforeEach(() => {
  sageMaker.reset();
  sageMaker.on(ListInferenceComponentsCommand).resolves({ InferenceComponents: [] });
});

const arn = (name: string) => `arn:aws:sagemaker:eu-west-1:210987654321:endpoint/${name}`;
const created = new Date('2026-10-01T08:00:00.250Z');

type Status = 'InService' | 'Creating' | 'Updating' | 'Failed' | 'Deleting';

const summary = (EndpointName: string, EndpointStatus: Status = 'InService') => ({
  EndpointName,
  EndpointArn: arn(EndpointName),
  EndpointStatus,
  CreationTime: created,
  LastModifiedTime: created,
});

type Given = {
  name?: string;
  status?: Status;
  variants?: ProductionVariantSummary[];
  shadows?: ProductionVariantSummary[];
  isAsync?: boolean;
};

const described = ({
  name = 'ranker',
  status = 'InService',
  variants = [{ VariantName: 'AllTraffic', CurrentInstanceCount: 2 }],
  shadows = [],
  isAsync = false,
}: Given = {}) => ({
  ...summary(name, status),
  EndpointConfigName: `${name}-config`,
  ProductionVariants: variants,
  ShadowProductionVariants: shadows,
  ...(isAsync && { AsyncInferenceConfig: { OutputConfig: { S3OutputPath: 's3://results' } } }),
});

const configured = (...variants: Partial<ProductionVariant>[]) => ({
  EndpointConfigName: 'ranker-config',
  EndpointConfigArn: 'arn:aws:sagemaker:eu-west-1:210987654321:endpoint-config/ranker-config',
  CreationTime: created,
  ProductionVariants: variants.map((variant) => ({ VariantName: 'AllTraffic', ...variant })),
});

const onG5 = configured({ ModelName: 'ranker', InstanceType: 'ml.g5.xlarge' });

function given(endpoint: Given = {}, config: ReturnType<typeof configured> = onG5) {
  sageMaker
    .on(ListEndpointsCommand)
    .resolves({ Endpoints: [summary(endpoint.name ?? 'ranker', endpoint.status)] });
  sageMaker.on(DescribeEndpointCommand).resolves(described(endpoint));
  sageMaker.on(DescribeEndpointConfigCommand).resolves(config);
}

const variantsOf = async () => (await getEndpoints(client)).endpoints[0]?.variants;

describe('the endpoints of a region', () => {
  it('come with what they hold, and of which type', async () => {
    given();
    expect(await getEndpoints(client)).toEqual({
      endpoints: [
        {
          name: 'ranker',
          arn: arn('ranker'),
          status: 'InService',
          createdAt: '2026-10-01T08:00:00Z',
          isAsync: false,
          components: [],
          mayReportByInstance: false,
          variants: [
            {
              name: 'AllTraffic',
              fleets: [{ instanceType: 'ml.g5.xlarge', count: 2 }],
              provisionedConcurrency: 0,
              isReserved: false,
              hostsComponents: false,
            },
          ],
        },
      ],
      faults: [],
    });
    expect(sageMaker).not.toHaveReceivedCommand(ListInferenceComponentsCommand);
  });

  it('are those of all pages, but for those that are being deleted', async () => {
    sageMaker
      .on(ListEndpointsCommand)
      .resolvesOnce({ Endpoints: [summary('a'), summary('b', 'Deleting')], NextToken: 'more' })
      .resolvesOnce({ Endpoints: [summary('c', 'Creating')] });
    sageMaker
      .on(DescribeEndpointCommand)
      .callsFake(({ EndpointName: name = '' }: DescribeEndpointCommandInput) =>
        described({ name, status: name === 'c' ? 'Creating' : 'InService' }),
      );
    sageMaker.on(DescribeEndpointConfigCommand).resolves(onG5);
    const { endpoints } = await getEndpoints(client);
    expect(endpoints.map(({ name, status }) => [name, status])).toEqual([
      ['a', 'InService'],
      ['c', 'Creating'],
    ]);
  });

  it('are described a few at a time, and share a configuration that is asked for once', async () => {
    const names = Array.from({ length: 12 }, (_, index) => `endpoint-${index}`);
    let [running, most] = [0, 0];
    sageMaker.on(ListEndpointsCommand).resolves({ Endpoints: names.map((name) => summary(name)) });
    sageMaker
      .on(DescribeEndpointCommand)
      .callsFake(async ({ EndpointName: name = '' }: DescribeEndpointCommandInput) => {
        running += 1;
        most = Math.max(most, running);
        await new Promise((resolve) => setTimeout(resolve, 1));
        running -= 1;
        return { ...described({ name }), EndpointConfigName: 'shared' };
      });
    sageMaker.on(DescribeEndpointConfigCommand).resolves(onG5);
    const { endpoints } = await getEndpoints(client);
    expect(endpoints.map(({ name }) => name)).toEqual(names);
    expect(most).toBe(5);
    expect(sageMaker).toHaveReceivedCommandTimes(DescribeEndpointConfigCommand, 1);
  });

  it('throw where they cannot be listed', async () => {
    sageMaker.on(ListEndpointsCommand).rejects(new Error('No permission for sagemaker:ListEndpoints'));
    await expect(getEndpoints(client)).rejects.toThrow('No permission for sagemaker:ListEndpoints');
  });
});

describe('what an endpoint holds', () => {
  it('is in its shadow variants too', async () => {
    given(
      { shadows: [{ VariantName: 'candidate', CurrentInstanceCount: 1 }] },
      {
        ...onG5,
        ...{
          ShadowProductionVariants: [
            { VariantName: 'candidate', ModelName: 'next', InstanceType: 'ml.g6.xlarge' },
          ],
        },
      },
    );
    expect(await variantsOf()).toMatchObject([
      { name: 'AllTraffic', fleets: [{ instanceType: 'ml.g5.xlarge', count: 2 }] },
      { name: 'candidate', fleets: [{ instanceType: 'ml.g6.xlarge', count: 1 }] },
    ]);
  });

  it('is told by its pools where it has instances of several types', async () => {
    given({
      variants: [
        {
          VariantName: 'AllTraffic',
          CurrentInstanceCount: 3,
          InstancePools: [
            { InstanceType: 'ml.g5.xlarge', CurrentInstanceCount: 1 },
            { InstanceType: 'ml.g6.xlarge', CurrentInstanceCount: 2 },
          ],
        },
      ],
    });
    expect(await variantsOf()).toMatchObject([
      {
        fleets: [
          { instanceType: 'ml.g5.xlarge', count: 1 },
          { instanceType: 'ml.g6.xlarge', count: 2 },
        ],
      },
    ]);
  });

  it.each<[string, ProductionVariantSummary[], object]>([
    [
      'nothing where it is serverless',
      [
        {
          VariantName: 'AllTraffic',
          CurrentServerlessConfig: { MemorySizeInMB: 2048, MaxConcurrency: 5 },
        },
      ],
      { fleets: [], provisionedConcurrency: 0 },
    ],
    [
      'the concurrency that is provisioned',
      [
        {
          VariantName: 'AllTraffic',
          CurrentServerlessConfig: { MemorySizeInMB: 2048, MaxConcurrency: 5, ProvisionedConcurrency: 3 },
        },
      ],
      { fleets: [], provisionedConcurrency: 3 },
    ],
    [
      'no instance where it is scaled to 0',
      [{ VariantName: 'AllTraffic', CurrentInstanceCount: 0 }],
      { fleets: [{ instanceType: 'ml.g5.xlarge', count: 0 }] },
    ],
    [
      'an unknown number where AWS tells none',
      [{ VariantName: 'AllTraffic' }],
      { fleets: undefined, provisionedConcurrency: 0 },
    ],
    [
      'what was bought in advance',
      [
        {
          VariantName: 'AllTraffic',
          CurrentInstanceCount: 1,
          CapacityReservationConfig: { MlReservationArn: 'arn:aws:sagemaker:reservation' },
        },
      ],
      { isReserved: true },
    ],
  ])('is %s', async (_, variants, expected) => {
    given({ variants });
    expect(await variantsOf()).toMatchObject([expected]);
  });

  it('is nothing where it has no variant', async () => {
    given({ variants: [] });
    expect(await variantsOf()).toEqual([]);
  });

  it('takes requests from a queue where it is asynchronous', async () => {
    given({ isAsync: true });
    expect((await getEndpoints(client)).endpoints).toMatchObject([{ isAsync: true }]);
  });
});

describe('what an endpoint publishes', () => {
  it.each([
    ['a whole', { EnableEnhancedMetrics: false, MetricPublishFrequencyInSeconds: 60 }, false],
    ['instance by instance, it may be alone', { EnableEnhancedMetrics: true }, true],
  ])('is published as %s', async (_, MetricsConfig, mayReportByInstance) => {
    given({}, { ...onG5, ...{ MetricsConfig } });
    expect((await getEndpoints(client)).endpoints).toMatchObject([{ mayReportByInstance }]);
  });
});

describe('inference components', () => {
  const pool = configured({ InstanceType: 'ml.g5.xlarge' });
  const component = (InferenceComponentName: string, EndpointName = 'ranker') => ({
    InferenceComponentName,
    InferenceComponentArn: `arn:${InferenceComponentName}`,
    EndpointName,
    EndpointArn: arn(EndpointName),
    VariantName: 'AllTraffic',
    CreationTime: created,
    LastModifiedTime: created,
  });

  it('are found, on all pages, where a variant holds no model of its own', async () => {
    given({}, pool);
    sageMaker
      .on(ListInferenceComponentsCommand)
      .resolvesOnce({
        InferenceComponents: [component('llama'), component('else', 'other')],
        NextToken: 'more',
      })
      .resolvesOnce({ InferenceComponents: [component('mistral')] });
    expect((await getEndpoints(client)).endpoints).toMatchObject([
      {
        components: [
          { name: 'llama', createdAt: '2026-10-01T08:00:00Z' },
          { name: 'mistral', createdAt: '2026-10-01T08:00:00Z' },
        ],
        variants: [{ hostsComponents: true }],
      },
    ]);
  });

  it('are unknown where they cannot be listed, and the endpoint is there all the same', async () => {
    given({}, pool);
    sageMaker.on(ListInferenceComponentsCommand).rejects(new Error('No permission'));
    const { endpoints, faults } = await getEndpoints(client);
    expect(endpoints.map(({ name, components }) => [name, components])).toEqual([['ranker', undefined]]);
    expect(faults).toEqual([
      { what: 'SageMaker inference components (ListInferenceComponents)', why: 'No permission' },
    ]);
  });
});

describe('an endpoint that SageMaker does not describe', () => {
  const two = () => {
    sageMaker.on(ListEndpointsCommand).resolves({ Endpoints: [summary('ranker'), summary('gone')] });
    sageMaker.on(DescribeEndpointConfigCommand).resolves(onG5);
    sageMaker.on(DescribeEndpointCommand, { EndpointName: 'ranker' }).resolves(described());
    return sageMaker.on(DescribeEndpointCommand, { EndpointName: 'gone' });
  };

  it('was deleted in the meantime, and is nothing to speak of', async () => {
    two().rejects(
      Object.assign(new Error('Could not find endpoint "arn:...".'), { name: 'ValidationException' }),
    );
    const { endpoints, faults } = await getEndpoints(client);
    expect(endpoints.map(({ name }) => name)).toEqual(['ranker']);
    expect(faults).toEqual([]);
  });

  it('stays with its fault, and the others are none the worse', async () => {
    two().rejects(new Error('Rate exceeded'));
    const { endpoints, faults } = await getEndpoints(client);
    expect(endpoints).toMatchObject([
      { name: 'ranker', variants: [{ name: 'AllTraffic' }] },
      { name: 'gone', status: 'InService', variants: [], fault: 'Rate exceeded' },
    ]);
    expect(faults).toEqual([{ what: '1 SageMaker endpoint (DescribeEndpoint)', why: 'Rate exceeded' }]);
  });

  it('has a configuration no more: its type is unknown, and so is whether it hosts components', async () => {
    given();
    sageMaker.on(DescribeEndpointConfigCommand).rejects(new Error('Could not find endpoint configuration'));
    const { endpoints, faults } = await getEndpoints(client);
    expect(endpoints).toMatchObject([
      {
        components: [],
        mayReportByInstance: true,
        variants: [{ fleets: [{ count: 2 }], hostsComponents: false }],
      },
    ]);
    expect(endpoints[0]?.variants[0]?.fleets).toEqual([{ instanceType: undefined, count: 2 }]);
    expect(faults).toEqual([
      {
        what: 'the types of 1 SageMaker endpoint (DescribeEndpointConfig)',
        why: 'Could not find endpoint configuration',
      },
    ]);
  });
});
