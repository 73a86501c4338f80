import { EC2Client } from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient } from '../../shared/aws/client.ts';
import { getInstances } from '../../shared/aws/ec2.ts';
import { readMeter, resetMeter } from '../../shared/aws/meter.ts';
import { scopeFor } from '../../shared/aws/sts.ts';
import type { Target } from '../../shared/target.ts';
import { emptyEmulator, launch, mlDevIreland, mlDevVirginia, mlProd, smallPages } from './emulator.ts';

const fleet = [
  { where: mlDevIreland, count: 12 },
  { where: mlDevVirginia, count: 7 },
  { where: mlProd, count: 3 },
];

const launchedIn = new Map<Target, string[]>();

let largePages: () => void;

beforeAll(async () => {
  await emptyEmulator();
  for (const { where, count } of fleet) {
    const ids: string[] = [];
    for (let index = 0; index < count; index++) {
      ids.push(
        await launch(where, 'g5.xlarge', index % 2 === 0 ? { 'auto-stop': 'office-hours' } : undefined),
      );
    }
    launchedIn.set(where, ids);
  }
  largePages = smallPages();
});

afterAll(() => largePages());

describe('instances in two regions and two accounts', () => {
  it.each([
    { name: 'ml-dev in Ireland', where: mlDevIreland, pages: 3 },
    { name: 'ml-dev in Virginia', where: mlDevVirginia, pages: 2 },
    { name: 'ml-prod', where: mlProd, pages: 1 },
  ])('describes those of $name by its role, all $pages pages, and no others', async ({ where, pages }) => {
    resetMeter();
    const instances = await getInstances(createClient(EC2Client, scopeFor(where)), where);
    expect(instances.map(({ instanceId }) => instanceId).toSorted()).toEqual(
      launchedIn.get(where)?.toSorted(),
    );
    expect(new Set(instances.map(({ account, region }) => `${account} ${region}`))).toEqual(
      new Set([`${where.account} ${where.region}`]),
    );
    expect(readMeter().calls['EC2:DescribeInstances']).toBe(pages);
  });

  it('describes those with the opt-in tag alone where only they matter', async () => {
    const client = createClient(EC2Client, scopeFor(mlDevIreland));
    const instances = await getInstances(client, mlDevIreland, { tagKey: 'auto-stop', states: ['running'] });
    expect(instances.map(({ tags }) => tags['auto-stop'])).toEqual(Array(6).fill('office-hours'));
  });

  it('leaves out an id that is not there, and tells the others', async () => {
    const [first = ''] = launchedIn.get(mlProd) ?? [];
    const client = createClient(EC2Client, scopeFor(mlProd));
    const instances = await getInstances(client, mlProd, {
      instanceIds: [first, 'i-0123456789abcdef0'],
    });
    expect(instances.map(({ instanceId }) => instanceId)).toEqual([first]);
  });
});
