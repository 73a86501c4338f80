import { type Fleet, hoursRun, type Member, overlap } from './fleet.ts';
import { bellNoise, noise, seedOf } from './noise.ts';
import type { ChargeSpec, WorldFile } from './world.ts';

const hour = 3_600_000;
const day = 24 * hour;

/** What everything that a line of the bill charges has in common. */
export type BillLine = {
  account: string;
  service: string;
  region: string;
  usageType: string;
  operation: string;
  recordType: string;
  /** An instance's id, else an ARN, else what the bill says of what has none. */
  resource: string;
  tags: Readonly<Record<string, string>>;
  unit: string;
  seed: number;
  /** Dollars and units between two points in time within one UTC day. */
  charge: (from: number, to: number) => Charge;
};

export type Charge = { unblended: number; netAmortized: number; usage: number };

const nothing: Charge = { unblended: 0, netAmortized: 0, usage: 0 };

const computeService = 'Amazon Elastic Compute Cloud - Compute';

/** Every line that the accounts' bills can have: one an instance, one a charge of the world file. */
export function createBill(world: WorldFile, fleet: Fleet): BillLine[] {
  const ids = new Map(world.accounts.map(({ name, id }) => [name, id]));
  const worldNow = Date.parse(world.now);
  const charges = Object.entries(world.spend).flatMap(([name, specs]) =>
    specs.map((spec) => chargeLine(ids.get(name) ?? name, spec, worldNow)),
  );
  return [...fleet.members.map((member) => instanceLine(member, world)), ...charges];
}

/** An instance costs its hourly price for the hours it ran, no more and no less. */
function instanceLine(member: Member, { regions }: WorldFile): BillLine {
  const { account, region, spec, facts } = member;
  const isSpot = spec.lifecycle === 'spot';
  const rate = (isSpot ? facts.spot[region] : undefined) ?? facts.hourly[region] ?? 0;
  return {
    account,
    service: computeService,
    region,
    usageType: `${regions[region]?.usagePrefix ?? ''}${isSpot ? 'SpotUsage' : 'BoxUsage'}:${spec.type}`,
    operation: 'RunInstances',
    recordType: 'Usage',
    resource: spec.id,
    tags: { ...member.tags }, // a tag of today does not change the bill of yesterday
    unit: 'Hrs',
    seed: member.seed,
    charge: (from, to) => {
      const usage = hoursRun(member, from, to);
      return usage === 0 ? nothing : { unblended: usage * rate, netAmortized: usage * rate, usage };
    },
  };
}

function chargeLine(account: string, spec: ChargeSpec, worldNow: number): BillLine {
  const { service, region, usageType, recordType, tags, unit, price } = spec;
  const seed = seedOf([account, service, region, usageType, recordType, ...Object.values(tags)].join('|'));
  const netRatio = spec.netPerDay === undefined ? 1 : spec.netPerDay / spec.perDay;
  return {
    account,
    service,
    region,
    usageType,
    operation: spec.operation ?? operationOf(usageType),
    recordType,
    resource: spec.resource ?? 'NoResourceId',
    tags,
    unit,
    seed,
    charge: (from, to) => {
      const unblended = baseCharge(spec, seed, from, to, worldNow) + eventCharge(spec, from, to);
      return unblended === 0
        ? nothing
        : { unblended, netAmortized: unblended * netRatio, usage: Math.abs(unblended) / price };
    },
  };
}

const operations: readonly (readonly [RegExp, string])[] = [
  [/TimedStorage/, 'StandardStorage'],
  [/Requests-Tier1/, 'PutObject'],
  [/NatGateway/, 'NatGateway'],
  [/VolumeUsage\.gp3/, 'CreateVolume-Gp3'],
  [/tokens/, 'InvokeModelInference'],
  [/:ml\./, 'RunInstance'],
  [/BoxUsage/, 'RunInstances'],
  [/Lambda-GB-Second/, 'Invoke'],
  [/DataTransfer/, 'InterZone-In'],
];

const operationOf = (usageType: string): string =>
  operations.find(([pattern]) => pattern.test(usageType))?.[1] ?? 'NoOperation';

function baseCharge(spec: ChargeSpec, seed: number, from: number, to: number, worldNow: number): number {
  const date = new Date(from);
  const iso = date.toISOString().slice(0, 10);
  if ((spec.since && iso < spec.since) || (spec.until && iso >= spec.until)) return 0;
  if (spec.dayOfMonth !== undefined) return date.getUTCDate() === spec.dayOfMonth ? spec.perDay : 0;
  const weekday = date.getUTCDay();
  if (spec.weekdays && !spec.weekdays.includes(weekday)) return 0;
  const rhythm = !spec.weekdays && (weekday === 0 || weekday === 6) ? spec.weekend : 1;
  const grown = (1 + spec.growth) ** ((from - worldNow) / (30 * day));
  const noisy = 1 + spec.noise * bellNoise(seed, Math.floor(from / day));
  return spec.perDay * rhythm * grown * noisy * Math.min(1, (to - from) / day);
}

const eventCharge = ({ events }: ChargeSpec, from: number, to: number): number =>
  events.reduce((sum, event) => sum + (overlap(event.from, event.until, from, to) / hour) * event.perHour, 0);

const lag = 6 * hour;

/**
 * What Cost Explorer says at `now` about a line on the day that starts at `dayStart`: usage of the last six hours
 * isn't there yet, and the newest days are still short of a few percent, which arrive within two days.
 */
export function readCharge(line: BillLine, dayStart: number, now: number): Charge {
  const known = Math.min(dayStart + day, now - lag);
  if (known <= dayStart) return nothing;
  const { unblended, netAmortized, usage } = line.charge(dayStart, known);
  const arrived = completeness(line.seed, dayStart, now);
  return { unblended: unblended * arrived, netAmortized: netAmortized * arrived, usage: usage * arrived };
}

/** 94 to 100 % right after the day, whole 48 hours later. */
function completeness(seed: number, dayStart: number, now: number): number {
  const age = now - (dayStart + day);
  if (age >= 2 * day) return 1;
  return 1 - 0.06 * noise(seed, dayStart / day) * Math.min(1, 1 - age / (2 * day));
}
