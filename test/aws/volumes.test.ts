import { DescribeAddressesCommand, DescribeVolumesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, expect, it } from 'vitest';
import { getAttached } from '../../shared/aws/volumes.ts';

const ec2 = mockClient(EC2Client);
const client = new EC2Client({});

beforeEach(() => {
  ec2.reset();
  ec2.on(DescribeVolumesCommand).resolves({});
  ec2.on(DescribeAddressesCommand).resolves({});
});

const attachedTo = (...ids: string[]) => ({ Attachments: ids.map((InstanceId) => ({ InstanceId })) });

it('tells the volumes and addresses of each instance, of all pages', async () => {
  ec2
    .on(DescribeVolumesCommand)
    .resolvesOnce({
      Volumes: [{ VolumeType: 'gp3', Size: 100, Iops: 3000, Throughput: 125, ...attachedTo('i-1') }],
      NextToken: 'next',
    })
    .resolvesOnce({ Volumes: [{ VolumeType: 'st1', Size: 2000, ...attachedTo('i-1') }] });
  ec2
    .on(DescribeAddressesCommand)
    .resolves({ Addresses: [{ InstanceId: 'i-2' }, { InstanceId: 'i-2' }, {}] });
  expect(await getAttached(client, ['i-1', 'i-2'])).toEqual(
    new Map([
      [
        'i-1',
        {
          volumes: [
            { type: 'gp3', sizeGb: 100, iops: 3000, throughput: 125 },
            { type: 'st1', sizeGb: 2000, iops: undefined, throughput: undefined },
          ],
          addresses: 0,
        },
      ],
      ['i-2', { volumes: [], addresses: 2 }],
    ]),
  );
  expect(ec2).toHaveReceivedNthCommandWith(DescribeVolumesCommand, 2, { NextToken: 'next' });
});

it('counts a volume that two share for each of them', async () => {
  ec2
    .on(DescribeVolumesCommand)
    .resolves({ Volumes: [{ VolumeType: 'io2', Size: 50, Iops: 1000, ...attachedTo('i-1', 'i-2') }] });
  const attached = await getAttached(client, ['i-1', 'i-2']);
  expect([...attached.values()].map(({ volumes }) => volumes.length)).toEqual([1, 1]);
});

it('asks for two hundred instances at a time, and for none not at all', async () => {
  const ids = Array.from({ length: 201 }, (_, index) => `i-${index}`);
  expect((await getAttached(client, ids)).size).toBe(201);
  expect(ec2).toHaveReceivedCommandTimes(DescribeVolumesCommand, 2);
  expect(ec2).toHaveReceivedCommandTimes(DescribeAddressesCommand, 2);
  ec2.resetHistory();
  expect(await getAttached(client, [])).toEqual(new Map());
  expect(ec2).not.toHaveReceivedCommand(DescribeVolumesCommand);
});
