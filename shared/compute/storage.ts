import type { Usd } from '../money.ts';

/** An EBS volume, as far as it is billed. */
export type Volume = {
  /** `gp3`, `io2`; `standard` is magnetic. */
  type: string;
  sizeGb: number;
  /** Provisioned; absent of types that are sold without. */
  iops?: number | undefined;
  /** MiB a second, provisioned. */
  throughput?: number | undefined;
};

/** What is billed of an instance whether it runs or not. */
export type Attached = {
  volumes: readonly Volume[];
  /** Elastic IP addresses. */
  addresses: number;
};

/** Dollars a month of a volume type; what it is sold without, or the price list doesn't tell, is absent. */
export type VolumePrices = {
  perGb?: Usd | undefined;
  perIops?: Usd | undefined;
  /** A MiB a second. */
  perThroughput?: Usd | undefined;
};

export type StoragePrices = {
  volumes: ReadonlyMap<string, VolumePrices>;
  /** Dollars an hour of a public IPv4 address. */
  address?: Usd | undefined;
};

/** In the price of every gp3 volume (EBS pricing); what other types provision is paid for from the first on. */
const includedInGp3 = { iops: 3000, throughput: 125 };

/**
 * Hours of the shortest month. A GB-month is billed over the hours of its own month, so that this is never less than
 * what is.
 */
const hoursPerMonth = 28 * 24;

/** Dollars an hour that go on being billed while it is off; undefined where the price of any part is unknown. */
export function stillBilledRate({ volumes, addresses }: Attached, prices: StoragePrices): Usd | undefined {
  const rates = volumes.map((volume) => monthlyPrice(volume, prices.volumes.get(volume.type) ?? {}));
  const address = times(addresses, prices.address);
  return plus([...rates.map((rate) => rate && rate / hoursPerMonth), address]);
}

function monthlyPrice(
  { type, sizeGb, iops = 0, throughput = 0 }: Volume,
  { perGb, perIops, perThroughput }: VolumePrices,
): Usd | undefined {
  const included = type === 'gp3' ? includedInGp3 : { iops: 0, throughput: 0 };
  const paidIops = isSoldByIops(type) ? Math.max(0, iops - included.iops) : 0;
  const paidThroughput = type === 'gp3' ? Math.max(0, throughput - included.throughput) : 0;
  return plus([times(sizeGb, perGb), times(paidIops, perIops), times(paidThroughput, perThroughput)]);
}

/** AWS tells the IOPS of gp2 too, which come with its size. */
const isSoldByIops = (type: string): boolean => ['gp3', 'io1', 'io2'].includes(type);

/** None of something costs nothing, whatever one costs. */
const times = (amount: number, price: Usd | undefined): Usd | undefined =>
  amount === 0 ? 0 : price === undefined ? undefined : amount * price;

const plus = (amounts: readonly (Usd | undefined)[]): Usd | undefined =>
  amounts.reduce((sum, amount) => (sum === undefined || amount === undefined ? undefined : sum + amount), 0);
