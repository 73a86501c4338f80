import { getInstanceTypeFacts } from '../../aws/ec2.ts';
import type { InstanceTypeFacts } from '../../compute/instance.ts';
import { ec2TypeOf } from '../../compute/sagemaker/job-utilization.ts';
import type { Usd } from '../../money.ts';
import { logger } from '../../observability.ts';
import type { RateUse } from '../../spend/rate.ts';
import { ratesOf } from '../../store/prices.ts';
import type { KindContext } from './kind.ts';

/** What EC2 says of SageMaker's instance types, by EC2's names of them; where it can't be asked, nothing is known. */
export async function sageMakerFacts(
  { clients }: KindContext,
  types: readonly string[],
): Promise<Map<string, InstanceTypeFacts>> {
  try {
    return await getInstanceTypeFacts(clients.ec2, types.map(ec2TypeOf));
  } catch (error) {
    logger.warn('instance types not known', { types, error: error as Error });
    return new Map();
  }
}

/** Dollars an hour of one instance of each type for such a use; a type that is missing has an unknown price. */
export async function sageMakerRates(
  { clients, table, readOnly, target, now }: KindContext,
  types: readonly string[],
  use: RateUse,
): Promise<Map<string, Usd>> {
  const distinct = [...new Set(types)];
  const priced = distinct.map((type) => ({ region: target.region, type, use }));
  const rates = await ratesOf({ pricing: clients.pricing, table, readOnly }, priced, now);
  return new Map(
    distinct.flatMap((type, index) => {
      const rate = rates[index];
      return rate === undefined ? [] : [[type, rate] as const];
    }),
  );
}
