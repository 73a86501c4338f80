import type { Hold } from '../alert/hold.ts';
import { DeliveryError } from '../outlet/delivery-error.ts';
import type { IsoTime } from '../period.ts';
import {
  type Attempt,
  BusyError,
  type Claim,
  claimDelivery,
  holdDelivery,
  type Ref,
  releaseDelivery,
  type Settled,
  settleDelivery,
} from '../store/deliveries.ts';
import type { Table } from '../store/table.ts';

/** How a delivery ends: shown, not to be shown, or held back for a summary. */
export type End =
  | { state: 'sent'; ref?: Ref | undefined }
  | { state: 'silent'; why: string }
  | { state: 'held'; hold: Hold };

type Sending = {
  /** Shows it, or says why not; throws unless it was taken. */
  send: (claim: Extract<Claim, { isDone: false }>) => Promise<End>;
  /** Where it stands, if an attempt since that time has shown it after all; absent where nobody can say. */
  find?: ((since: IsoTime) => Promise<Ref | undefined>) | undefined;
  /** Whether anybody is there to read it. */
  isHeard?: (() => Promise<boolean>) | undefined;
};

/** Of a delivery: how it ended just now, or that it had ended before, and where it stands. */
export type Once = { state: Settled | 'known'; ref?: Ref | undefined };

/**
 * Makes a delivery once. It is claimed before and settled after; where an earlier attempt has died in between, or its
 * answer got lost, the outlet is asked whether it has it, and is given it again only if it hasn't, or can't be asked.
 */
export async function once(table: Table, attempt: Attempt, sending: Sending): Promise<Once> {
  const claim = await claimDelivery(table, attempt);
  if (claim.isDone) return { state: 'known', ref: claim.ref };
  try {
    const heard = await isRead(sending);
    return await settle(table, attempt, await end(claim, sending), heard);
  } catch (error) {
    await releaseDelivery(table, attempt, refusalOf(error, claim.unsettledSince !== undefined));
    throw error;
  }
}

/** Asked before anything is shown: what fails here has shown nothing. A warning for nobody must not pass for one. */
const isRead = ({ isHeard }: Sending): Promise<boolean> =>
  isHeard
    ? isHeard().catch((error: Error) => {
        throw new DeliveryError(error.message, { isUnsent: true });
      })
    : Promise.resolve(true);

async function end(claim: Extract<Claim, { isDone: false }>, { send, find }: Sending): Promise<End> {
  const { unsettledSince } = claim;
  const ref = unsettledSince === undefined ? undefined : await find?.(unsettledSince);
  return ref === undefined ? send(claim) : { state: 'sent', ref };
}

async function settle(table: Table, attempt: Attempt, ended: End, isHeard: boolean): Promise<Once> {
  if (ended.state === 'held') await holdDelivery(table, attempt, ended.hold);
  else if (ended.state === 'silent') await settleDelivery(table, attempt, ended);
  else await settleDelivery(table, attempt, { ...ended, isHeard });
  return { state: ended.state, ref: ended.state === 'sent' ? ended.ref : undefined };
}

/**
 * What isn't known to be unsent may be there; that an earlier attempt may have shown it isn't undone by a later one that
 * didn't. That others are at it, or a pause that was asked for, is no failure.
 */
function refusalOf(error: unknown, mayBeThere: boolean): Parameters<typeof releaseDelivery>[2] {
  if (error instanceof DeliveryError) {
    return { error, isUnsent: error.isUnsent && !mayBeThere, counts: error.pauseMs === undefined };
  }
  const isBusy = error instanceof BusyError;
  return { error, isUnsent: isBusy && !mayBeThere, counts: !isBusy };
}
