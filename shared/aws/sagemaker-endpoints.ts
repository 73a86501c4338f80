import {
  DescribeEndpointCommand,
  DescribeEndpointConfigCommand,
  ListEndpointsCommand,
  ListInferenceComponentsCommand,
  type SageMakerClient,
} from '@aws-sdk/client-sagemaker';
import { z } from 'zod';
import type { Component, Endpoint, Fleet, Variant } from '../compute/sagemaker/endpoint.ts';
import { changeSince } from '../compute/sagemaker/endpoint-change.ts';
import { toTime } from '../period.ts';
import type { EndpointSetup } from '../schedule/kinds/sagemaker-endpoint.ts';
import { describeEach, type Fault, faultsOf } from './describe-each.ts';

const time = z.date().transform((date) => toTime(date.getTime()));

const listed = z.object({
  Endpoints: z
    .array(
      z.object({
        EndpointName: z.string(),
        EndpointArn: z.string(),
        EndpointStatus: z.string(),
        CreationTime: time,
      }),
    )
    .default([]),
  NextToken: z.string().optional(),
});

type Listed = z.infer<typeof listed>['Endpoints'][number];

const serverless = z.object({ ProvisionedConcurrency: z.number().optional() });

const pool = z.object({ InstanceType: z.string(), CurrentInstanceCount: z.number() });

const summary = z.object({
  VariantName: z.string(),
  CurrentInstanceCount: z.number().optional(),
  DesiredInstanceCount: z.number().optional(),
  DesiredWeight: z.number().optional(),
  InstancePools: z.array(pool).default([]),
  CurrentServerlessConfig: serverless.optional(),
  ManagedInstanceScaling: z.object({ Status: z.string().optional() }).optional(),
  CapacityReservationConfig: z.object({}).optional(),
});

type Summary = z.infer<typeof summary>;

const described = z.object({
  EndpointConfigName: z.string().optional(),
  EndpointStatus: z.string(),
  ProductionVariants: z.array(summary).default([]),
  ShadowProductionVariants: z.array(summary).default([]),
  AsyncInferenceConfig: z.object({}).optional(),
  LastModifiedTime: time.optional(),
  LastDeploymentConfig: z.record(z.string(), z.unknown()).optional(),
});

type Described = z.infer<typeof described>;

const configured = z.object({
  VariantName: z.string(),
  ModelName: z.string().optional(),
  InstanceType: z.string().optional(),
  InitialInstanceCount: z.number().optional(),
  InitialVariantWeight: z.number().optional(),
  ServerlessConfig: serverless.optional(),
});

type Configured = z.infer<typeof configured>;

const config = z.object({
  ProductionVariants: z.array(configured).default([]),
  ShadowProductionVariants: z.array(configured).default([]),
  MetricsConfig: z.object({ EnableEnhancedMetrics: z.boolean().optional() }).optional(),
  KmsKeyId: z.string().optional(),
  DataCaptureConfig: z.object({ KmsKeyId: z.string().optional() }).optional(),
});

const components = z.object({
  InferenceComponents: z
    .array(z.object({ InferenceComponentName: z.string(), EndpointName: z.string(), CreationTime: time }))
    .default([]),
  NextToken: z.string().optional(),
});

export type EndpointListing = { endpoints: Endpoint[]; faults: Fault[] };

/**
 * Every endpoint but those that are being deleted, with what it holds now: shadow variants are paid for as any other.
 * Throws where they can't be listed. One that can't be described comes with its fault; where only its configuration
 * can't, as when that was deleted, its types are unknown.
 */
export async function getEndpoints(client: SageMakerClient): Promise<EndpointListing> {
  const { found, hosted, faults } = await findEndpoints(client, await listEndpoints(client));
  return { endpoints: found.map((each) => toEndpoint(each, hosted)), faults };
}

/** An endpoint, and what it was made of. */
export type EndpointWithSetup = { endpoint: Endpoint; setup: EndpointSetup };

/** The same of some of them, by their names and ARNs, with what they were made of; those that are being deleted too. */
export async function getEndpointSetups(
  client: SageMakerClient,
  isWanted: (endpoint: { name: string; arn: string }) => boolean,
): Promise<EndpointWithSetup[]> {
  const listed = await listEndpoints(client, { andDeleting: true });
  const wanted = listed.filter(({ EndpointName: name, EndpointArn: arn }) => isWanted({ name, arn }));
  const { found, hosted } = await findEndpoints(client, wanted);
  return found.map((each) => ({ endpoint: toEndpoint(each, hosted), setup: toSetup(each) }));
}

async function findEndpoints(client: SageMakerClient, all: readonly Listed[]) {
  const details = await describeEach(
    all.map(({ EndpointName }) => EndpointName),
    async (EndpointName) => described.parse(await client.send(new DescribeEndpointCommand({ EndpointName }))),
  );
  const configs = await describeEach(
    [...details.values()].flatMap((detail) =>
      detail instanceof Error ? [] : (detail.EndpointConfigName ?? []),
    ),
    async (EndpointConfigName) =>
      config.parse(await client.send(new DescribeEndpointConfigCommand({ EndpointConfigName }))),
  );
  const found = all.flatMap((each): Found[] => {
    const detail = details.get(each.EndpointName);
    if (detail === undefined || (detail instanceof Error && isGone(detail))) return [];
    if (detail instanceof Error) return [{ listed: each, detail, variants: [], ...undescribed }];
    const known = configs.get(detail.EndpointConfigName ?? '');
    return [toFound(each, detail, known instanceof Error ? undefined : known)];
  });
  const hosted = found.some(({ mayHostComponents }) => mayHostComponents)
    ? await listComponents(client)
    : new Map<string, Component[]>();
  return {
    found,
    hosted,
    faults: [
      ...faultsOf(details, (count) => `${endpointsText(count)} (DescribeEndpoint)`, isGone),
      ...faultsOf(configs, (count) => `the types of ${endpointsText(count)} (DescribeEndpointConfig)`),
      ...(hosted instanceof Error
        ? [{ what: 'SageMaker inference components (ListInferenceComponents)', why: hosted.message }]
        : []),
    ],
  };
}

const endpointsText = (count: number): string => `${count} SageMaker endpoint${count === 1 ? '' : 's'}`;

/** Deleted between the listing and the question: SageMaker says so in words alone. */
const isGone = (error: Error): boolean => /could not find endpoint/i.test(error.message);

async function listEndpoints(client: SageMakerClient, { andDeleting = false } = {}): Promise<Listed[]> {
  const endpoints: Listed[] = [];
  let NextToken: string | undefined;
  do {
    const page = listed.parse(await client.send(new ListEndpointsCommand({ MaxResults: 100, NextToken })));
    endpoints.push(
      ...page.Endpoints.filter(({ EndpointStatus }) => andDeleting || EndpointStatus !== 'Deleting'),
    );
    NextToken = page.NextToken;
  } while (NextToken);
  return endpoints;
}

/** The inference components on each endpoint, by its name; the error where they can't be listed. */
async function listComponents(client: SageMakerClient): Promise<Map<string, Component[]> | Error> {
  const byEndpoint = new Map<string, Component[]>();
  let NextToken: string | undefined;
  try {
    do {
      const command = new ListInferenceComponentsCommand({ MaxResults: 100, NextToken });
      const page = components.parse(await client.send(command));
      for (const { EndpointName, InferenceComponentName: name, CreationTime } of page.InferenceComponents) {
        const component = { name, createdAt: CreationTime };
        byEndpoint.set(EndpointName, [...(byEndpoint.get(EndpointName) ?? []), component]);
      }
      NextToken = page.NextToken;
    } while (NextToken);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
  return byEndpoint;
}

type Found = {
  listed: Listed;
  detail: Described | Error;
  /** Absent where it couldn't be read. */
  config?: z.infer<typeof config> | undefined;
  variants: Variant[];
  /** A variant holds no model of its own, or nothing tells whether it does. */
  mayHostComponents: boolean;
  mayReportByInstance: boolean;
};

const undescribed = { mayHostComponents: false, mayReportByInstance: true };

function toFound(each: Listed, detail: Described, known: z.infer<typeof config> | undefined): Found {
  const byName = new Map(
    known &&
      [...known.ProductionVariants, ...known.ShadowProductionVariants].map(
        (variant) => [variant.VariantName, variant] as const,
      ),
  );
  const variants = [...detail.ProductionVariants, ...detail.ShadowProductionVariants].map((variant) =>
    toVariant(variant, byName.get(variant.VariantName)),
  );
  const mayHostComponents = known === undefined || variants.some(({ hostsComponents }) => hostsComponents);
  // Developer guide, Enhanced metrics: then requests and utilisation come by instance, or by container.
  const mayReportByInstance = known === undefined || known.MetricsConfig?.EnableEnhancedMetrics === true;
  return { listed: each, detail, config: known, variants, mayHostComponents, mayReportByInstance };
}

function toVariant(variant: Summary, known: Configured | undefined): Variant {
  const onDemand = variant.CurrentServerlessConfig ?? known?.ServerlessConfig;
  return {
    name: variant.VariantName,
    fleets: onDemand ? [] : toFleets(variant, known),
    provisionedConcurrency: onDemand?.ProvisionedConcurrency ?? 0,
    isReserved: variant.CapacityReservationConfig !== undefined,
    hostsComponents: known !== undefined && known.ModelName === undefined,
  };
}

function toFleets(
  { CurrentInstanceCount: count, InstancePools }: Summary,
  known: Configured | undefined,
): Fleet[] | undefined {
  if (InstancePools.length > 0) {
    return InstancePools.map(({ InstanceType, CurrentInstanceCount }) => ({
      instanceType: InstanceType,
      count: CurrentInstanceCount,
    }));
  }
  return count === undefined ? undefined : [{ instanceType: known?.InstanceType, count }];
}

const toEndpoint = (
  { listed: each, detail, variants, mayHostComponents, mayReportByInstance }: Found,
  hosted: ReadonlyMap<string, Component[]> | Error,
): Endpoint => ({
  name: each.EndpointName,
  arn: each.EndpointArn,
  status: detail instanceof Error ? each.EndpointStatus : detail.EndpointStatus,
  createdAt: each.CreationTime,
  isAsync: !(detail instanceof Error) && detail.AsyncInferenceConfig !== undefined,
  variants,
  components: componentsOf(each.EndpointName, mayHostComponents, hosted),
  mayReportByInstance,
  ...(detail instanceof Error && { fault: detail.message }),
});

function componentsOf(
  name: string,
  mayHostComponents: boolean,
  hosted: ReadonlyMap<string, Component[]> | Error,
): Component[] | undefined {
  if (!mayHostComponents) return [];
  return hosted instanceof Error ? undefined : (hosted.get(name) ?? []);
}

function toSetup({ listed: each, detail, config: known }: Found): EndpointSetup {
  const described = detail instanceof Error ? undefined : detail;
  const { EndpointConfigName, LastModifiedTime, LastDeploymentConfig } = described ?? {};
  const configured = known ? [...known.ProductionVariants, ...known.ShadowProductionVariants] : [];
  return {
    configName: known && EndpointConfigName,
    modifiedAt: LastModifiedTime ?? each.CreationTime,
    deploymentConfig: LastDeploymentConfig && JSON.stringify(LastDeploymentConfig),
    changed: described && known && changedText(described, configured),
    kmsKey: known?.KmsKeyId ?? known?.DataCaptureConfig?.KmsKeyId,
    models: configured.flatMap(({ ModelName }) => ModelName ?? []),
  };
}

/** What UpdateEndpointWeightsAndCapacities, or SageMaker itself, changed since it was made of its configuration. */
function changedText(
  { ProductionVariants, ShadowProductionVariants }: Described,
  configured: readonly Configured[],
): string | undefined {
  const current = [...ProductionVariants, ...ShadowProductionVariants];
  const scaled = current.find(
    ({ InstancePools, ManagedInstanceScaling }) =>
      InstancePools.length > 0 || ManagedInstanceScaling?.Status === 'ENABLED',
  );
  if (scaled) return `SageMaker itself sizes ${scaled.VariantName}`;
  return changeSince(
    current.map((variant) => ({
      name: variant.VariantName,
      instances: variant.DesiredInstanceCount ?? variant.CurrentInstanceCount,
      weight: variant.DesiredWeight ?? 1,
      concurrency: variant.CurrentServerlessConfig?.ProvisionedConcurrency,
    })),
    configured.map((variant) => ({
      name: variant.VariantName,
      instances: variant.InitialInstanceCount,
      weight: variant.InitialVariantWeight ?? 1,
      concurrency: variant.ServerlessConfig?.ProvisionedConcurrency,
    })),
  );
}
