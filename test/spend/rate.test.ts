import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { UsageLine } from '../../shared/spend/breakdown.ts';
import { pricedBy, type RateUse, rateKey, ratesPaid } from '../../shared/spend/rate.ts';

const line = (
  usageType: string,
  amount: number,
  quantity?: number,
  operation = 'RunInstances',
): UsageLine => ({
  date: '2026-11-14',
  usageType,
  operation,
  amount,
  ...(quantity !== undefined && { quantity, unit: 'Hrs' }),
});

describe('the rates that were paid', () => {
  it('are cost by hour, over all days, on demand and spot apart', () => {
    const lines = [
      line('EUW1-BoxUsage:p4d.24xlarge', 700, 20),
      line('EUW1-BoxUsage:p4d.24xlarge', 110, 4),
      line('EUW1-SpotUsage:p4d.24xlarge', 96, 8, 'RunInstances:SV002'),
      line('BoxUsage:u-6tb1.metal', 54, 1),
    ];
    const p4d = { region: 'eu-west-1', type: 'p4d.24xlarge', platform: 'linux' };
    expect(ratesPaid(lines)).toEqual([
      { ...p4d, use: 'on-demand', hourlyRate: 33.75 },
      { ...p4d, use: 'spot', hourlyRate: 12 },
      { region: 'us-east-1', type: 'u-6tb1.metal', platform: 'linux', use: 'on-demand', hourlyRate: 54 },
    ]);
  });

  it('are those of databases by engine, deployment and storage, and of no licence', () => {
    const lines = [
      line('EU-InstanceUsage:db.r6g.large', 6, 24, 'CreateDBInstance:0014'),
      line('EU-InstanceUsage:db.r6g.large', 5.4, 24, 'CreateDBInstance:0002'),
      line('EUW1-Multi-AZUsage:db.r6g.large', 12, 24, 'CreateDBInstance:0014'),
      line('InstanceUsageIOOptimized:db.r6g.large', 9.6, 24, 'CreateDBInstance:0021'),
      line('EU-InstanceUsage:db.m6i.large', 20, 24, 'CreateDBInstance:0009'), // SQL Server, with its licence
      line('EU-InstanceUsage:m6i.large', 20, 24, 'CreateDBInstance:0014'),
      line('EU-BoxUsage:db.m6i.large', 20, 24),
    ];
    expect(ratesPaid(lines).map((rate) => [rateKey(rate), rate.hourlyRate])).toEqual([
      ['eu-west-1#db.r6g.large#database#PostgreSQL', 0.25],
      ['eu-west-1#db.r6g.large#database#MySQL', 5.4 / 24],
      ['eu-west-1#db.r6g.large#database-multi-az#PostgreSQL', 0.5],
      ['us-east-1#db.r6g.large#database-io-optimized#Aurora PostgreSQL', 9.6 / 24],
    ]);
  });

  it('are those of Linux and of Windows, each its own', () => {
    const lines = [
      line('BoxUsage:p4d.24xlarge', 32, 1),
      line('BoxUsage:p4d.24xlarge', 50, 1, 'RunInstances:0002'),
      line('SpotUsage:p4d.24xlarge', 20, 2, 'RunInstances:SV003'),
      line('SpotUsage:p4d.24xlarge', 24, 2, 'RunInstances:SV001'),
      line('SpotUsage:p4d.24xlarge', 30, 1, 'RunInstances:0002:SV001'),
    ];
    expect(ratesPaid(lines).map(({ use, platform, hourlyRate }) => [use, platform, hourlyRate])).toEqual([
      ['on-demand', 'linux', 32],
      ['on-demand', 'windows', 50],
      ['spot', 'linux', 11],
      ['spot', 'windows', 30],
    ]);
  });

  it('are of their region: dedicated hardware is apart, and Ireland has two codes', () => {
    const lines = [
      line('EU-BoxUsage:g5.xlarge', 2, 2),
      line('EUW1-BoxUsage:g5.xlarge', 2, 2),
      line('APS3-BoxUsage:g5.xlarge', 3, 2),
      line('EU-DedicatedUsage:g5.xlarge', 4, 2),
    ];
    expect(ratesPaid(lines).map(({ region, use, hourlyRate }) => [region, use, hourlyRate])).toEqual([
      ['eu-west-1', 'on-demand', 1],
      ['ap-south-1', 'on-demand', 1.5],
      ['eu-west-1', 'dedicated', 2],
    ]);
  });

  it.each([
    ['nothing was paid', line('EUW1-BoxUsage:g5.xlarge', 0, 24)],
    ['the bill has no hours', line('EUW1-BoxUsage:g5.xlarge', 24)],
    ['it ran for no time', line('EUW1-BoxUsage:g5.xlarge', 1, 0)],
    ['the usage type names no instance type', line('EUW1-BoxUsage', 10, 24)],
    ['a licence is in the price', line('BoxUsage:g5.xlarge', 30, 24, 'RunInstances:0010')],
    ['the licence is a line of its own', line('BoxUsage:g5.xlarge', 24, 24, 'RunInstances:0002:box')],
    ['nothing is said of the system', line('BoxUsage:g5.xlarge', 24, 24, 'NoOperation')],
    ['the dedicated host is paid for', line('EU-HostBoxUsage:g5.xlarge', 24, 24)],
    ['nobody used what was reserved', line('EU-UnusedBox:g5.xlarge', 24, 24)],
    ['the region is newer than this code', line('EUX9-BoxUsage:g5.xlarge', 24, 24)],
    ['it ran in a Local Zone', line('USW2-LAX1-BoxUsage:g4dn.xlarge', 24, 24)],
    ['the quantity is negative', line('EUW1-BoxUsage:g5.xlarge', 24, -24)],
    ['the bill takes it back', line('EUW1-BoxUsage:g5.xlarge', -24, 24)],
    ['the quantity is no hours', { ...line('EUW1-BoxUsage:g5.xlarge', 24, 24), unit: 'Seconds' }],
    ['the hours were bought in advance', line('USE1-Cluster:ml.p5.48xlarge-Reserved', 24, 24)],
    ['it is the volume of an endpoint', line('EU-Host:VolumeUsage.gp2', 24, 24)],
    ['it is the volume of a notebook', line('EU-Studio:VolumeUsage.gp3', 24, 24)],
    [
      'a Marketplace model is not named',
      line('USE1-MP:USE1_ProvisionedThroughput_NoCommit_ModelUnits_Usage-Units', 9, 9),
    ],
    ['the usage is no instance', line('EUW1-DataTransfer-Out-Bytes', 10, 24)],
  ])('are unknown, never 0, where %s', (_, one) => {
    expect(ratesPaid([one])).toEqual([]);
  });

  it.each([
    ['EUW1-BoxUsage:g5.xlarge', 'eu-west-1', 'g5.xlarge', 'on-demand'],
    ['SpotUsage:trn1.32xlarge', 'us-east-1', 'trn1.32xlarge', 'spot'],
    ['USE2-DedicatedUsage:p5.48xlarge', 'us-east-2', 'p5.48xlarge', 'dedicated'],
    ['EU-Host:ml.g5.xlarge', 'eu-west-1', 'ml.g5.xlarge', 'hosting'],
    ['USE1-AsyncInf:ml.g6e.2xlarge', 'us-east-1', 'ml.g6e.2xlarge', 'hosting'],
    ['Train:ml.p4d.24xlarge', 'us-east-1', 'ml.p4d.24xlarge', 'training'],
    ['EUW1-Processing:ml.m5.xlarge', 'eu-west-1', 'ml.m5.xlarge', 'processing'],
    ['USE1-Tsform:ml.c5.9xlarge', 'us-east-1', 'ml.c5.9xlarge', 'transform'],
    ['EU-Notebk:ml.g5.2xlarge', 'eu-west-1', 'ml.g5.2xlarge', 'notebook'],
    ['USE1-Studio:KernelGateway-ml.g4dn.xlarge', 'us-east-1', 'ml.g4dn.xlarge', 'studio'],
    ['APN2-Studio:JupyterLab-ml.g6.24xlarge', 'ap-northeast-2', 'ml.g6.24xlarge', 'studio'],
    ['EU-Studio:CodeEditor-ml.m5.large', 'eu-west-1', 'ml.m5.large', 'studio'],
    ['USW2-Cluster:ml.p4d.24xlarge', 'us-west-2', 'ml.p4d.24xlarge', 'cluster'],
    ['USE1-Nova2.0Lite-ProvisionedThroughput-NoCommit-ModelUnits', 'us-east-1', 'nova2lite', 'model-unit'],
  ])('of %s are of %s, of %s for %s', (usageType, region, type, use) => {
    expect(ratesPaid([line(usageType, 48, 24)])).toMatchObject([{ region, type, use, hourlyRate: 2 }]);
  });

  it('leave out the hours of a free tier', () => {
    const lines = [line('EU-Host:ml.m5.large', 0, 125), line('EU-Host:ml.m5.large', 1.28, 10)];
    expect(ratesPaid(lines)).toMatchObject([{ hourlyRate: 0.128 }]);
  });

  it('of a model under two commitments are unknown, for nothing tells whose is whose', () => {
    const lines = [
      line('USE1-Nova2.0Lite-ProvisionedThroughput-NoCommit-ModelUnits', 60.5, 1),
      line('USE1-Nova2.0Lite-ProvisionedThroughput-1month-ModelUnits', 55, 1),
      line('USE1-NovaPro-ProvisionedThroughput-1month-ModelUnits', 108, 2),
    ];
    expect(ratesPaid(lines)).toMatchObject([{ type: 'novapro', hourlyRate: 54 }]);
  });

  it('are above 0 and finite whatever the bill says', () => {
    const usageTypes = fc.constantFrom(
      'EUW1-BoxUsage:g5.xlarge',
      'EU-DedicatedUsage:g5.xlarge',
      'EU-Host:ml.g5.xlarge',
      'USE1-Nova2.0Lite-ProvisionedThroughput-NoCommit-ModelUnits',
    );
    const operations = fc.constantFrom('RunInstances', 'RunInstances:0002', 'RunInstances:SV001', '');
    const lines = fc.array(fc.tuple(usageTypes, fc.double(), fc.double(), operations));
    fc.assert(
      fc.property(lines, (given) => {
        const rates = ratesPaid(given.map((each) => line(...each)));
        for (const { hourlyRate } of rates) {
          expect(hourlyRate).toBeGreaterThan(0);
          expect(hourlyRate).toBeLessThan(Number.POSITIVE_INFINITY);
        }
      }),
    );
  });
});

describe('what has the same price', () => {
  const region = 'us-east-1';
  const keyOf = (type: string, use: RateUse = 'model-unit') => rateKey({ region, type, use });

  it.each([
    ['amazon.nova-2-lite-v1:0:256k', 'USE1-Nova2.0Lite-ProvisionedThroughput-NoCommit-ModelUnits'],
    ['amazon.nova-pro-v1:0', 'USE1-NovaPro-ProvisionedThroughput-1month-ModelUnits'],
    ['meta.llama3-1-70b-instruct-v1:0:128k', 'USW2-Llama3-1-70B-ProvisionedThroughput-NoCommit-ModelUnits'],
    ['qwen.qwen3-32b-v1:0', 'USE1-Qwen3-32B-ProvisionedThroughput-NoCommit-ModelUnits'],
  ])('is %s and %s', (id, usageType) => {
    expect(keyOf(id)).toBe(keyOf(pricedBy(usageType)?.type ?? ''));
  });

  it('is neither another version of a model, nor another system', () => {
    expect(keyOf('amazon.titan-image-generator-v2:0')).not.toBe(keyOf('amazon.titan-image-generator-v1'));
    expect(keyOf('anthropic.claude-v2:1')).not.toBe(keyOf('anthropic.claude-v2'));
    const linux = { region, type: 'g5.xlarge', use: 'on-demand', platform: 'linux' } as const;
    expect(rateKey({ ...linux, platform: 'windows' })).not.toBe(rateKey(linux));
  });
});
