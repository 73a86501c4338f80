import type { GetProductsCommandInput, GetProductsCommandOutput } from '@aws-sdk/client-pricing';
import { hexOf } from '../noise.ts';
import { awsError, type Caller, type Reply } from '../sample.ts';
import type { InstanceTypeSpec, WorldFile } from '../world.ts';

export const pricing = { GetProducts: getProducts };

/** On-demand Linux prices of the world's instance types, as documents of the Pricing API. */
function getProducts(
  { ServiceCode, Filters = [], MaxResults = 100, NextToken }: GetProductsCommandInput,
  { sample }: Caller,
): Reply<GetProductsCommandOutput> {
  if (ServiceCode !== 'AmazonEC2') return { FormatVersion: 'aws_v1', PriceList: [] };
  const wanted = products(sample.file).filter(({ product: { attributes } }) =>
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

const products = ({ types, regions }: WorldFile) =>
  Object.entries(types).flatMap(([type, facts]) =>
    Object.entries(facts.hourly).map(([region, rate]) =>
      toProduct(type, facts, region, regions[region] ?? { usagePrefix: '', location: region }, rate),
    ),
  );

function toProduct(
  type: string,
  facts: InstanceTypeSpec,
  region: string,
  { usagePrefix, location }: WorldFile['regions'][string],
  rate: number,
) {
  const sku = hexOf(`${type} ${region}`, 16).toUpperCase();
  const [offer, dimension] = [`${sku}.JRTCKXETXF`, `${sku}.JRTCKXETXF.6YS6EN2CT7`];
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
  return {
    product: { productFamily: 'Compute Instance', attributes, sku },
    serviceCode: 'AmazonEC2',
    terms: {
      OnDemand: {
        [offer]: {
          priceDimensions: {
            [dimension]: {
              unit: 'Hrs',
              endRange: 'Inf',
              beginRange: '0',
              description: `$${rate} per On Demand Linux ${type} Instance Hour`,
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
