import { setTimeout as wait } from 'node:timers/promises';
import type { EC2Client } from '@aws-sdk/client-ec2';
import type { PricingClient } from '@aws-sdk/client-pricing';
import { z } from 'zod';
import { spotAlert } from '../alert/spot-alert.ts';
import { attribute } from '../allocation/owner.ts';
import { getInstances, getInstanceTypeFacts } from '../aws/ec2.ts';
import type { Instance } from '../compute/instance.ts';
import { checkpointOf, type SpotInstance, type SpotNotice } from '../compute/spot.ts';
import type { Config } from '../config.ts';
import { logger } from '../observability.ts';
import type { IsoTime } from '../period.ts';
import { recordAlert } from '../store/outbox.ts';
import { hourlyRates, ratesOf } from '../store/prices.ts';
import type { Table } from '../store/table.ts';
import { findTarget, type Target } from '../target.ts';

const event = z.object({
  account: z.string(),
  region: z.string(),
  time: z.iso.datetime(),
  resources: z.array(z.string()).default([]),
});

const interruption = event.extend({
  'detail-type': z.literal('EC2 Spot Instance Interruption Warning'),
  detail: z.object({
    'instance-id': z.string().min(1),
    'instance-action': z.enum(['terminate', 'stop', 'hibernate']),
  }),
});

const rebalance = event.extend({
  'detail-type': z.literal('EC2 Instance Rebalance Recommendation'),
  detail: z.object({ 'instance-id': z.string().min(1) }),
});

/** What EC2 tells of a spot instance that it wants back: two minutes before, or as soon as that is likely. */
export const spotEvent = z.discriminatedUnion('detail-type', [interruption, rebalance]);

export type SpotEvent = z.infer<typeof spotEvent>;

type SpotClients = { ec2: EC2Client; pricing: PricingClient };

type Dependencies = {
  table: Table;
  config: Config;
  targets: readonly Target[];
  clientsFor: (target: Target) => SpotClients;
  /** Milliseconds that a description may take: of two minutes not many are to be lost. */
  patienceMs?: number;
};

export type SpotResult = { ignored: string } | { alertId: string; isDescribed: boolean; alerted: boolean };

/**
 * Tells of a spot instance that is about to be taken, with whose it is, whether it saves its work and what it would cost
 * on demand: once for each of its two notices. Where EC2 can't describe it, or not in time, the notice goes on bare: two
 * minutes are no time to try again.
 */
export async function watchSpot(
  { table, config, targets, clientsFor, patienceMs = 8_000 }: Dependencies,
  event: SpotEvent,
): Promise<SpotResult> {
  const notice = noticeOf(event);
  const target = findTarget(targets, notice.account, notice.region);
  if (target === undefined) return { ignored: `${notice.account}, ${notice.region} is not watched` };
  const described = describeSpot({ table, ...clientsFor(target) }, target, config, notice);
  const spot = await Promise.race([described, wait(patienceMs, undefined, { ref: false })]);
  const alert = spotAlert({
    notice,
    spot,
    target,
    dearRate: config.launches.hourlyRate,
    checkpointTag: config.tags.checkpoint[0] ?? 'checkpoint',
  });
  const alerted = await recordAlert(table, alert);
  return { alertId: alert.id, isDescribed: spot !== undefined, alerted };
}

function noticeOf(event: SpotEvent): SpotNotice {
  const { account, region, time, resources, detail } = event;
  const zone = zoneOf(resources[0]);
  const told = { account, region, at: time, instanceId: detail['instance-id'], ...(zone && { zone }) };
  return 'instance-action' in detail
    ? { ...told, kind: 'interruption', action: detail['instance-action'] }
    : { ...told, kind: 'rebalance' };
}

/** These events name the zone where any other ARN has its region: `arn:aws:ec2:eu-west-1b:instance/i-0f31c4a7`. */
const zoneOf = (arn = ''): string | undefined => /^arn:[\w-]+:ec2:([a-z0-9-]+-\d[a-z]):/.exec(arn)?.[1];

async function describeSpot(
  sources: SpotClients & { table: Table },
  target: Target,
  config: Config,
  { instanceId, at }: SpotNotice,
): Promise<SpotInstance | undefined> {
  try {
    const [instance] = await getInstances(sources.ec2, target, { instanceIds: [instanceId] });
    if (instance === undefined) return undefined;
    const [facts, rates, onDemandRate] = await Promise.all([
      getInstanceTypeFacts(sources.ec2, [instance.instanceType]),
      hourlyRates(sources, target, [instance], at),
      onDemandRateOf(sources, instance, at),
    ]);
    return {
      instance,
      attribution: attribute(instance.tags, config.tags),
      hasAccelerators: facts.get(instance.instanceType)?.accelerators !== undefined,
      checkpoint: checkpointOf(instance.tags, config.tags.checkpoint),
      hourlyRate: rates.get(instanceId),
      onDemandRate,
    };
  } catch (error) {
    logger.warn('spot instance not described', { instanceId, error: error as Error });
    return undefined;
  }
}

async function onDemandRateOf(
  sources: SpotClients & { table: Table },
  { region, instanceType: type, platform }: Instance,
  at: IsoTime,
): Promise<number | undefined> {
  const [rate] = await ratesOf(sources, [{ region, type, use: 'on-demand', platform }], at);
  return rate;
}
