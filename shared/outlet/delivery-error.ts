/** What is known of a delivery that failed. */
type Failure = {
  /** Trying again is of no use until somebody mends something: a revoked token, an archived channel. */
  isLasting?: boolean;
  /** The outlet has certainly not shown it; else it may have, and only its answer got lost. */
  isUnsent?: boolean;
  /** Milliseconds for which the outlet asks to be left alone. */
  pauseMs?: number | undefined;
};

/** An outlet that has not taken an alert, in one line that holds no secret. */
export class DeliveryError extends Error {
  override name = 'DeliveryError';
  readonly isLasting: boolean;
  readonly isUnsent: boolean;
  readonly pauseMs: number | undefined;
  constructor(message: string, { isLasting = false, isUnsent = false, pauseMs }: Failure = {}) {
    super(message);
    this.isLasting = isLasting;
    this.isUnsent = isUnsent;
    this.pauseMs = pauseMs;
  }
}
