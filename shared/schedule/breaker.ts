/** What one run is about to do to one target. */
export type StopCount = {
  stops: number;
  /** Of these the ones of kinds that are listed whole: EC2 instances. Of the others nobody knows how many there are. */
  listedWhole?: number;
  /** Instances running in the target, opted in or not. */
  running: number;
  /** Every page of the listing was read. */
  complete: boolean;
  maxStops: number;
  /** Share of the running instances, 0 to 1. */
  maxShare: number;
};

export type Breaker = { open: false } | { open: true; reason: string };

/** Below this number of stops a share says nothing: one of one is all. */
const leastStopsForShare = 20;

/**
 * Open, it lets no stop of the run through: a wrong tag, clock or configuration must not take a whole account down.
 * A listing that is not complete gives no share to judge by, and so leaves it open.
 */
export function breaker(counted: StopCount): Breaker {
  const { stops, listedWhole = stops, running, complete, maxStops, maxShare } = counted;
  if (stops === 0) return { open: false };
  if (!complete) {
    return {
      open: true,
      reason: 'the listing of instances is incomplete: the share of stops is unknown',
    };
  }
  if (stops > maxStops) return { open: true, reason: `${stops} stops are more than the ${maxStops} allowed` };
  const share = listedWhole / running;
  if (listedWhole >= leastStopsForShare && !(share <= maxShare)) {
    const percent = `${Math.round(share * 100)} %`;
    return {
      open: true,
      reason: `${listedWhole} stops are ${percent} of the ${running} running instances, more than ${Math.round(maxShare * 100)} %`,
    };
  }
  return { open: false };
}

/** What the rest of a sweep comes to. */
export type Others = {
  /** Instances that were running in the other targets when they were visited last. */
  running: number;
  /** Stops that were announced or due there then, and how many of these are of instances. */
  pending: number;
  pendingInstances: number;
};

/** The same for a whole sweep: what is due here, and what the other targets come to. Without any it is its own sweep. */
export function sweepBreaker(
  here: { stops: number; listedWhole: number; running: number },
  { running, pending, pendingInstances }: Others = { running: 0, pending: 0, pendingInstances: 0 },
  { maxSweepStops, maxShare }: { maxSweepStops: number; maxShare: number },
): Breaker {
  const counted = breaker({
    stops: here.stops + pending,
    listedWhole: here.listedWhole + pendingInstances,
    running: here.running + running,
    complete: true,
    maxStops: maxSweepStops,
    maxShare,
  });
  return counted.open ? { open: true, reason: `in all targets together, ${counted.reason}` } : counted;
}
