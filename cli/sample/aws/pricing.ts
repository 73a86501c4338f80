import type { GetProductsCommandInput, GetProductsCommandOutput } from '@aws-sdk/client-pricing';
import { hexOf } from '../noise.ts';
import { awsError, type Caller, type Reply } from '../sample.ts';
import type { InstanceTypeSpec, WorldFile } from '../world.ts';

export const pricing = { GetProducts: getProducts };

/** On-demand prices of the world's instance types, Linux and SageMaker's, as documents of the Pricing API. */
function getProducts(
  { ServiceCode, Filters = [], MaxResults = 100, NextToken }: GetProductsCommandInput,
  { sample }: Caller,
): Reply<GetProductsCommandOutput> {
  const offered = productsOf[ServiceCode ?? '']?.(sample.file) ?? [];
  const wanted = offered.filter(({ product: { attributes } }) =>
    Filters.every(({ Type, Field = '', Value }) => {
      if (Type !== 'TERM_MATCH')
        throw awsError('InvalidParameterException', `Type ${Type} is not known here`);
      return attributes[Field] === Value;
    }),
  );
  const start = Number(NextToken ?? 0);
  const end = start + MaxResults;
  return {
    FormatVersion: 'aws_v1',
    PriceList: wanted.slice(start, end).map((product) => JSON.stringify(product)),
    ...(end < wanted.length && { NextToken: String(end) }),
  };
}

const ec2Products = (world: WorldFile) => [
  ...Object.entries(world.types).flatMap(([type, facts]) =>
    Object.entries(facts.hourly).map(([region, rate]) =>
      toInstanceProduct(type, facts, region, placeIn(world, region), rate),
    ),
  ),
  ...volumeProducts(world),
];

const placeIn = ({ regions }: WorldFile, region: string): WorldFile['regions'][string] =>
  regions[region] ?? { usagePrefix: '', location: region };

const volumeProducts = (world: WorldFile) =>
  Object.entries(world.volumeTypes).flatMap(([type, monthly]) =>
    Object.entries(monthly).map(([region, rate]) => {
      const { usagePrefix, location } = placeIn(world, region);
      return toProduct({
        serviceCode: 'AmazonEC2',
        productFamily: 'Storage',
        rate,
        unit: 'GB-Mo',
        description: `$${rate} per GB-month of ${type} provisioned storage - ${location}`,
        attributes: {
          servicecode: 'AmazonEC2',
          volumeApiName: type,
          regionCode: region,
          location,
          usagetype: `${usagePrefix}EBS:VolumeUsage.${type}`,
        },
      });
    }),
  );

/** The same everywhere. */
const addressProducts = (world: WorldFile) =>
  Object.entries(world.regions).flatMap(([region, { usagePrefix, location }]) =>
    ['IdleAddress', 'InUseAddress'].map((usage) =>
      toProduct({
        serviceCode: 'AmazonVPC',
        productFamily: '',
        rate: 0.005,
        description: '$0.005 per public IPv4 address per hour',
        attributes: {
          servicecode: 'AmazonVPC',
          group: 'VPCPublicIPv4Address',
          regionCode: region,
          location,
          usagetype: `${usagePrefix}PublicIPv4:${usage}`,
        },
      }),
    ),
  );

/** What a SageMaker instance may be used for: how the price list and the bill's usage types put it. */
const components = {
  Hosting: 'Host',
  Training: 'Train',
  Processing: 'Processing',
  'Batch Transform': 'Tsform',
  Notebook: 'Notebk',
  'Studio-Notebook': 'Studio:KernelGateway',
  'Studio-JupyterLab': 'Studio:JupyterLab',
  Cluster: 'Cluster',
} as const;

const sageMakerProducts = ({ sageMakerTypes, types, regions }: WorldFile) =>
  Object.entries(sageMakerTypes).flatMap(([type, hourly]) =>
    Object.entries(hourly).flatMap(([region, rate]) =>
      Object.entries(components).map(([component, usage]) => {
        const place = regions[region] ?? { usagePrefix: '', location: region };
        // Unlike EC2's, SageMaker's usage types name us-east-1 too.
        const prefix = place.usagePrefix || 'USE1-';
        const facts = types[type.replace(/^ml\./, '')];
        return toProduct({
          serviceCode: 'AmazonSageMaker',
          productFamily: 'ML Instance',
          rate,
          description: `$${rate} per ${component} ${type} hour in ${place.location}`,
          attributes: {
            servicecode: 'AmazonSageMaker',
            servicename: 'Amazon SageMaker',
            instanceName: type,
            instanceType: `${type}-${component.replace('Batch ', '')}`,
            component,
            regionCode: region,
            location: place.location,
            locationType: 'AWS Region',
            operation: 'RunInstance',
            usagetype: `${prefix}${usage}${usage.includes(':') ? '-' : ':'}${type}`,
            ...(facts && { vCpu: String(facts.vcpus), memory: `${facts.memoryGib} GiB` }),
            gpu: facts?.gpu ? String(facts.gpu.count) : 'N/A',
          },
        });
      }),
    ),
  );

const productsOf: Readonly<Record<string, (world: WorldFile) => ReturnType<typeof toProduct>[]>> = {
  AmazonEC2: ec2Products,
  AmazonVPC: addressProducts,
  AmazonSageMaker: sageMakerProducts,
};

function toInstanceProduct(
  type: string,
  facts: InstanceTypeSpec,
  region: string,
  { usagePrefix, location }: WorldFile['regions'][string],
  rate: number,
) {
  const attributes: Record<string, string> = {
    servicecode: 'AmazonEC2',
    servicename: 'Amazon Elastic Compute Cloud',
    instanceType: type,
    instanceFamily: facts.gpu ? 'GPU instance' : 'General purpose',
    regionCode: region,
    location,
    locationType: 'AWS Region',
    operatingSystem: 'Linux',
    tenancy: 'Shared',
    preInstalledSw: 'NA',
    capacitystatus: 'Used',
    licenseModel: 'No License required',
    marketoption: 'OnDemand',
    operation: 'RunInstances',
    usagetype: `${usagePrefix}BoxUsage:${type}`,
    vcpu: String(facts.vcpus),
    memory: `${facts.memoryGib} GiB`,
    ...(facts.gpu && { gpu: String(facts.gpu.count) }),
  };
  return toProduct({
    serviceCode: 'AmazonEC2',
    productFamily: 'Compute Instance',
    rate,
    description: `$${rate} per On Demand Linux ${type} Instance Hour`,
    attributes,
  });
}

type Product = {
  serviceCode: string;
  productFamily: string;
  /** Dollars a unit. */
  rate: number;
  /** Absent: an hour. */
  unit?: string;
  description: string;
  attributes: Record<string, string>;
};

function toProduct({ serviceCode, productFamily, rate, unit = 'Hrs', description, attributes }: Product) {
  const sku = hexOf(attributes['usagetype'] ?? '', 16).toUpperCase();
  const [offer, dimension] = [`${sku}.JRTCKXETXF`, `${sku}.JRTCKXETXF.6YS6EN2CT7`];
  return {
    product: { productFamily, attributes, sku },
    serviceCode,
    terms: {
      OnDemand: {
        [offer]: {
          priceDimensions: {
            [dimension]: {
              unit,
              endRange: 'Inf',
              beginRange: '0',
              description,
              appliesTo: [],
              rateCode: dimension,
              pricePerUnit: { USD: rate.toFixed(10) },
            },
          },
          sku,
          effectiveDate: '2026-11-01T00:00:00Z',
          offerTermCode: 'JRTCKXETXF',
          termAttributes: {},
        },
      },
    },
    version: '20261101000000',
    publicationDate: '2026-11-01T00:00:00Z',
  };
}
