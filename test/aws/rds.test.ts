import { DescribeDBClustersCommand, DescribeDBInstancesCommand, RDSClient } from '@aws-sdk/client-rds';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { getDbClusters, getDbInstances } from '../../shared/aws/rds.ts';

const rds = mockClient(RDSClient);
const client = new RDSClient({});
const target = { account: '210987654321', region: 'eu-west-1' };

beforeEach(() => rds.reset());

const instance = (id: string, more: object = {}) => ({
  DBInstanceIdentifier: id,
  DBInstanceArn: `arn:aws:rds:eu-west-1:210987654321:db:${id}`,
  DBInstanceClass: 'db.r6g.large',
  Engine: 'postgres',
  DBInstanceStatus: 'available',
  ...more,
});

describe('DB instances', () => {
  it('are read from every page, with what decides whether they may be stopped', async () => {
    rds
      .on(DescribeDBInstancesCommand)
      .resolvesOnce({
        DBInstances: [instance('labels', { TagList: [{ Key: 'auto-stop', Value: 'off' }] })],
        Marker: 'next',
      })
      .resolvesOnce({
        DBInstances: [
          instance('copy', { ReadReplicaSourceDBInstanceIdentifier: 'labels', MultiAZ: true }),
          instance('main', {
            ReadReplicaDBInstanceIdentifiers: ['a'],
            ReadReplicaDBClusterIdentifiers: ['b'],
          }),
          instance('eval-1', { DBClusterIdentifier: 'eval', StorageType: 'aurora-iopt1' }),
        ],
      });
    const found = await getDbInstances(client, target);
    expect(found.map(({ id }) => id)).toEqual(['labels', 'copy', 'main', 'eval-1']);
    expect(found[0]).toMatchObject({ ...target, tags: { 'auto-stop': 'off' }, multiAz: false, replicas: [] });
    expect(found[1]).toMatchObject({ replicaOf: 'labels', multiAz: true });
    expect(found[2]).toMatchObject({ replicas: ['a', 'b'] });
    expect(found[3]).toMatchObject({ clusterId: 'eval', storageType: 'aurora-iopt1' });
    expect(rds).toHaveReceivedNthCommandWith(DescribeDBInstancesCommand, 2, { Marker: 'next' });
  });

  it('are none at all where a page fails', async () => {
    rds
      .on(DescribeDBInstancesCommand)
      .resolvesOnce({ DBInstances: [instance('labels')], Marker: 'next' })
      .rejectsOnce(new Error('Rate exceeded'));
    await expect(getDbInstances(client, target)).rejects.toThrow('Rate exceeded');
  });

  it('are refused where a field that counts is missing', async () => {
    rds.on(DescribeDBInstancesCommand).resolves({ DBInstances: [{ DBInstanceIdentifier: 'labels' }] });
    await expect(getDbInstances(client, target)).rejects.toThrow('DBInstanceStatus');
  });
});

describe('DB clusters', () => {
  it('come with their members, and with what they belong to', async () => {
    const cluster = {
      DBClusterIdentifier: 'eval',
      DBClusterArn: 'arn:aws:rds:eu-west-1:210987654321:cluster:eval',
      Engine: 'aurora-mysql',
      Status: 'available',
    };
    rds
      .on(DescribeDBClustersCommand)
      .resolvesOnce({
        DBClusters: [
          { ...cluster, DBClusterMembers: [{ DBInstanceIdentifier: 'eval-1' }], GlobalClusterIdentifier: '' },
        ],
        Marker: 'next',
      })
      .resolvesOnce({
        DBClusters: [{ ...cluster, EngineMode: 'serverless', GlobalClusterIdentifier: 'world' }],
      });
    const [one, other] = await getDbClusters(client, target);
    expect(one).toMatchObject({ engineMode: 'provisioned', members: ['eval-1'], globalClusterId: undefined });
    expect(other).toMatchObject({ engineMode: 'serverless', members: [], globalClusterId: 'world' });
  });
});
