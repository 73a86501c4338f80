import type { DbInstance } from '../../shared/compute/rds.ts';

/** A database in one zone, as RDS describes it. */
export const dbInstance = (given: Partial<DbInstance> = {}): DbInstance => ({
  account: '210987654321',
  region: 'eu-west-1',
  id: 'labels',
  arn: 'arn:aws:rds:eu-west-1:210987654321:db:labels',
  instanceClass: 'db.r6g.large',
  engine: 'postgres',
  status: 'available',
  multiAz: false,
  replicas: [],
  tags: {},
  ...given,
});
